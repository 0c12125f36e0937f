"""Bulk requests against a server that follows a script: what became of each document, and what is sent how often."""

from __future__ import annotations

import json
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from transforms.elastic.bulk import CONFLICT, DONE, FAULT, LATER, REFUSED, UNSENT, Bulk, Item
from transforms.elastic.client import ElasticSpec, Lost, Server
from transforms.errors import DataError
from transforms.index.interface import IndexAway

Answer = tuple[int, Any, dict[str, str]]
SECRET = "c2VjcmV0"


class Scripted:
    """A server whose answers a test gives."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.credentials: list[str | None] = []
        self.answer: Callable[[bytes], Answer] = lambda _: (200, {}, {})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"] or 0))
                outer.asked.append(body)
                outer.credentials.append(self.headers["authorization"])
                status, told, headers = outer.answer(body)
                if status == 0:  # cut off
                    self.close_connection = True
                    return
                sent = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                for name, value in {
                    "content-type": "application/json",
                    "content-length": str(len(sent)),
                    **headers,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(sent)
                if int(headers.get("content-length", 0)) > len(sent):
                    self.close_connection = True

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.http.shutdown()
    server.http.server_close()


def documents(body: bytes) -> list[str]:
    lines = body.decode().splitlines()[::2]
    return [next(iter(json.loads(line).values()))["_id"] for line in lines]


def items(*keys: str, size: int = 10) -> list[Item]:
    return [Item.of("x", key, {"text": "t" * size}) for key in keys]


def all_fine(body: bytes) -> Answer:
    return 200, {"items": [{"create": {"status": 201}} for _ in documents(body)]}, {}


def spec(scripted: Scripted, **more: Any) -> ElasticSpec:
    return ElasticSpec((scripted.url,), api_key=SECRET, timeout_s=1, **more)


def test_each_document_has_an_outcome_of_its_own(scripted: Scripted) -> None:
    statuses = {"a": 201, "b": 429, "c": 400, "d": 409, "e": 503, "f": 500, "g": 200}

    def answer(body: bytes) -> Answer:
        told = [{"create": {"status": statuses[key], "error": {"type": "t", "reason": key}}} for key in documents(body)]
        return 200, {"errors": True, "items": told}, {}

    scripted.answer = answer
    results, lost = Bulk(Server(spec(scripted))).send(items(*statuses))
    assert [result.kind for result in results] == [DONE, LATER, REFUSED, CONFLICT, LATER, FAULT, DONE]
    assert results[2].reason == "400 t: c"
    assert lost is None


def test_chunks_by_count_and_size(scripted: Scripted) -> None:
    scripted.answer = all_fine
    Bulk(Server(spec(scripted, bulk_docs=2))).send(items("a", "b", "c", "d", "e"))
    assert [documents(body) for body in scripted.asked] == [["a", "b"], ["c", "d"], ["e"]]
    scripted.asked.clear()
    Bulk(Server(spec(scripted, bulk_bytes=1500))).send([*items("a", "b"), *items("c", size=2000), *items("d")])
    assert [documents(body) for body in scripted.asked] == [["a", "b"], ["c"], ["d"]]


@pytest.mark.parametrize("status", [413, 400])
def test_one_that_is_too_large_holds_up_no_other(scripted: Scripted, status: int) -> None:
    scripted.answer = lambda body: (status, {"error": "too large"}, {}) if b'"d"' in body else all_fine(body)
    results, lost = Bulk(Server(spec(scripted))).send(items(*"abcdefg"))
    assert lost is None
    assert [result.kind for result in results] == [DONE, DONE, DONE, REFUSED, DONE, DONE, DONE]
    assert results[3].reason.startswith(f"{status}, of ")
    taken = [key for body in scripted.asked for key in documents(body) if b'"d"' not in body]
    assert sorted(taken) == list("abcefg")  # each once


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ((429, {"error": "busy"}, {"retry-after": "3"}), True),
        ((503, {"error": "away"}, {}), False),
        ((500, {"error": "failed"}, {}), False),
        ((200, b'{"items": [{"cre', {}), False),
        ((200, {"items": []}, {}), False),
        ((200, b"<html>", {"content-type": "text/html"}), False),
        ((200, b'{"items"', {"content-length": "500"}), False),
        ((0, b"", {}), False),
    ],
)
def test_a_lost_request_stops_the_rest(scripted: Scripted, answer: Answer, refused: bool) -> None:
    scripted.answer = lambda _: answer
    results, lost = Bulk(Server(spec(scripted, bulk_docs=2))).send(items("a", "b", "c"))
    assert [result.kind for result in results] == [LATER, LATER, UNSENT]
    assert lost is not None
    assert lost.refused is refused
    assert lost.retry_after_s == (3 if answer[0] == 429 else None)
    assert len(scripted.asked) == 1


def test_a_server_that_does_not_answer_in_time(scripted: Scripted) -> None:
    scripted.answer = lambda body: time.sleep(1.5) or all_fine(body)  # type: ignore[func-returns-value]
    _, lost = Bulk(Server(spec(scripted))).send(items("a"))
    assert lost is not None
    assert lost.why == "no answer within 1 s"


def test_requests_are_smaller_after_a_loss_and_grow_again(scripted: Scripted) -> None:
    bulk = Bulk(Server(spec(scripted, bulk_docs=8)))
    scripted.answer = lambda _: (0, b"", {})
    bulk.send(items(*"abcdefgh"))
    scripted.asked.clear()
    scripted.answer = all_fine
    bulk.send(items(*"abcdefghijklmnopqrst"))
    assert [len(documents(body)) for body in scripted.asked] == [4, 8, 8]


def test_who_may_not_write_is_told_so_without_the_secret(scripted: Scripted) -> None:
    scripted.answer = lambda _: (403, {"error": {"type": "security_exception", "reason": "no"}}, {})
    with pytest.raises(DataError, match=r"index\.api_key.*security_exception") as refused:
        Bulk(Server(spec(scripted))).send(items("a"))
    assert SECRET not in str(refused.value) + repr(spec(scripted))


def test_a_call_is_tried_again_and_counted(scripted: Scripted) -> None:
    answers = iter([(503, {}, {}), (0, b"", {}), (200, {"fine": True}, {})])
    scripted.answer = lambda _: next(answers)
    server = Server(spec(scripted))
    assert server.call("POST", "/x", {"a": 1}).body == {"fine": True}
    counted = server.stats()
    assert (counted["requests"], counted["retries"]) == (3, 2)
    assert counted["waited_s"] > 0
    assert server.trouble() is None


def test_who_is_not_patient_gives_up_and_says_why(scripted: Scripted) -> None:
    scripted.answer = lambda _: (429, {"error": "busy"}, {"retry-after": "60"})
    with pytest.raises(IndexAway, match=r"Elasticsearch at 127\.0\.0\.1:\d+: it is too busy: busy"):
        Server(spec(scripted)).call("POST", "/x", {})


def test_who_waits_says_so_until_all_is_given_up(scripted: Scripted) -> None:
    scripted.answer = lambda _: (503, {"error": "starting"}, {})
    server = Server(spec(scripted), patient=True)
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            server.call("POST", "/x", {})
        except IndexAway as away:
            failed.append(away)

    thread = threading.Thread(target=ask)
    thread.start()
    while server.trouble() is None:
        time.sleep(0.01)
    assert "starting; waiting since" in str(server.trouble())
    server.give_up()
    thread.join(5)
    assert len(failed) == 1
    server.give_up(cut="another has taken over")
    scripted.answer = lambda _: (200, {}, {})
    with pytest.raises(IndexAway, match="another has taken over"):
        server.call("POST", "/x", {})


def test_documents_that_a_starting_server_does_not_find_are_asked_for_again(scripted: Scripted) -> None:
    error = {"type": "no_shard_available_action_exception", "reason": "not yet"}
    scripted.answer = lambda _: (200, {"docs": [{"_id": "a", "error": error}]}, {})
    with pytest.raises(Lost, match="not yet"):
        Server(spec(scripted)).attempt("POST", "/_mget", {"docs": []})
    error["type"] = "index_not_found_exception"
    assert Server(spec(scripted)).attempt("POST", "/_mget", {"docs": []}).status == 200


@pytest.mark.parametrize(
    ("more", "sent"),
    [({"api_key": SECRET}, f"ApiKey {SECRET}"), ({"username": "me", "password": "x"}, "Basic bWU6eA==")],
)
def test_credentials_are_sent_as_they_are_given(scripted: Scripted, more: dict[str, str], sent: str) -> None:
    Server(ElasticSpec((scripted.url,), **more)).call("POST", "/x", {})  # type: ignore[arg-type]
    assert scripted.credentials == [sent]


def test_secrets_are_not_pickled(scripted: Scripted) -> None:
    for one in (spec(scripted), Server(spec(scripted))):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(one)


def test_what_is_not_elasticsearch_9(scripted: Scripted) -> None:
    from transforms.elastic.version import check_version

    mine = {"x-elastic-product": "Elasticsearch"}
    for told, headers, said in (
        ({"version": {"number": "2.19", "distribution": "opensearch"}}, {}, "is OpenSearch"),
        ({"version": {"number": "9.1.0"}}, {}, "is not Elasticsearch"),
        ({"version": {"number": "8.19.2"}}, mine, "upgrade the server to 9"),
        ({"version": {"number": "10.0.0"}}, mine, "upgrade this program"),
    ):
        scripted.answer = lambda _, told=told, headers=headers: (200, told, headers)  # type: ignore[misc]
        with pytest.raises(DataError, match=said):
            check_version(Server(spec(scripted)))
    scripted.answer = lambda _: (400, {"error": {"type": "media_type_header_exception", "reason": "x"}}, mine)
    with pytest.raises(DataError, match=r"upgrade the server to 9\.x"):
        check_version(Server(spec(scripted)))
    scripted.answer = lambda _: (200, {"version": {"number": "9.5.1"}}, mine)
    assert check_version(Server(spec(scripted))) == "9.5.1"


def test_what_a_former_run_gave_up_is_waited_for_again() -> None:
    asked = Server(ElasticSpec(("http://127.0.0.1:1",)), patient=True)
    asked.give_up()
    with pytest.raises(IndexAway):
        asked.call("GET", "/")
    asked.begin()
    threading.Timer(0.5, asked.give_up).start()
    began = time.monotonic()
    with pytest.raises(IndexAway):
        asked.call("GET", "/")
    assert time.monotonic() - began > 0.3


@pytest.mark.parametrize("page", [{"version": "1.2"}, [1], {"version": {"number": None}}])
def test_an_odd_front_page_is_no_trace(scripted: Scripted, page: object) -> None:
    from transforms.elastic.version import check_version

    scripted.answer = lambda _: (200, page, {})
    with pytest.raises(DataError, match="not Elasticsearch"):
        check_version(Server(spec(scripted)))


def test_an_address_with_a_password_is_not_shown() -> None:
    assert "hunter2" not in repr(ElasticSpec(("http://news:hunter2@search.example:9200",)))
