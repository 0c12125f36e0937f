"""What log records carry beside their text, and what they must never carry: secrets.

Every record of a process goes through `hide`'s hands before any handler sees it, whoever writes it: Beam and libraries
too, in the process that submits and in each worker, as a secret is only known where the config was opened.
"""

from __future__ import annotations

import logging
import sys
import traceback
import types
from collections.abc import Collection
from typing import Any

from transforms.deadletters.redact import redact
from transforms.records import Json

# The attribute of a record under which its fields stand, by the names that documents have for them.
FIELDS = "news_fields"
_secrets: set[str] = set()
_bound: Json = {}
_make = logging.getLogRecordFactory()


def about(*, feed: str | None = None, article: str | None = None, **more: Any) -> Json:
    """The `extra` of a log call: which reader (feed, file or partition) and which article it is about, and more fields
    by their short names."""
    known = {"feed.reader": feed, "id": article, **more}
    return {FIELDS: {f"news.{name}": value for name, value in known.items() if value is not None}}


def about_record(record: Any) -> Json:
    """`about` an `Entry`, an `Article` or a `DeadLetter`."""
    origin = getattr(record, "origin", None)
    return about(feed=getattr(origin, "reader", None), article=getattr(record, "id", None))


def bind(job: str, epoch: int) -> None:
    """Which start this process works for, from now on: for the records that tell of it."""
    _bound.update({"news.pipeline.job": job, "news.pipeline.epoch": epoch})


def bound() -> Json:
    """What `bind` was told last."""
    return dict(_bound)


def hide(secrets: Collection[str]) -> None:
    """From now on none of these texts reaches a log of this process, in a message or a trace, nor what a worker tells
    the runner of a failure."""
    _secrets.update(secrets)
    logging.setLogRecordFactory(_record)
    _guard_beam()


def safe(text: str) -> str:
    """`text` without secrets: those that were told to `hide`, passwords in URLs, tokens in their parameters and in
    headers."""
    return str(redact(text, _secrets, addresses=True))


def _record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _make(*args, **kwargs)
    try:
        text = record.getMessage()
    except Exception:
        return record  # a call with wrong arguments: logging itself tells of it, without them
    if (clean := safe(text)) != text:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[0]:
        trace = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        if (clean := safe(trace)) != trace:
            # A formatter takes the text that it finds; the exception itself would be written out by others.
            record.exc_text, record.exc_info = clean, None
    return record


def _trace() -> str:
    return safe(traceback.format_exc())


def _guard_beam() -> None:
    """Beam's worker sends the trace of a failure to the runner, which writes it down; it logs it too, and prints it a
    second time past any logger."""
    worker: Any = sys.modules.get("apache_beam.runners.worker.sdk_worker")
    if worker is not None and worker.traceback is traceback:
        worker.traceback = types.SimpleNamespace(**{**vars(traceback), "format_exc": _trace})
        worker.print = lambda *_, **__: None
