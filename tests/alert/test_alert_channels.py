"""What each channel sends, and what it makes of the answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from transforms.alert.channels import Channel, WebhookChannel
from transforms.alert.delivery import JsonlSender, Outcome, TerminalSender
from transforms.alert.senders import build_senders
from transforms.alert.webhook import WebhookSender, signature
from transforms.feeds.guard import Guard
from transforms.index.interface import Parcel

LOOPBACK = Guard(["127.0.0.0/8"])


def parcel(key: str = "k1", **alert: Any) -> Parcel:
    return Parcel(key, "c", {"id": key, "rule": "r", "severity": "high", "title": "Pact", "url": None, **alert}, 0)


def hook(url: str, **more: Any) -> WebhookSender:
    channel = WebhookChannel.model_validate({"kind": "webhook", "url": url, **more})
    return WebhookSender(channel, LOOPBACK, clock=lambda: 1_700_000_000.0)


def printed(**alert: Any) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system=None, width=40)
    assert TerminalSender(console).deliver(parcel(**alert)).delivered
    return out.getvalue()


def test_webhook_posts_the_alert(receiver: Any) -> None:
    assert hook(receiver.url).deliver(parcel(title="Пакт")) == Outcome(delivered=True)
    request = receiver.requests[0]
    assert request.key == "k1"
    assert request.path == "/hook"
    assert json.loads(request.body)["title"] == "Пакт"
    assert request.headers["content-type"] == "application/json"
    assert "webhook-signature" not in request.headers


def test_webhook_is_signed(receiver: Any) -> None:
    hook(receiver.url, secret="open sesame").deliver(parcel())
    request = receiver.requests[0]
    content = b"k1.1700000000." + request.body
    wanted = base64.b64encode(hmac.new(b"open sesame", content, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{wanted}"
    assert (request.headers["webhook-id"], request.headers["webhook-timestamp"]) == ("k1", "1700000000")


def test_signature_of_an_encoded_secret() -> None:
    secret = "whsec_" + base64.b64encode(b"open sesame").decode()
    assert signature(secret, "k", 1, b"{}") == signature("open sesame", "k", 1, b"{}")


def test_webhook_credentials_and_headers(receiver: Any) -> None:
    hook(receiver.url.replace("//", "//me:pa%3Ass@")).deliver(parcel())
    hook(receiver.url, headers={"X-Desk": "east"}).deliver(parcel())
    assert receiver.requests[0].headers["authorization"] == "Basic " + base64.b64encode(b"me:pa:ss").decode()
    assert receiver.requests[1].headers["x-desk"] == "east"


@pytest.mark.parametrize(
    ("status", "again"),
    [(429, True), (500, True), (503, True), (400, False), (401, False), (404, False), (410, False), (308, False)],
)
def test_webhook_answers(receiver: Any, status: int, again: bool) -> None:
    receiver.answer = lambda _n: (status, {})
    outcome = hook(receiver.url).deliver(parcel())
    assert (outcome.delivered, outcome.again) == (False, again)
    assert str(status) in outcome.reason


def test_redirect_is_not_followed(receiver: Any) -> None:
    receiver.answer = lambda _n: (302, {"location": "/elsewhere"})
    outcome = hook(receiver.url).deliver(parcel())
    assert "redirects are not followed" in outcome.reason
    assert [request.path for request in receiver.requests] == ["/hook"]


@pytest.mark.parametrize(
    ("header", "wait"),
    [("7", 7), ("Tue, 14 Nov 2023 22:14:20 GMT", 60), ("soon", 0), ("-3", 0), ("99999999", 24 * 3600)],
)
def test_retry_after(receiver: Any, header: str, wait: int) -> None:
    receiver.answer = lambda _n: (503, {"retry-after": header})
    assert hook(receiver.url).deliver(parcel()).after_s == wait


def test_silent_receiver_ends_at_the_timeout(receiver: Any) -> None:
    receiver.delay_s = 5
    begin = time.monotonic()
    outcome = hook(receiver.url, timeout=1).deliver(parcel())
    assert outcome == Outcome(delivered=False, reason="no answer in time", again=True)
    assert time.monotonic() - begin < 3


def test_endless_answer_is_not_read(receiver: Any) -> None:
    receiver.endless = True
    begin = time.monotonic()
    assert hook(receiver.url).deliver(parcel()).delivered
    assert time.monotonic() - begin < 3


def test_refused_connection_is_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = hook(f"http://127.0.0.1:{port}/").deliver(parcel())
    assert (outcome.reason, outcome.again) == ("no connection", True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "169.254.169.254"])
def test_guard_stands_before_the_socket(receiver: Any, host: str) -> None:
    channel = WebhookChannel.model_validate({"kind": "webhook", "url": f"http://{host}:{receiver.port}/"})
    outcome = WebhookSender(channel, Guard()).deliver(parcel())
    assert not outcome.delivered
    assert outcome.again
    assert receiver.requests == []


def test_no_secret_in_reasons_or_reprs(receiver: Any) -> None:
    receiver.answer = lambda _n: (403, {})
    url = receiver.url + "/tok3n?key=tok3n"
    channel = WebhookChannel.model_validate({"kind": "webhook", "url": url, "secret": "tok3n"})
    outcome = WebhookSender(channel, LOOPBACK).deliver(parcel())
    assert "tok3n" not in outcome.reason + repr(channel) + channel.model_dump_json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "webhook", "url": "file:///etc/passwd"},
        {"kind": "webhook", "url": ""},
        {"kind": "webhook", "url": "https://a.example", "secret": ""},
        {"kind": "webhook", "url": "https://a.example", "timeout": "ten"},
        {"kind": "webhook", "url": "https://a.example", "headers": {"Idempotency-Key": "x"}},
        {"kind": "webhook", "url": "https://a.example", "headers": {"X-A": "b\r\nX-B: c"}},
        {"kind": "jsonl"},
        {"kind": "terminal", "colour": "red"},
        {"kind": "pigeon"},
    ],
)
def test_wrong_channels_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Channel).validate_python(wrong)


def test_senders_of_a_config(tmp_path: Path) -> None:
    listed = {"t": {"kind": "terminal"}, "f": {"kind": "jsonl", "path": "out/a.jsonl"},
              "h": {"kind": "webhook", "url": "https://a.example", "timeout": "5s"}}  # fmt: skip
    senders = build_senders(TypeAdapter(dict[str, Channel]).validate_python(listed), tmp_path, Guard())
    assert [type(sender).__name__ for sender in senders.values()] == ["TerminalSender", "JsonlSender", "WebhookSender"]
    assert senders["f"].deliver(parcel()).delivered
    assert (tmp_path / "out" / "a.jsonl").exists()


def test_terminal_line_isolates_arabic_and_keeps_one_line() -> None:
    out = printed(
        title="اتفاق بحري",
        rule_name="Pacts",
        history=[{"source": "blog"}],
        reason="Because.",
        url="https://a.example/1",
    )
    assert out.count("\n") == 1
    assert "\u2068اتفاق بحري\u2069" in out
    assert out.startswith("HIGH     Pacts: ")
    assert out.rstrip().endswith("https://a.example/1")
    assert out.count("\u2068") == out.count("\u2069") == 3


def test_terminal_shows_no_code_and_no_markup_of_the_content() -> None:
    out = printed(
        title="\x1b[2J[red]x[/red] :smile: \u202egnp", rule="\x1b]0;t\x07", url="javascript:x", severity="\x1b[1m"
    )
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[red]x[/red] :smile:" in out
    assert "javascript" not in out


def test_file_line_is_the_alert_with_its_key(tmp_path: Path) -> None:
    sender = JsonlSender(tmp_path / "a.jsonl")
    sender.deliver(parcel("k1", title="a\nb\x1b[2J\u2028"))
    sender.deliver(parcel("k2"))
    raw = (tmp_path / "a.jsonl").read_bytes()
    lines = [json.loads(line) for line in raw.splitlines()]
    assert [line["key"] for line in lines] == ["k1", "k2"]
    assert lines[0]["title"] == "a\nb\x1b[2J\u2028"
    assert b"\x1b" not in raw


def test_file_does_not_repeat_a_key_after_a_crash(tmp_path: Path) -> None:
    for _ in range(2):
        assert JsonlSender(tmp_path / "a.jsonl").deliver(parcel("k1")).delivered
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 1


def test_file_key_quoted_in_a_title_is_not_the_key(tmp_path: Path) -> None:
    sender = JsonlSender(tmp_path / "a.jsonl")
    sender.deliver(parcel("k1", title='"key":"k2"', id="k2"))
    sender.deliver(parcel("k2"))
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("torn", [b"{", b'{"key"', b'{"key":"k1","ti', b'{"key":"k0","title":"\\u06'])
def test_a_line_cut_short_by_a_kill_goes(torn: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    JsonlSender(path).deliver(parcel("k0"))
    path.write_bytes(path.read_bytes() + torn)
    JsonlSender(path).deliver(parcel("k1"))
    assert [json.loads(line)["key"] for line in path.read_bytes().splitlines()] == ["k0", "k1"]


@pytest.mark.parametrize("last", [b"a note of the editor's", b'{"key":"k0"}', b'{"keys": 1'])
def test_a_last_line_that_is_whole_or_another_hands_stays(last: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(last)
    JsonlSender(path).deliver(parcel("k1"))
    first, second = path.read_bytes().splitlines()
    assert first == last
    assert json.loads(second)["key"] == "k1"


def test_file_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = JsonlSender(tmp_path / "file" / "a.jsonl").deliver(parcel())
    assert (outcome.delivered, outcome.again) == (False, True)


def test_full_disk_is_tried_again() -> None:
    outcome = JsonlSender("/dev/full").deliver(parcel())
    assert (outcome.delivered, outcome.again) == (False, True)
