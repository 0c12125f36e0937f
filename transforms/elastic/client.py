"""One Elasticsearch, asked over elasticsearch-py's transport: one try at a time, and retries that are our own.

What is counted (`Server.stats`), since the process began:

- `requests`: tries of a request.
- `retries`: what was sent again because it was not taken or its answer did not come: a request, or each document of a
  bulk of articles.
- `written`: article documents that were created or replaced, each once, also where the answer came late or never.
- `conflicts`: article documents that somebody else had changed meanwhile, and that were read and decided again.
- `rejected`: article documents that the server will never take as they are.
- `waited_s`: seconds in which anybody waited for the server.
"""

from __future__ import annotations

import logging
import os
import ssl
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlencode

from elastic_transport import ConnectionTimeout, NodeConfig, SerializationError, Transport, TransportError
from elastic_transport.client_utils import basic_auth_to_header, url_to_node_config
from elasticsearch.serializer import DEFAULT_SERIALIZERS

from transforms.elastic.spec import ElasticSpec
from transforms.elastic.waiting import Lost, Patience, Waiting
from transforms.errors import DataError
from transforms.records import Json

__all__ = ["Answer", "ElasticSpec", "Lost", "Patience", "Server", "server"]

_TYPE = "application/vnd.elasticsearch+{}; compatible-with=9"
_JSON, _LINES = _TYPE.format("json"), _TYPE.format("x-ndjson")
_AWAY = {502, 503, 504}
_FAULTS_TAKEN = 4  # a server that answers 500 so often to one request means it
_COUNTED = ("requests", "retries", "written", "conflicts", "rejected")
# It tells of each failed try, with the address; what is worth telling is told here, once.
logging.getLogger("elastic_transport").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered; `body` is JSON, or None where there was none. `product` is what it says that it is."""

    status: int
    body: Any
    product: str | None = None


class Server:
    """An Elasticsearch. Thread-safe; connects when first asked, and afresh after a fork.

    `patient` is who waits without end where the server is away; else IndexAway after some seconds.
    """

    def __init__(self, spec: ElasticSpec, patient: bool = False) -> None:
        self.spec, self.patient = spec, patient
        self._waiting = Waiting(f"Elasticsearch at {spec.host}")
        self.reset()
        _servers.add(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Server holds secrets and connections and is not pickled")

    def reset(self) -> None:
        """Forget connections and counts without touching them: for a new process."""
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._waiting.reset()

    def call(
        self,
        method: str,
        path: str,
        body: Json | bytes | None = None,
        params: Json | None = None,
        *,
        patient: bool | None = None,
        refusable: bool = False,
    ) -> Answer:
        """Ask until there is an answer. `body` is JSON, or bytes: lines of JSON, of a bulk.

        What the server is asked for may be done twice, where a first answer was lost. Answers of 2xx and 4xx are
        returned, except 429. Raises IndexAway where it is not waited for any longer, DataError where the server does
        not let us in or is not one that we can use. With `refusable`, a 403 is an answer too: one can do without.
        """
        faults = 0
        with self.patience(patient) as patience:
            while True:
                try:
                    answer = self.attempt(method, path, body, params, refusable)
                except Lost as lost:
                    patience.pause(lost)
                else:
                    if answer.status != 500 or faults == _FAULTS_TAKEN:
                        return answer
                    faults += 1
                    patience.pause(Lost(f"it failed: {reason(answer.body)}", refused=False))
                self.count(retries=1)

    def attempt(
        self,
        method: str,
        path: str,
        body: Json | bytes | None = None,
        params: Json | None = None,
        refusable: bool = False,
    ) -> Answer:
        """Ask once. Raises Lost where the server is away, refuses for now, or its answer did not come whole."""
        self._waiting.check()
        target = f"{path}?{urlencode(params)}" if params else path
        headers = {"accept": _JSON}
        if body is not None:
            headers["content-type"] = _LINES if isinstance(body, bytes) else _JSON
        transport = self._connected()
        self.count(requests=1)
        try:
            meta, told = transport.perform_request(method, target, body=body, headers=headers)
        except (TransportError, OSError) as error:
            raise _lost(error, self.spec) from None
        answer = Answer(meta.status, told, meta.headers.get("x-elastic-product"))
        if meta.status == 429:
            raise Lost(f"it is too busy: {reason(told)}", True, _seconds(meta.headers.get("retry-after")))
        if meta.status in _AWAY:
            after = _seconds(meta.headers.get("retry-after"))
            raise Lost(f"it is not ready (status {meta.status}): {reason(told)}", False, after)
        if meta.status < 300 and method != "HEAD" and not isinstance(told, dict | list):
            raise Lost("its answer is not JSON: something else answers at its address", refused=False)
        if path.endswith("/_mget"):
            _whole(told)
        if not (refusable and meta.status == 403):
            _let_in(answer, self.spec)
        return answer

    def patience(self, patient: bool | None = None) -> Patience:
        """For one who sends again by itself: pause between tries. None: as the server was opened."""
        return Patience(self._waiting, self.patient if patient is None else patient)

    def count(self, **more: int) -> None:
        """Add to the counters."""
        self._waiting.count(**more)

    def stats(self) -> dict[str, float]:
        """The counters, as the module tells."""
        return {**dict.fromkeys(_COUNTED, 0), **self._waiting.counts()}

    def more(self, name: str) -> int:
        """How much a counter has grown since this was last asked for it."""
        return self._waiting.more(name)

    def trouble(self) -> str | None:
        """Why callers wait at this moment, in words for a person; None where none does."""
        return self._waiting.trouble()

    def give_up(self, cut: str | None = None) -> None:
        """Whoever waits, now or later, gets IndexAway; with `cut`, whoever asks for anything, for the reason given."""
        self._waiting.give_up(cut)

    def begin(self) -> None:
        """A run begins: what a former one in this process gave up is waited for again."""
        self._waiting.begin()

    def close(self) -> None:
        """Let go of connections. Asked again, it connects again."""
        with self._lock:
            transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _connected(self) -> Transport:
        transport = self._transport
        if transport is None:
            with self._lock:
                transport = self._transport = self._transport or _connect(self.spec)
        return transport


def reason(body: Any) -> str:
    """What went wrong, as the body of an answer tells, in one line."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        causes, why = error.get("root_cause"), error.get("caused_by")
        first = causes[0] if isinstance(causes, list) and causes else error
        parts = [one for one in (first, why) if isinstance(one, dict) and one.get("type")]
        told = [f"{one.get('type')}: {one.get('reason')}" for one in parts]
        error = "; ".join(dict.fromkeys(told)) or str(error)
    return " ".join(str(error).split())[:500]


def _connect(spec: ElasticSpec) -> Transport:
    nodes = []
    for url in spec.urls:
        try:
            node = url_to_node_config(url, use_default_ports_for_scheme=True)
        except ValueError:
            raise DataError("config", "index.url", "is no address", 'write "https://host:9200"') from None
        nodes.append(_node(node, spec))
    try:
        if spec.ca_certs:
            ssl.create_default_context(cafile=spec.ca_certs)
        return Transport(nodes, max_retries=0, serializers=DEFAULT_SERIALIZERS, meta_header=False)
    except (OSError, ValueError):
        remedy = "write the path of a file with PEM certificates"
        raise DataError("config", "index.ca", f"{spec.ca_certs} cannot be read", remedy) from None


def _node(node: NodeConfig, spec: ElasticSpec) -> NodeConfig:
    headers = dict(node.headers)
    if spec.api_key is not None:
        headers["authorization"] = f"ApiKey {spec.api_key}"
    elif spec.username is not None:
        headers["authorization"] = basic_auth_to_header((spec.username, spec.password or ""))
    more: Json = {}
    if node.scheme == "https":
        more = {"ca_certs": spec.ca_certs, "verify_certs": spec.verify, "ssl_show_warn": False}
    return node.replace(headers=headers, request_timeout=spec.timeout_s, connections_per_node=16, **more)


def _lost(error: Exception, spec: ElasticSpec) -> Lost | DataError:
    if isinstance(error, ConnectionTimeout):
        return Lost(f"no answer within {spec.timeout_s:g} s", refused=False)
    if isinstance(error, SerializationError):
        return Lost("its answer was cut short or is not JSON", refused=False)
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        problem = f"the certificate of {spec.host} cannot be verified"
        return DataError("config", "index.ca", problem, "name the file of the CA that signed it")
    told = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), None)
    why = told[:1].lower() + told[1:] if told else f"the connection failed ({type(error).__name__})"
    return Lost(why, refused=False)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _let_in(answer: Answer, spec: ElasticSpec) -> None:
    """DataError for an answer that says that we may not, or that the server speaks another version."""
    if answer.status in (401, 403):
        key = "index.api_key" if spec.api_key else "index.username" if spec.username else "index"
        problem = f"{spec.host} does not let this in ({answer.status}): {reason(answer.body)}"
        raise DataError(
            "config", key, problem, "write credentials that are valid and may use the indices of the prefix"
        )
    wrong = answer.status == 400 and "media_type_header_exception" in str(answer.body)[:1000]
    if wrong or answer.status in (406, 415):
        problem = f"{spec.host} does not speak the language of Elasticsearch 9"
        raise DataError("config", "index.url", problem, "upgrade the server to 9.x")


def _whole(told: Any) -> None:
    """Lost where an answer lacks documents that the server could not look for, as it does while it starts. An index
    that is not there is for the caller to judge."""
    for one in told.get("docs") or () if isinstance(told, dict) else ():
        error = one.get("error") or {}
        if error and error.get("type") != "index_not_found_exception":
            raise Lost(f"not all of it is there yet: {reason(one)}", refused=True)


def _seconds(told: str | None) -> float | None:
    try:
        return max(0.0, float(told)) if told else None
    except ValueError:
        return None  # a date: our own pause will do


_servers: weakref.WeakSet[Server] = weakref.WeakSet()
_open: dict[tuple[ElasticSpec, bool], Server] = {}
_lock = threading.Lock()


def server(spec: ElasticSpec, patient: bool = False) -> Server:
    """The server of this spec: the same object for every caller of this patience in the process."""
    with _lock:
        found = _open.get((spec, patient))
        if found is None:
            found = _open[spec, patient] = Server(spec, patient)
        return found


def _after_fork() -> None:
    """In a child: connections are the parent's, and a lock that another thread held would never be let go."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    for one in _servers:
        one.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
