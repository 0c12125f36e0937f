"""The Elasticsearch request that Kibana sends for a panel, a saved search or a rule, and the rows of its answer.

For a last value Kibana sends `top_metrics`, or `top_hits` where it shows arrays. A server of Elasticsearch's core
alone, as in the tests, has no `top_metrics`, so `top_hits` it is. A rate Kibana computes in the browser, from the
greatest value of each interval; so does `rows`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from deploy.kibana import kql
from deploy.kibana.source import Board, Panel, Rule, Search, Source, Split, Value, View

Json = dict[str, Any]
# What a bucket may be ranked by; the others are no single number inside Elasticsearch.
ORDERABLE = frozenset({"count", "unique", "sum", "max", "min", "average"})
_PLAIN = {"unique": "cardinality", "sum": "sum", "max": "max", "min": "min", "average": "avg", "rate": "max"}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STEPS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 43200, 86400, 604800)
BARS = 50


@dataclass(frozen=True, slots=True)
class Span:
    """A time range, as Kibana sends it: two moments in seconds UTC."""

    start: float
    end: float

    def step(self) -> str:
        """The interval that makes about fifty bars, as a fixed interval."""
        wanted = 1.2 * (self.end - self.start) / BARS
        return f"{max((step for step in _STEPS if step <= wanted), default=_STEPS[0])}s"

    def query(self, field: str) -> Json:
        """Documents of this time."""
        bounds = {"gte": _moment(self.start), "lte": _moment(self.end), "format": "strict_date_optional_time"}
        return {"range": {field: bounds}}


def span(since: str, now: float) -> Span:
    """`now-24h` until now."""
    return Span(now - int(since[4:-1]) * _UNITS[since[-1]], now)


def _moment(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def panel_request(board: Board, panel: Panel, view: View, over: Span) -> Json:
    """The body of the search of a panel with figures."""
    body: Json = {"size": 0, "track_total_hits": True, "query": _narrowed(view, over, board.query, panel.query)}
    if aggs := _aggregations(panel, list(panel.splits()), over):
        body["aggs"] = aggs
    return body


def search_request(search: Search, view: View, over: Span, query: str = "", size: int = 50) -> Json:
    """The body of the search of a saved search: its columns as fields, newest first."""
    return {
        "size": size,
        "track_total_hits": True,
        "query": _narrowed(view, over, query, search.query),
        "fields": [*search.columns, view.time],
        "_source": False,
        "sort": [{search.sort: {"order": "desc", "unmapped_type": "boolean"}}],
    }


def rule_request(rule: Rule, view: View, now: float) -> Json:
    """The body of the search of an alerting rule."""
    over = span(f"now-{rule.window}", now)
    inner = {"metric": _metric(rule.value, view.time)} if rule.value and rule.value.of != "count" else {}
    body: Json = {"size": 0, "track_total_hits": True, "query": _narrowed(view, over, rule.query)}
    if rule.each:
        body["aggs"] = {"groups": {"terms": {"field": rule.each, "size": 100}, **({"aggs": inner} if inner else {})}}
    elif inner:
        body["aggs"] = inner
    return body


def _narrowed(view: View, over: Span, *queries: str) -> Json:
    return {"bool": {"filter": [over.query(view.time), *(kql.to_elastic(text) for text in queries if text)]}}


def _aggregations(panel: Panel, splits: Sequence[Split], over: Span) -> Json:
    if not splits:
        return dict(_metrics(panel.values))
    split, rest = splits[0], splits[1:]
    inner = dict(_metrics(panel.values)) | (_aggregations(panel, rest, over) if rest else {})
    return {"rows": {**_buckets(split, panel.values, over), **({"aggs": inner} if inner else {})}}


def _buckets(split: Split, values: Sequence[Value], over: Span) -> Json:
    if split.time:
        interval = over.step() if split.every == "auto" else split.every
        bounds = {"min": int(over.start * 1000), "max": int(over.end * 1000)}
        return {
            "date_histogram": {
                "field": split.time, "fixed_interval": interval, "time_zone": "UTC", "min_doc_count": 0,
                "extended_bounds": bounds,
            }
        }  # fmt: skip
    if split.filters:
        return {"filters": {"filters": {choice.label: kql.to_elastic(choice.where) for choice in split.filters}}}
    ranked = rank(values)
    by = "_key" if ranked is None else "_count" if values[ranked].of == "count" else f"v{ranked}"
    order = {by: "asc" if ranked is None else "desc"}
    return {"terms": {"field": split.field, "size": split.top, "shard_size": max(25, 2 * split.top), "order": order}}


def rank(values: Sequence[Value]) -> int | None:
    """Which of the values the top ones are chosen by: the first that is one number of all documents; else none."""
    return next((i for i, value in enumerate(values) if value.of in ORDERABLE and not value.where), None)


def _metrics(values: Sequence[Value]) -> Iterator[tuple[str, Json]]:
    for number, value in enumerate(values):
        metric = None if value.of == "count" else _metric(value, "@timestamp")
        if only := narrowing(value):
            inner = {"aggs": {"v": metric}} if metric else {}
            yield f"v{number}", {"filter": kql.to_elastic(only), **inner}
        elif metric:
            yield f"v{number}", metric


def narrowing(value: Value) -> str:
    """Which documents a value is of, in KQL; Kibana takes a last value only from those that have the field."""
    return value.where or (f"{value.field}: *" if value.of == "last" else "")


def _metric(value: Value, time: str) -> Json:
    if value.of in _PLAIN:
        return {_PLAIN[value.of]: {"field": value.field}}
    if value.of == "last":
        newest = [{time: {"order": "desc"}}]
        return {"top_hits": {"size": 1, "_source": False, "docvalue_fields": [value.field], "sort": newest}}
    percent = 50 if value.of == "median" else value.percentile
    return {"percentiles": {"field": value.field, "percents": [percent]}}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a panel: the key of each split (seconds for time), and each value; None where there is none."""

    keys: tuple[str | float, ...]
    values: tuple[float | str | None, ...]
    documents: int


def rows(panel: Panel, answer: Mapping[str, Any]) -> list[Row]:
    """The rows of a panel from the answer to its request, in the answer's order."""
    splits = list(panel.splits())
    if not splits:
        total = answer["hits"]["total"]["value"]
        return [Row((), _values(panel, answer.get("aggregations", {}), total), total)]
    found = list(_read(panel, splits, answer["aggregations"], ()))
    return _rated(panel, found) if any(value.of == "rate" for value in panel.values) else found


def _read(panel: Panel, splits: Sequence[Split], level: Mapping[str, Any], keys: tuple[Any, ...]) -> Iterator[Row]:
    split, rest = splits[0], splits[1:]
    buckets = level["rows"]["buckets"]
    # Elasticsearch answers filters sorted by name, Kibana shows them as they are written.
    named: list[tuple[Any, Any]] = [(choice.label, buckets[choice.label]) for choice in split.filters]
    for key, bucket in named or [(bucket["key"], bucket) for bucket in buckets]:
        here = (*keys, key / 1000 if split.time else str(bucket.get("key_as_string", key)))
        if rest:
            yield from _read(panel, rest, bucket, here)
        else:
            yield Row(here, _values(panel, bucket, bucket["doc_count"]), bucket["doc_count"])


def _values(panel: Panel, level: Mapping[str, Any], documents: int) -> tuple[float | str | None, ...]:
    return tuple(_value(value, level.get(f"v{i}", {}), documents) for i, value in enumerate(panel.values))


def _value(value: Value, found: Mapping[str, Any], documents: int) -> float | str | None:
    if narrowing(value):
        documents, found = found["doc_count"], found.get("v", {})
    if value.of == "count":
        return documents
    if "hits" in found:
        return _newest(found["hits"]["hits"])
    number: float | None = next(iter(found["values"].values())) if "values" in found else found.get("value")
    return number


def _newest(hits: Sequence[Mapping[str, Any]]) -> float | str | None:
    fields: Mapping[str, list[float | str]] = hits[0].get("fields", {}) if hits else {}
    return next(iter(fields.values()))[0] if fields else None


def _rated(panel: Panel, found: list[Row]) -> list[Row]:
    """The growth a minute between neighbours in time; a counter that begins anew counts from zero."""
    made = []
    for before, row in pairwise(found):
        minutes = (float(row.keys[-1]) - float(before.keys[-1])) / 60
        values = [
            _growth(a, b, minutes) if value.of == "rate" else b
            for value, a, b in zip(panel.values, before.values, row.values, strict=True)
        ]
        made.append(Row(row.keys, tuple(values), row.documents))
    return made


def _growth(before: object, after: object, minutes: float) -> float | None:
    if not isinstance(before, int | float) or not isinstance(after, int | float):
        return None
    return (after - before if after >= before else after) / minutes


def data_of(source: Source, panel: Panel) -> str | None:
    """Which data view a panel reads; None for one that reads none."""
    if panel.search:
        search = source.search(panel.search)
        return search.data if search else None
    return panel.data or None
