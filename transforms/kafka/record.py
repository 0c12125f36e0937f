"""From a Kafka record to the entries in it, and to dead letters that say what is none. Pure; nothing here raises.

A value is article JSON, a feed (RSS, RDF, Atom, JSON Feed), or CloudEvents that carry either; what it is is seen from
the headers, then from the value itself. One record may hold many entries.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from transforms.deadletters.record import as_bytes, held
from transforms.feeds.parse import NotAFeed, RawItem, parse_feed
from transforms.feeds.poll import dead_letter, entry_of, unusable
from transforms.feeds.specs import FeedSpec, FetchPolicy
from transforms.files.entry import KEPT_OF_LONG, MAX_LINE, Unfit, entry_of_json, json_value, source_of
from transforms.kafka import cloudevents
from transforms.kafka.cloudevents import Payload
from transforms.records import DeadLetter, Entry, Json, Origin, Source

STAGE, METHOD, INPUT_KIND = "kafka", "kafka", "record"
MAX_VALUE = MAX_LINE
# Of a feed, as of one that is polled; and of a batch, whose events may each be a feed.
MAX_ENTRIES = FetchPolicy.max_entries
_BLANK = b"\x00\t\r\n "
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_JSON_FEED = ("https://jsonfeed.org/version/", "http://jsonfeed.org/version/", "https://www.jsonfeed.org/version/")


@dataclass(frozen=True, slots=True)
class Record:
    """A record as a consumer gets it. `timestamp_ms` is below 1 where it has none; a `value` of None is a tombstone.
    `ruin` says why a record, or a whole batch that begins at its offset, could not be unpacked: `value` is its bytes.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    ruin: str | None = None


def read_record(record: Record, source: Source, reader: str, now: int, form: str = "auto") -> list[Entry | DeadLetter]:
    """All that a record holds, in order; their `origin` is (reader, offset, 0 …). A tombstone holds nothing.

    `source` says of entries what they do not say themselves. An entry arrived when it says so, else at the record's
    time, else `now` (seconds UTC), which neither may be after (the entry's word by more than a day). `form` is "auto",
    or what all values are: "json" (articles), "feed" or "cloudevents".
    """
    if record.value is None:
        return []
    stamp = record.timestamp_ms // 1000
    return _Reading(record, source, reader, now, min(stamp, now) if stamp > 0 else now, form).read()


def replayed_record(letter: DeadLetter, now: int | None = None) -> list[Entry | DeadLetter]:
    """What a letter of this module (`input_kind` record) holds when it is read again, with the origin and the arrival
    that it had. What still cannot be read comes back as a letter of the same id. `now` defaults to the clock's."""
    data = letter.input
    if data.get("truncated"):
        return [letter]
    try:
        record = Record(
            str(data["topic"]),
            int(data["partition"]),
            int(data["offset"]),
            int(data["timestamp"]),
            None if data["key"] is None else as_bytes(data["key"]),
            as_bytes(data["value"]),
            tuple(
                (str(name), None if value is None else as_bytes(value))
                for header in data["headers"]
                for name, value in header.items()
            ),
            data.get("ruin"),
        )
        source = Source(**data["source"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return [letter]
    part, form, origin = data.get("part"), str(data.get("format", "auto")), letter.origin
    at = int(time.time()) if now is None else now
    return _Reading(record, source, origin.reader, at, letter.arrived, form, part, origin.seq if part else 0).read()


class _Reading:
    """The reading of one record. `part` is the number (from 1) of the event that is read, in a batch; `first` is the
    `seq` of what is found first."""

    def __init__(
        self,
        record: Record,
        source: Source,
        reader: str,
        now: int,
        arrived: int,
        form: str,
        part: int | None = None,
        first: int = 0,
    ) -> None:
        self.record, self.source, self.reader, self.now, self.arrived = record, source, reader, now, arrived
        self.form, self.part, self.first = form, part, first
        self.value = record.value or b""
        self.headers = _by_name(record.headers)
        self.found: list[Entry | DeadLetter] = []

    def read(self) -> list[Entry | DeadLetter]:
        """All that the record holds."""
        try:
            payload = self._open()
            if isinstance(payload, list):
                self._take_batch(payload)
            else:
                self._take(payload)
        except Unfit as error:
            self._bury(str(error))
        return self.found

    def _open(self) -> Payload | list[Any]:
        """What the record carries, or the events of the batch that it is. Raises Unfit."""
        if self.record.ruin is not None:
            raise Unfit(f"cannot be unpacked: {self.record.ruin}")
        if len(self.value) > MAX_VALUE:
            raise Unfit(f"the value is longer than {MAX_VALUE // 2**20} MB")
        if not self.value or self.value.isspace():
            raise Unfit("the value is empty, which is neither an article nor a tombstone")
        content_type = self.headers.get("content-type", "")
        if self.form in ("json", "feed"):
            return Payload(self.value, content_type)
        structured = cloudevents.is_structured(content_type)
        if not structured and cloudevents.is_binary(self.headers):
            return cloudevents.of_headers(self.headers, self.value)
        structured = structured or self.form == "cloudevents"
        if not structured and _is_markup(self.value):
            return Payload(self.value, content_type)
        value = _json(self.value)
        if isinstance(value, list) and self.part is None and (structured or cloudevents.is_batch(value)):
            return value
        if structured or cloudevents.is_event(value):
            return cloudevents.of_event(value)
        return Payload(value, content_type)

    def _take_batch(self, events: list[Any]) -> None:
        for number, event in enumerate(events[:MAX_ENTRIES], 1):
            try:
                self._take(cloudevents.of_event(event), alone=False)
            except Unfit as error:
                # The letter holds the one event, not the batch: it is what is read again, and may be mended.
                text = json.dumps(event, ensure_ascii=False)
                self._bury(str(error), number, text)
        if len(events) > MAX_ENTRIES:
            self._bury(f"a batch of {len(events)} events, of which the first {MAX_ENTRIES} are read")

    def _take(self, payload: Payload, alone: bool = True) -> None:
        """The entries of a payload. Raises Unfit where it is neither an article nor a feed."""
        content = payload.content
        if isinstance(content, bytes):
            if self.form == "feed" or _is_markup(content):
                return self._take_feed(content, payload)
            content = _json(content)
        if self.form != "json" and _is_json_feed(content):
            whole = json.dumps(content).encode()
            return self._take_feed(whole, replace(payload, content_type=""))
        # In a batch the key is the batch's; as the guid of its articles it would make them one.
        guid = _key(self.record.key) if alone and self.part is None else None
        self.found.append(
            entry_of_json(
                content, self.source, self._origin(), self.now, method=METHOD, arrived=self.arrived, guid=guid
            )
        )
        return None

    def _take_feed(self, body: bytes, payload: Payload) -> None:
        feed = parse_feed(body, payload.content_type, payload.base, MAX_ENTRIES)
        if isinstance(feed, NotAFeed):
            raise Unfit(f"not a feed that can be read ({feed.reason})")
        default = replace(self.source, name=self.source.name or " ".join(feed.title.split())[:200])
        for item in feed.items:
            self._take_item(item, FeedSpec(self.record.topic, "", source_of(None, item.url, default, METHOD)))
        if feed.dropped:
            total = len(feed.items) + feed.dropped
            self._bury(f"a feed of {total} items, of which the first {MAX_ENTRIES} are read")

    def _take_item(self, item: RawItem, feed: FeedSpec) -> None:
        problem = unusable(item)
        if problem is None:
            self.found.append(entry_of(feed, item, self._origin(), self.arrived, METHOD))
            return
        letter = dead_letter(feed, item, self._origin(), self.arrived, problem)
        where = {"topic": self.record.topic, "partition": self.record.partition, "offset": self.record.offset}
        self.found.append(replace(letter, stage=STAGE, input={**letter.input, "method": METHOD, "record": where}))

    def _origin(self) -> Origin:
        return Origin(self.reader, self.record.offset, self.first + len(self.found))

    def _bury(self, reason: str, part: int | None = None, value: str | None = None) -> None:
        """A dead letter of the whole record, or with the `value` of one part."""
        record = self.record
        size = len(self.value) + len(record.key or b"") + sum(len(n) + len(v or b"") for n, v in record.headers)
        whole = size <= MAX_VALUE
        most = None if whole and value is None else KEPT_OF_LONG
        data: Json = {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": record.timestamp_ms,
            "key": None if record.key is None else held(record.key[:most]),
            "value": held(self.value[:most]) if value is None else value,
            # One object each, for a name may come again, and a secret is known by its name.
            "headers": [{name: None if v is None else held(v[:most])} for name, v in record.headers],
            "source": {**self.source.document(), "agency": self.source.agency},
        }
        if not whole and value is None:
            data |= {"truncated": True, "length": len(self.value)}
        if record.ruin is not None:
            data["ruin"] = record.ruin
        if self.form != "auto":
            data["format"] = self.form
        if (number := part or self.part) is not None:
            data["part"] = number
        self.found.append(DeadLetter(STAGE, reason, INPUT_KIND, data, self._origin(), self.arrived))


def _by_name(headers: tuple[tuple[str, bytes | None], ...]) -> Mapping[str, str]:
    """Headers as text, by their names in lower case; of a name that comes again the first counts."""
    found: dict[str, str] = {}
    for name, value in headers:
        if value is not None:
            found.setdefault(name.lower(), value[:4096].decode("utf-8", "replace"))
    return found


def _json(value: bytes) -> Any:
    if value[:1] == b"\0":
        raise Unfit("not JSON: it begins with a zero byte, as Avro and Protobuf of a schema registry do")
    return json_value(value)


def _is_markup(value: bytes) -> bool:
    """Whether a value begins as XML does, in whatever encoding."""
    head = value[:512]
    for mark in _BOMS:
        head = head.removeprefix(mark)
    return head.lstrip(_BLANK)[:1] == b"<"


def _is_json_feed(value: Any) -> bool:
    version = value.get("version") if isinstance(value, dict) else None
    return isinstance(version, str) and version.startswith(_JSON_FEED)


def _key(key: bytes | None) -> str | None:
    """A record's key as the guid of the article in it: only text can be one."""
    try:
        text = (key or b"").decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text or None
