"""Fetching from a real local server that misbehaves in every way we know."""

from __future__ import annotations

import contextlib
import email.utils
import gzip
import logging
import socket
import time
import zlib

import pytest
from feeds_server import Handler, Server, policy, rss, running_server

from transforms.feeds.http import Fetcher, retry_after_s
from transforms.feeds.specs import FeedSpec, Secret, split_credentials
from transforms.records import Source

BODY = rss(("1", "a", "b"))


def test_validators_are_opaque_and_a_304_is_no_error(server: Server) -> None:
    tag = 'W/"a \\ b,c"--gzip'

    def feed(handler: Handler) -> None:
        if handler.headers.get("If-None-Match") == tag:
            handler.answer(304, headers={"ETag": tag})
        else:
            handler.answer(200, BODY, {"ETag": tag, "Last-Modified": "yesterday-ish"})

    url = server.do("/feed", feed)
    first = Fetcher(policy()).get(url)
    assert (first.status, first.body, first.etag, first.last_modified) == (200, BODY, tag, "yesterday-ish")
    second = Fetcher(policy()).get(url, etag=first.etag, last_modified=first.last_modified)
    assert (second.status, second.body, second.error) == (304, b"", None)
    assert server.seen[-1].headers["if-modified-since"] == "yesterday-ish"
    assert server.seen[-1].headers["user-agent"].startswith("news-monitor/")


@pytest.mark.parametrize("status", [204, 206, 400, 401, 403, 404, 410, 429, 500, 502, 503])
def test_other_answers_are_errors_with_their_status(server: Server, status: int) -> None:
    fetched = Fetcher(policy()).get(server.serve("/x", b"" if status == 204 else b"no", status, Retry_After="7"))
    assert (fetched.status, fetched.code, fetched.body, fetched.retry_after_s) == (status, f"http-{status}", b"", 7)


def test_only_a_permanent_chain_moves_the_feed(server: Server) -> None:
    server.serve("/new", BODY)
    server.serve("/moved", status=301, Location="/newer")
    server.serve("/newer", status=308, Location=server.url("/new"))
    server.serve("/lent", status=302, Location="/new")
    server.serve("/moved-then-lent", status=301, Location="/lent")
    server.serve("/lent-then-moved", status=307, Location="/moved")
    get = Fetcher(policy()).get
    moved = get(server.url("/moved"))
    assert (moved.url, moved.permanent_url, moved.body) == (server.url("/new"), server.url("/new"), BODY)
    lent = get(server.url("/lent"))
    assert (lent.url, lent.permanent_url, lent.body) == (server.url("/new"), None, BODY)
    assert get(server.url("/moved-then-lent")).permanent_url == server.url("/lent")
    assert get(server.url("/lent-then-moved")).permanent_url is None


def test_redirects_are_capped_and_guarded(server: Server) -> None:
    server.serve("/round", status=302, Location="/about")
    server.serve("/about", status=302, Location="/round")
    for step in range(9):
        server.serve(f"/s{step}", status=302, Location=f"/s{step + 1}")
    server.serve("/s5", BODY)
    server.serve("/s9", BODY)
    get = Fetcher(policy()).get
    assert get(server.url("/round")).code == "redirect"
    assert get(server.url("/s0")).status == 200, "five are followed"
    server.serve("/s5", status=302, Location="/s6")
    assert get(server.url("/s0")).code == "redirect"
    assert get(server.serve("/nowhere", status=302)).code == "redirect"
    for location, code in {
        "file:///etc/passwd": "scheme", "ftp://127.0.0.1/x": "scheme", "http://10.0.0.1/x": "address",
        "http://169.254.169.254/latest": "address", "http://[::ffff:10.0.0.1]/": "address",
        "http://167772161/": "address", "http://[::1": "redirect",
    }.items():  # fmt: skip
        started = time.monotonic()
        assert get(server.serve("/out", status=301, Location=location)).code == code, location
        assert time.monotonic() - started < 1.0


def test_credentials_stay_with_their_origin_and_out_of_sight(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with running_server() as other:
        other.serve("/feed", BODY)
        server.serve("/feed", BODY)
        server.serve("/away", status=302, Location=other.url("/feed"))
        server.serve("/near", status=302, Location="/feed")
        source = Source("s")
        url = server.url("/near").replace("http://", "http://us:ge%40heim@")
        spec = FeedSpec("s", url, source, headers=(("X-Api-Key", "gekritzel"),))
        assert spec.auth == ("us", "ge@heim")
        assert "heim" not in repr(spec) + str(spec.secret) + spec.url
        assert "gekritzel" not in repr(spec)
        near = Fetcher(policy()).get(spec.url, secret=spec.secret)
        assert near.status == 200
        assert server.seen[-1].headers["authorization"] == "Basic dXM6Z2VAaGVpbQ=="
        assert server.seen[-1].headers["x-api-key"] == "gekritzel"
        away = Fetcher(policy()).get(server.url("/away"), secret=spec.secret)
        assert away.status == 200
        assert not {"authorization", "x-api-key"} & set(other.seen[-1].headers)
        bad = Fetcher(policy()).get(server.url("/feed"), secret=Secret(headers=(("X-Api-Key", "gekritzel\r\nX: y"),)))
        assert bad.code == "request"
        assert "gekritzel" not in repr(bad) + repr(near) + repr(away)
    assert "heim" not in caplog.text
    assert "gekritzel" not in caplog.text


def test_credentials_in_a_redirect_target_are_dropped(server: Server) -> None:
    server.serve("/feed", BODY)
    there = server.url("/feed").replace("http://", "http://a:b@")
    fetched = Fetcher(policy()).get(server.serve("/x", status=301, Location=there))
    assert fetched.permanent_url == server.url("/feed")
    assert "authorization" not in server.seen[-1].headers


def test_split_credentials() -> None:
    assert split_credentials("https://a:b%2Fc@h/x@y") == ("https://h/x@y", ("a", "b/c"))
    assert split_credentials("https://h/x@y") == ("https://h/x@y", None)


def compressed(data: bytes, wbits: int) -> bytes:
    tool = zlib.compressobj(wbits=wbits)
    return tool.compress(data) + tool.flush()


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [("gzip", gzip.compress(BODY)), ("x-gzip", gzip.compress(BODY[:50]) + gzip.compress(BODY[50:])), ("identity", BODY),
     ("deflate", compressed(BODY, 15)), ("deflate", compressed(BODY, -15)), ("", gzip.compress(BODY)), ("gzip", BODY),
     ("gzip", gzip.compress(BODY) + b"trailing")],
)  # fmt: skip
def test_compressed_bodies_are_decoded(server: Server, encoding: str, sent: bytes) -> None:
    fetched = Fetcher(policy()).get(server.serve("/feed", sent, Content_Encoding=encoding))
    assert fetched.body == BODY


@pytest.mark.parametrize(
    ("encoding", "sent", "code"),
    [("gzip", gzip.compress(BODY)[:-20], "corrupt"), ("deflate", b"\x78\x9cnonsense", "corrupt"),
     ("br", BODY, "encoding"), ("gzip, gzip", gzip.compress(gzip.compress(BODY)), "encoding"),
     ("gzip", gzip.compress(bytes(50_000_000)), "inflated"), ("", gzip.compress(bytes(50_000_000)), "inflated"),
     ("deflate", compressed(bytes(50_000_000), 15), "inflated")],
)  # fmt: skip
def test_bombs_and_broken_bodies_are_errors(server: Server, encoding: str, sent: bytes, code: str) -> None:
    started = time.monotonic()
    url = server.serve("/b", sent, Content_Encoding=encoding)
    fetched = Fetcher(policy(max_inflated=2**20, max_bytes=2**20)).get(url)
    assert (fetched.code, fetched.body) == (code, b"")
    assert time.monotonic() - started < 1.0


def test_a_body_above_the_cap_is_cut_off(server: Server) -> None:
    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(65536))

    fetcher = Fetcher(policy(max_bytes=10**6))
    assert fetcher.get(server.do("/endless", endless)).code == "too-large"
    assert fetcher.get(server.serve("/said", bytes(10**6 + 1))).code == "too-large"
    assert fetcher.get(server.serve("/fits", b"x" * 10**6)).status == 200


@pytest.mark.parametrize("part", ["header", "body", "hang", "redirects"])
def test_nothing_takes_longer_than_the_deadline(server: Server, part: str) -> None:
    def drip(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"X: " if part == "header" else b"\r\n"))
        while not server.closing.is_set():
            handler.wfile.write(b"x")
            server.sleep(0.05)

    def later(handler: Handler) -> None:
        server.sleep(0.4)
        handler.answer(302, headers={"Location": f"{handler.path}x"})

    if part == "redirects":
        for step in range(6):
            server.do("/r" + "x" * step, later)
    else:
        server.do("/r", (lambda handler: server.sleep(30)) if part == "hang" else drip)
    started = time.monotonic()
    fetched = Fetcher(policy(timeout_s=0.8, step_timeout_s=0.8)).get(server.url("/r"))
    assert fetched.code == "timeout"
    assert time.monotonic() - started < 2.0


def test_a_host_that_takes_no_connection_ends_in_time() -> None:
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        started = time.monotonic()
        fetched = Fetcher(policy(timeout_s=0.5)).get(f"http://127.0.0.1:{full.getsockname()[1]}/")
        assert fetched.code == "timeout"
        assert time.monotonic() - started < 1.5


def test_answers_that_are_not_http_are_errors(server: Server) -> None:
    cases = {
        "/garbage": b"\x00\x01\x02 what\r\n\r\n",
        "/huge-header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n",
        "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc",
        "/nothing": b"",
    }
    for path, sent in cases.items():

        def raw(handler: Handler, sent: bytes = sent) -> None:
            handler.wfile.write(sent)
            handler.close_connection = True

        assert Fetcher(policy()).get(server.do(path, raw)).code in ("protocol", "connection"), path


def test_a_closed_port_and_an_unknown_name_are_errors(server: Server) -> None:
    assert Fetcher(policy()).get("http://127.0.0.1:9/feed").code == "connect"

    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    assert Fetcher(policy(), unknown).get("http://nowhere.example/feed").code == "dns"


def test_tls_that_is_none_is_an_error(server: Server) -> None:
    assert Fetcher(policy()).get(server.url("/feed").replace("http:", "https:")).code == "tls"


def test_retry_after_in_all_its_forms() -> None:
    now = 1_700_000_000.0
    assert retry_after_s("120", now) == 120
    assert retry_after_s(email.utils.formatdate(now + 90, usegmt=True), now) == 90
    assert retry_after_s(email.utils.formatdate(now - 90, usegmt=True), now) == 0
    assert retry_after_s("9" * 5000, now) == 999_999_999
    for nothing in (None, "", "soon", "-5", "1e9", "٣٠"):
        assert retry_after_s(nothing, now) is None
