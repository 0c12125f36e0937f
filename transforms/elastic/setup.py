"""Bringing a server into the shape that this version writes: templates, indices, aliases, mappings, lifecycle.

Whoever writes runs it first. It looks before it changes, so that run twice it changes nothing; two that run it at once
do no harm. What a server lacks (language analyzers, lifecycle management) is told as a warning, and done without.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from transforms.elastic.client import Answer, ElasticSpec, Server, reason
from transforms.elastic.mapping import KINDS, analyzers, differences, kept_analyzers, mapping
from transforms.elastic.names import SERIES, Names
from transforms.elastic.roll import roll
from transforms.elastic.version import check_version, has_lifecycle
from transforms.errors import DataError
from transforms.index.encode import dumps
from transforms.records import Json

__all__ = ["roll", "setup"]

_log = logging.getLogger(__name__)
# Reads that must see the last write ask for a refresh; who only looks waits this long. At a second, small segments and
# their merging took the server a quarter of its time while it caught up.
_REFRESH = "5s"
_PRIORITY = 300  # above templates for everything, as some keep


def setup(server: Server, spec: ElasticSpec | None = None, dry_run: bool = False) -> list[str]:
    """Put everything in place. Returns what was changed (with `dry_run`: what would be), in words.

    Raises DataError where the server is not one of Elasticsearch 9, does not let us in, or has a field with another
    type; IndexAway where it is away.
    """
    check_version(server)
    return Setup(server, spec or server.spec, dry_run).run()


class Setup:
    """One look at a server, and what is to be changed there."""

    def __init__(self, server: Server, spec: ElasticSpec, dry_run: bool) -> None:
        self._server, self._spec, self._dry = server, spec, dry_run
        self._names = Names(spec.prefix)
        self._changes: list[str] = []

    def run(self) -> list[str]:
        """Look, and change what is to be changed."""
        known = self._analyzers()
        lifecycle = has_lifecycle(self._server)
        if lifecycle:
            for series in SERIES:
                self._policy(series)
        else:
            _log.warning(
                "Elasticsearch at %s has no lifecycle management: a run rolls indices over, as does `index roll`",
                self._spec.host,
            )
        for kind in KINDS:
            mapped = mapping(kind, known)
            self._template(kind, mapped, lifecycle)
            if kind in SERIES:
                self._series(kind, mapped)
            else:
                self._single(kind, mapped)
        return self._changes

    def _analyzers(self) -> set[str]:
        known = {name for name in analyzers() if self._ask("POST", "/_analyze", _probe(name)).status != 400}
        if lacking := sorted(set(analyzers()) - known):
            _log.warning(
                "Elasticsearch at %s has no analyzer %s: texts in these languages are split into words only",
                self._spec.host, ", ".join(lacking),
            )  # fmt: skip
        return known

    def _policy(self, series: str) -> None:
        name, wanted = self._names.of(series), policy(self._spec)
        found = self._ask("GET", f"/_ilm/policy/{name}")
        if found.status == 403:
            return
        stored = found.body[name]["policy"] if found.status == 200 else None
        if stored is None or (stored.get("_meta") or {}).get("digest") != wanted["_meta"]["digest"]:
            self._change(f"lifecycle policy {name}", "PUT", f"/_ilm/policy/{name}", {"policy": wanted})

    def _template(self, kind: str, mapped: Json, lifecycle: bool) -> None:
        name = self._names.of(kind)
        wanted = template(kind, mapped, self._spec, lifecycle)
        found = self._ask("GET", f"/_index_template/{name}")
        if found.status == 403:
            return
        stored = found.body["index_templates"][0]["index_template"] if found.status == 200 else {}
        if (stored.get("_meta") or {}).get("digest") != wanted["_meta"]["digest"]:
            self._change(f"index template {name}", "PUT", f"/_index_template/{name}", wanted)

    def _single(self, kind: str, mapped: Json) -> None:
        name = self._names.of(kind)
        found = self._ask("GET", f"/{name}/_mapping")
        if found.status == 404:
            self._create(name, {})
        elif self._may(found):
            for index, told in found.body.items():
                self._map(index, mapped, told["mappings"])

    def _series(self, kind: str, mapped: Json) -> None:
        found = self._ask("GET", f"/{self._names.pattern(kind)}")
        write = self._names.write(kind)
        if not self._may(found):
            return
        if not found.body:
            self._create(self._names.first(kind), {"aliases": {write: {"is_write_index": True}}})
            return
        actions = []
        for index, told in sorted(found.body.items(), key=lambda item: self._names.number(kind, item[0])):
            self._map(index, mapped, told["mappings"])
            if self._names.of(kind) not in told["aliases"]:
                actions.append({"add": {"index": index, "alias": self._names.of(kind)}})
        if not any(told["aliases"].get(write, {}).get("is_write_index") for told in found.body.values()):
            newest = max(found.body, key=lambda index: self._names.number(kind, index))
            actions.append({"add": {"index": newest, "alias": write, "is_write_index": True}})
        if actions:
            self._change(f"aliases of {self._names.of(kind)}", "POST", "/_aliases", {"actions": actions})

    def _map(self, index: str, wanted: Json, present: Json) -> None:
        changed, clashing = differences(wanted, present)
        if clashing:
            raise self._clash(index, f"has {', '.join(clashing)} with another type")
        if changed:
            told = {name: value for name, value in kept_analyzers(wanted, present).items() if name != "_source"}
            self._change(f"mapping of {index}: {', '.join(changed)}", "PUT", f"/{index}/_mapping", told)

    def _create(self, index: str, body: Json) -> None:
        self._change(f"index {index}", "PUT", f"/{index}", body)

    def _change(self, what: str, method: str, path: str, body: Json) -> None:
        self._changes.append(what)
        if self._dry:
            return
        answer = self._server.call(method, path, body)
        if answer.status == 400 and "resource_already_exists_exception" in str(answer.body):
            return  # by another who did the same, or by a first try whose answer was lost
        if answer.status >= 400:
            raise self._clash(self._spec.prefix, f"{what} is refused: {reason(answer.body)}")

    def _clash(self, index: str, problem: str) -> DataError:
        remedy = "choose another `index.prefix`, or copy the index into a new one of the right shape"
        return DataError("Elasticsearch", index, problem, remedy)

    def _ask(self, method: str, path: str, body: Json | None = None) -> Answer:
        answer = self._server.call(method, path, body, refusable=True)
        if answer.status == 403:
            _log.warning("not allowed to see %s at %s: taken as it is", path, self._spec.host)
        return answer

    def _may(self, answer: Answer) -> bool:
        """Whether there is something to look at. DataError for what should be there and is not."""
        if answer.status >= 400 and answer.status != 403:
            raise self._clash(self._spec.prefix, f"cannot be read: {reason(answer.body)}")
        return answer.status != 403


def policy(spec: ElasticSpec) -> Json:
    """The lifecycle of a series: a new index by age or size, and the old ones deleted after `retention_s`."""
    rollover = {"max_age": f"{spec.rollover_age_s:.0f}s", "max_primary_shard_size": f"{spec.rollover_bytes}b"}
    phases: Json = {"hot": {"min_age": "0ms", "actions": {"rollover": rollover}}}
    if spec.retention_s is not None:
        phases["delete"] = {"min_age": f"{spec.retention_s:.0f}s", "actions": {"delete": {}}}
    return _signed({"phases": phases})


def template(kind: str, mapped: Json, spec: ElasticSpec, lifecycle: bool) -> Json:
    """The index template of a kind."""
    names = Names(spec.prefix)
    settings: Json = {"number_of_shards": spec.shards if kind in SERIES else 1, "refresh_interval": _REFRESH}
    # None: a copy where there is a second node to hold it.
    settings |= {"auto_expand_replicas": "0-1"} if spec.replicas is None else {"number_of_replicas": spec.replicas}
    wanted: Json = {"settings": {"index": settings}, "mappings": mapped}
    if kind in SERIES:
        wanted["aliases"] = {names.of(kind): {}}
        if lifecycle:
            settings["lifecycle"] = {"name": names.of(kind), "rollover_alias": names.write(kind)}
    patterns = [names.pattern(kind) if kind in SERIES else names.of(kind)]
    return _signed({"index_patterns": patterns, "priority": _PRIORITY, "template": wanted})


def _signed(wanted: Json) -> Json:
    """With a digest by which it is known again: a server tells back what it was told in a form of its own."""
    digest = hashlib.sha256(dumps(wanted).encode()).hexdigest()[:16]
    return {**wanted, "_meta": {"managed_by": "news-monitor", "digest": digest}}


def _probe(analyzer: str) -> dict[str, Any]:
    return {"analyzer": analyzer, "text": "a"}
