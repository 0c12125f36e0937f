"""How this program logs: as text for a person, or one JSON object a line for machines, with the names of the Elastic
Common Schema. NEWS_LOG is the level, NEWS_LOG_FORMAT the form; no config key, as a config that cannot be read is logged
too."""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import sys
import threading
import time
import traceback
from typing import Any

from rich.console import Console

from transforms import logs
from transforms.errors import DataError
from transforms.records import Json

ECS_VERSION = "8.17.0"
TEXT, JSON = "text", "json"
# Ours, and whatever else is loaded: who collects logs wants to see a start, not each step of Beam's.
OWN = ("pipeline", "transforms")
_log, _progress = logging.getLogger(__name__), logging.getLogger("pipeline.progress")


class Ecs(logging.Formatter):
    """A record as one line of JSON. Fields have dotted names, which Elasticsearch takes for objects."""

    def format(self, record: logging.LogRecord) -> str:
        told: Json = {
            "@timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            "ecs.version": ECS_VERSION,
            "event.dataset": "news.log",
            "service.name": "news-monitor",
            "host.name": socket.gethostname(),
            "log.logger": record.name,
            "log.origin.file.name": record.filename,
            "log.origin.file.line": record.lineno,
            "process.pid": record.process,
            "process.thread.name": record.threadName,
            **logs.bound(),
            **_stage(),
            **getattr(record, logs.FIELDS, {}),
            **_error(record),
        }
        return json.dumps(told, ensure_ascii=False, default=str)


def _error(record: logging.LogRecord) -> Json:
    if record.exc_info and record.exc_info[0]:
        kind, error, _ = record.exc_info
        trace = "".join(traceback.format_exception(*record.exc_info))
        return {"error.type": kind.__name__, "error.message": str(error), "error.stack_trace": trace}
    return {"error.stack_trace": record.exc_text} if record.exc_text else {}


def _stage() -> Json:
    """The step of the graph that this thread works on, where Beam is at work in it."""
    sampler: Any = sys.modules.get("apache_beam.runners.worker.statesampler")
    tracker = sampler and sampler.get_current_tracker()
    context = tracker and getattr(tracker.current_state(), "name_context", None)
    return {"news.stage": context.step_name} if context and context.step_name else {}


def is_json() -> bool:
    """Whether logs are for machines."""
    return os.environ.get("NEWS_LOG_FORMAT", TEXT) == JSON


def setup() -> None:
    """Set the root logger up as the environment says. DataError for a form or level that there is not."""
    form, level = os.environ.get("NEWS_LOG_FORMAT", TEXT), os.environ.get("NEWS_LOG", "").upper()
    logs.hide(())
    handler = logging.StreamHandler()
    handler.setFormatter(Ecs() if form == JSON else logging.Formatter("%(message)s"))
    known = logging.getLevelNamesMapping()
    logging.basicConfig(handlers=[handler], level=known.get(level, logging.WARNING if form == JSON else logging.ERROR))
    if form == JSON and level not in known:
        for name in OWN:
            logging.getLogger(name).setLevel(logging.INFO)
    threading.excepthook = _thread_died
    if form not in (TEXT, JSON):
        raise DataError("NEWS_LOG_FORMAT", "", f'unknown form "{form}"', "write text or json")
    if level and level not in known:
        raise DataError("NEWS_LOG", "", f'unknown level "{level}"', f"write one of {', '.join(sorted(known))}")


def console() -> Console:
    """Where progress and errors go: stderr, as text; or line by line into the log where that is for machines."""
    if is_json():
        return Console(file=_Lines(), width=10_000, highlight=False, color_system=None)
    return Console(stderr=True, highlight=False)


def crashed(error: BaseException) -> None:
    """Tell of a failure that nobody foresaw, whole but for secrets."""
    if is_json():
        _log.critical("%s", error, exc_info=error)
    else:
        sys.stderr.write(logs.safe("".join(traceback.format_exception(error))))


def _thread_died(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "?"
    if args.exc_value is not None:
        trace = (args.exc_type, args.exc_value, args.exc_traceback)
        _log.critical("thread %s died", name, exc_info=trace)


class _Lines(io.StringIO):
    """A stream whose lines are log records."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line.strip():
                _progress.info("%s", line.strip())
        return len(text)


__all__ = ["Ecs", "console", "crashed", "is_json", "setup"]
