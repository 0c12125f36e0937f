"""Logs: each line is JSON with the names of the Elastic Common Schema where that is asked for; no secret is in any."""

from __future__ import annotations

import json
import logging
import queue
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apache_beam.runners.worker import sdk_worker
from apache_beam.runners.worker.log_handler import FnApiLogRecordHandler

from pipeline.logs import Ecs
from tests.running import ROOT, command, configure, environment, write_lines
from transforms import logs
from transforms.clean.urls import article_id

SECRET = "hunter2-hunter2"
ENV = {"FEED_PASSWORD": SECRET, "NEWS_LOG_FORMAT": "json"}
URL = "https://port.example/2"
NEEDED = {"@timestamp", "log.level", "message", "ecs.version", "log.logger", "service.name", "process.pid"}


def lines(text: str) -> list[dict[str, Any]]:
    """All lines, each of which must be a record."""
    found = [json.loads(line) for line in text.splitlines()]
    for record in found:
        assert record.keys() >= NEEDED, record
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["@timestamp"])
    return found


def write_config(folder: Path) -> Path:
    titles = ("Ferry", "Ferry that is unlucky", "Bridge")
    write_lines(folder / "in.jsonl", [
        {"url": f"https://port.example/{n}", "title": title, "body": f"The harbour master spoke {n} times."}
        for n, title in enumerate(titles, 1)
    ])  # fmt: skip
    feed = {"kind": "rss", "url": "http://watch:${FEED_PASSWORD}@127.0.0.1:9/feed.xml", "id": "locked"}
    return configure(folder, [feed, {"kind": "files", "path": "in.jsonl"}])


@pytest.mark.prism
def test_a_run_tells_of_itself_in_json(tmp_path: Path) -> None:
    done = command(write_config(tmp_path), "run", "--once", env=ENV)
    found = lines(done.stderr)
    started = next(one for one in found if one["message"].startswith("Runner: PrismRunner"))
    assert started["log.level"] == "info"
    assert re.fullmatch(r"[0-9a-f]{12}", started["news.pipeline.job"])
    assert started["news.pipeline.epoch"] == 1
    failed = next(one for one in found if one.get("news.feed.reader") == "feed:locked")
    assert failed["log.level"] == "warning"
    assert SECRET not in done.stdout + done.stderr


def test_what_a_person_did_wrong_is_a_record_too(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    (told,) = lines(command(config, "story", "https://nowhere.example/", env=ENV, fails=1).stderr)
    assert told["log.level"] == "error"
    assert "no story or article" in told["message"]
    wrong = {**ENV, "NEWS_LOG_FORMAT": "xml"}
    assert "write text or json" in command(config, "check", env=wrong, fails=2).stderr
    assert "write one of" in command(config, "check", env={**ENV, "NEWS_LOG": "LOUD"}, fails=2).stderr


def broken(config: Path, stage: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A run in which this stage fails."""
    return subprocess.run(
        [sys.executable, str(ROOT / "tests" / "ops" / "failing.py"), stage, "run", "--once", *args],
        cwd=config.parent, env={**environment(config), **ENV, **env}, capture_output=True, text=True, check=False,
        timeout=240,
    )  # fmt: skip


@pytest.mark.prism
@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("stage", ["language", "fold", "index"])
def test_a_secret_in_what_a_stage_fails_with(stage: str, form: str, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    done = broken(config, stage, NEWS_LOG_FORMAT=form)
    assert done.returncode == 1
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.suffix not in (".yaml", ".jsonl"))
    for text in (done.stdout, done.stderr, kept.decode("utf-8", "replace")):
        assert SECRET not in text
        assert "abcdef123456" not in text
    assert f"{stage} fails with http://***@host/?token=***" in done.stderr
    if form == "json":
        found = lines(done.stderr)
        if stage != "index":  # which writes many articles at once
            of = next(one for one in found if one.get("news.id"))
            assert of["news.id"] == article_id(URL, "", None)
            assert of["news.feed.reader"].startswith("file:")
            assert of["news.stage"].lower().startswith(stage)
            assert of["error.stack_trace"].rstrip().endswith("token=***")
        assert found[-1]["log.level"] == "critical"


@pytest.fixture
def hidden() -> Iterator[None]:
    """The secret is known, as where a config was opened; afterwards nothing is."""
    before = logging.getLogRecordFactory()
    logs.hide([SECRET])
    yield
    logging.setLogRecordFactory(before)
    logs._secrets.clear()


def record_of(text: str, *args: Any) -> logging.LogRecord:
    """A record as a logger makes it, with the failure under way."""
    logger = logging.getLogger("tests.ops")
    info = sys.exc_info()
    return logger.makeRecord("tests.ops", logging.ERROR, __file__, 1, text, args, info if info[0] else None)


@pytest.mark.usefixtures("hidden")
def test_what_a_worker_elsewhere_sends_to_its_runner_holds_no_secret() -> None:
    """Beam's own handler, which sends records over gRPC; here they are taken from its queue."""
    handler = FnApiLogRecordHandler.__new__(FnApiLogRecordHandler)
    logging.Handler.__init__(handler)
    handler._log_entry_queue, handler._dropped_logs = queue.Queue(), 0
    try:
        raise RuntimeError(f"at {SECRET}")
    except RuntimeError:
        handler.emit(record_of("it failed with %s", SECRET))
        told = sdk_worker.traceback.format_exc()  # what Beam answers to the runner
    entry = handler._log_entry_queue.get_nowait()
    for text in (entry.message, entry.trace, told):
        assert SECRET not in text
    assert "it failed with ***" in entry.message
    assert "RuntimeError: at ***" in entry.message
    assert "RuntimeError: at ***" in told


@pytest.mark.usefixtures("hidden")
def test_fields_and_failures() -> None:
    record = record_of("a poll of %s", "feed:x")
    record.__dict__.update(logs.about(feed="feed:x", article="a1"))
    told = json.loads(Ecs().format(record))
    assert (told["news.feed.reader"], told["news.id"], told["message"]) == ("feed:x", "a1", "a poll of feed:x")
    try:
        raise KeyError("nothing secret")
    except KeyError:
        told = json.loads(Ecs().format(record_of("failed")))
    assert told["error.type"] == "KeyError"
    assert "nothing secret" in told["error.message"]
    assert told["error.stack_trace"].startswith("Traceback")


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"asked with {SECRET}", "asked with ***"),
        ("GET https://user:pass@host/x", "GET https://***@host/x"),
        ("GET https://host/x?api_key=12345&page=2", "GET https://host/x?api_key=***&page=2"),
        ("authorization: Bearer abc", "authorization: ***"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_what_is_hidden(text: str, clean: str) -> None:
    assert logs.safe(text) == record_of("%s", text).getMessage() == clean


def test_wrong_arguments_of_a_log_call_are_no_failure_of_ours() -> None:
    logs.hide([])
    assert record_of("%d records", "many").msg == "%d records"
