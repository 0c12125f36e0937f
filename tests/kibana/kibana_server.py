"""A stand-in for Kibana: a small HTTP server that answers in the published forms of the APIs that are used here.

It is no Kibana: it keeps what it is given, resolves references, and refuses what Kibana's reference says is refused.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
_PART = re.compile(rb"\r\n\r\n(.*)\r\n--", re.DOTALL)
_NOT_IN_UPDATE = {"rule_type_id", "consumer", "enabled"}


@dataclass
class State:
    """What the server holds, by space, and how it behaves."""

    version: str = "9.5.1"
    key: str = ""
    ready: bool = True
    refused: dict[str, Json] = field(default_factory=dict)
    objects: dict[tuple[str, str, str], Json] = field(default_factory=dict)
    dashboards: dict[tuple[str, str], Json] = field(default_factory=dict)
    rules: dict[tuple[str, str], Json] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    """One request; `state` is given by the server."""

    state: State

    def answer(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        sent = self.rfile.read(size)
        self.state.asked.append((self.command, self.path))
        status, body = self.decide(sent)
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = answer

    def decide(self, sent: bytes) -> tuple[int, Json]:
        state = self.state
        if not state.ready:
            return 503, problem(503, "Kibana server is not ready yet.")
        if state.key and self.headers.get("Authorization") != f"ApiKey {state.key}":
            return 401, problem(401, "unable to authenticate user")
        if self.command != "GET" and "kbn-xsrf" not in self.headers:
            return 400, problem(400, "Request must contain a kbn-xsrf header.")
        match = re.fullmatch(r"(?:/s/([^/]+))?(/api/[^?]+)(?:\?(.*))?", self.path)
        if not match:
            return 404, problem(404, "Not Found")
        space, path, query = match[1] or "default", match[2], match[3] or ""
        if path in state.refused:
            return state.refused[path]["statusCode"], state.refused[path]
        if path == "/api/status":
            return 200, {"name": "kibana", "version": {"number": state.version}}
        if path == "/api/saved_objects/_import":
            return self.imported(space, query, sent)
        kind, _, id = path.removeprefix("/api/").rpartition("/")
        if kind == "dashboards" and self.command == "PUT" and state.version >= "9.4":
            return self.dashboard(space, id, json.loads(sent))
        if kind == "alerting/rule":
            return self.rule(space, id, json.loads(sent) if sent else {})
        return 404, problem(404, "Not Found")

    def imported(self, space: str, query: str, sent: bytes) -> tuple[int, Json]:
        part = _PART.search(sent)
        if not part or b'filename="' not in sent[: part.start()] or b".ndjson" not in sent[: part.start()]:
            return 415, problem(415, "Unsupported Media Type")
        found = [json.loads(line) for line in part[1].splitlines() if line.strip()]
        there = {(type, id) for where, type, id in self.state.objects if where == space}
        there |= {(one["type"], one["id"]) for one in found}
        errors = []
        for one in found:
            missing = [r for r in one["references"] if (r["type"], r["id"]) not in there]
            if missing:
                errors.append(failure(one, {"type": "missing_references", "references": missing}))
            elif (space, one["type"], one["id"]) in self.state.objects and "overwrite=true" not in query:
                errors.append(failure(one, {"type": "conflict"}))
            elif one["id"] in self.state.refused:
                errors.append(failure(one, self.state.refused[one["id"]]))
            else:
                self.state.objects[(space, one["type"], one["id"])] = one
        body: Json = {"success": not errors, "successCount": len(found) - len(errors)}
        return 200, body | ({"errors": errors} if errors else {})

    def dashboard(self, space: str, id: str, body: Json) -> tuple[int, Json]:
        fresh = (space, id) not in self.state.dashboards
        self.state.dashboards[(space, id)] = body
        return (201 if fresh else 200), {"id": id, "data": body, "meta": {"managed": False}}

    def rule(self, space: str, id: str, body: Json) -> tuple[int, Json]:
        present = self.state.rules.get((space, id))
        if self.command == "POST" and present:
            return 409, problem(409, f"Saved object [alert/{id}] conflict")
        if self.command != "POST" and not present:
            return 404, problem(404, f"Saved object [alert/{id}] not found")
        if self.command == "PUT" and (surplus := _NOT_IN_UPDATE & body.keys()):
            return 400, problem(400, f"[request body.{min(surplus)}]: definition for this key is missing")
        if self.command != "GET":
            present = {**(present or {"id": id}), **body}
            self.state.rules[(space, id)] = present
        return 200, present or {}

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def problem(status: int, message: str) -> Json:
    """The body of an error."""
    names = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 409: "Conflict", 503: "Service Unavailable"}
    return {"statusCode": status, "error": names.get(status, "Error"), "message": message}


def failure(one: Json, error: Json) -> Json:
    """One object that was not imported."""
    return {"id": one["id"], "type": one["type"], "meta": {"title": one["attributes"]["title"]}, "error": error}


@contextmanager
def kibana(**behaviour: Any) -> Iterator[State]:
    """The stand-in on a port of the loopback, while the context lasts."""
    state = State(**behaviour)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"state": state}))
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
