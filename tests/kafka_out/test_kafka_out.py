"""Documents to topics of a real Kafka: what is published, and when; what is refused; what happens while it is away."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from pydantic import TypeAdapter, ValidationError

from tests.kafka_out.kafka_out_parts import DAM, DAY, WIRE, Newsroom, in_background, latest, read_topic
from transforms.alert.channels import Channel
from transforms.alert.senders import build_senders
from transforms.deadletters.again import again
from transforms.deadletters.record import from_line, to_line
from transforms.feeds.guard import Guard
from transforms.index.interface import Parcel
from transforms.kafka import outlets
from transforms.kafka.outlet import KafkaAway
from transforms.kafka.outlets import open_outlet
from transforms.kafka.publish import Publisher, document_bytes
from transforms.kafka.record import Record, read_record
from transforms.kafka.security import KafkaSecurity
from transforms.kafka.sender import KafkaSender
from transforms.kafka.specs import OutputSpec
from transforms.kafka.write import WriteKafka
from transforms.records import DeadLetter, Entry, Source

pytestmark = pytest.mark.servers
Topic = Callable[..., str]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    newsroom = Newsroom(tmp_path)
    yield newsroom
    newsroom.index.close()


@pytest.fixture
def spec(kafka_brokers: str, topic: Topic) -> OutputSpec:
    return OutputSpec((kafka_brokers,), articles=topic(partitions=3), stories=topic())


def closed_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


def exported(room: Newsroom) -> dict[str, Any]:
    return {document["id"]: document for document in room.index.export()}


def test_every_document_that_writes_touch_is_published_as_it_is_printed(room: Newsroom, spec: OutputSpec) -> None:
    publisher = Publisher(spec)
    for name, text in (("agency", WIRE), ("blog", WIRE + " More soon."), ("dam", DAM)):
        assert publisher.publish(room.index, [room.take(name, text)]) == []
    articles = read_topic(spec.brokers[0], spec.articles or "")
    assert latest(articles) == exported(room)
    # The agency's article was unique, and became the original when the blog's came.
    assert len(articles) == 4
    assert {tuple(sorted(message.headers.items())) for message in articles} == {
        (("content-type", "application/json"), ("schema-version", "1"))
    }
    stories = latest(read_topic(spec.brokers[0], spec.stories or ""))
    assert stories == {key: room.index.story(key) for key in stories}
    assert sorted(len(story["members"]) for story in stories.values()) == [1, 2]


def test_what_was_published_is_not_published_again_for_a_repetition(room: Newsroom, spec: OutputSpec) -> None:
    publisher = Publisher(spec)
    decision = room.take("agency", WIRE)
    publisher.publish(room.index, [decision])
    known = room.decide(decision.article)
    assert known.outcome == "known"
    publisher.publish(room.index, [known, known])
    assert len(read_topic(spec.brokers[0], spec.articles or "")) == 1


def test_what_a_crash_kept_from_the_broker_is_published_when_it_is_seen_again(room: Newsroom, spec: OutputSpec) -> None:
    first = room.take("agency", WIRE)
    Publisher(spec).publish(room.index, [first])
    # Written to the index, and then the process died: the original's new role was not published either.
    lost = room.take("blog", WIRE + " More soon.")
    again_known = room.decide(lost.article)
    assert (again_known.outcome, again_known.writes) == ("known", ())
    Publisher(spec).publish(room.index, [again_known])
    assert latest(read_topic(spec.brokers[0], spec.articles or "")) == exported(room)
    (story,) = latest(read_topic(spec.brokers[0], spec.stories or "")).values()
    assert len(story["members"]) == 2


def test_a_story_that_was_merged_away_is_a_tombstone(room: Newsroom, spec: OutputSpec) -> None:
    publisher = Publisher(spec)
    half, other = WIRE[: len(WIRE) // 2], WIRE[len(WIRE) // 2 :]
    publisher.publish(room.index, [room.take("north", half), room.take("south", other)])
    before = latest(read_topic(spec.brokers[0], spec.stories or ""))
    assert len(before) == 2
    publisher.publish(room.index, [room.take("agency", WIRE, agency="agency")])
    after = latest(read_topic(spec.brokers[0], spec.stories or ""))
    assert after == {key: room.index.story(key) if _living(room, key) else None for key in after}
    assert list(after.values()).count(None) == 1


def _living(room: Newsroom, key: str) -> bool:
    story = room.index.story(key)
    return story is not None and story["id"] == key


def test_a_story_that_an_article_leaves_is_published_too(room: Newsroom, spec: OutputSpec) -> None:
    publisher = Publisher(spec)
    first = room.take("agency", WIRE)
    blog = room.take("blog", WIRE + " More soon.")
    publisher.publish(room.index, [first, blog])
    moved = room.decide(replace(blog.article, body=DAM, origin=replace(blog.article.origin, seq=99)))
    assert moved.outcome == "revision"
    publisher.publish(room.index, [moved])
    stories = latest(read_topic(spec.brokers[0], spec.stories or ""))
    assert stories == {key: room.index.story(key) for key in stories}
    assert sorted(len(story["members"]) for story in stories.values()) == [1, 1]


def test_what_was_forgotten_is_a_tombstone(room: Newsroom, spec: OutputSpec) -> None:
    decision = room.take("agency", WIRE)
    Publisher(spec).publish(room.index, [decision])
    room.index.forget([decision.article.id])
    room.memory.forget([decision.article.id])
    back = room.decide(decision.article)
    assert back.outcome == "forgotten"
    Publisher(spec).publish(room.index, [back])
    assert latest(read_topic(spec.brokers[0], spec.articles or "")) == {decision.article.id: None}


def test_published_articles_can_be_read_as_a_source(room: Newsroom, spec: OutputSpec) -> None:
    decision = room.take("agency", WIRE)
    value = document_bytes(exported(room)[decision.article.id])
    (entry,) = read_record(Record("t", 0, 0, DAY * 1000, b"k", value), Source(""), "r", DAY)
    assert isinstance(entry, Entry)
    assert (entry.url, entry.body, entry.source.id) == (decision.article.url, WIRE, "agency")


@pytest.mark.parametrize("by_broker", [True, False])
def test_too_large_a_document_is_a_dead_letter_and_the_rest_goes_on(
    room: Newsroom, kafka_brokers: str, topic: Topic, by_broker: bool
) -> None:
    small = {"max.message.bytes": "20000"} if by_broker else {}
    spec = OutputSpec((kafka_brokers,), articles=topic(**small), max_bytes=2**20 if by_broker else 20_000)
    publisher = Publisher(spec)
    large = " ".join(f"Line {number} of a very long report." for number in range(900))
    decisions = [room.take("one", WIRE), room.take("long", large), room.take("two", DAM)]
    (letter,) = publisher.publish(room.index, decisions)
    assert "too large for topic" in letter.reason
    assert decisions[1].article.id in letter.reason
    assert letter.origin.reader == f"output:{spec.articles}"
    told = latest(read_topic(kafka_brokers, spec.articles or ""))
    assert told.keys() == {decisions[0].article.id, decisions[2].article.id}
    # Refused once more it is the same letter, and its replay brings the article that it is of.
    (repeated,) = Publisher(spec).publish(room.index, [room.decide(decisions[1].article)])
    assert to_line(repeated)[0] == to_line(letter)[0]
    (entry,) = again(from_line(to_line(letter)[1]).letter)
    assert isinstance(entry, Entry)
    assert entry.body == large
    assert publisher.publish(room.index, [room.take("three", WIRE + " So it is.")]) == []


def test_a_story_of_many_members_is_published_with_their_number(
    room: Newsroom, kafka_brokers: str, topic: Topic
) -> None:
    spec = OutputSpec((kafka_brokers,), stories=topic(), max_bytes=8000)
    publisher = Publisher(spec)
    decisions = [room.take(f"blog{number}", f"{WIRE} Signed {number}.") for number in range(12)]
    assert publisher.publish(room.index, decisions) == []
    (story,) = latest(read_topic(kafka_brokers, spec.stories or "")).values()
    assert story["members"] == 12


def test_decisions_go_on_through_the_stage_and_letters_beside_them(
    room: Newsroom, kafka_brokers: str, topic: Topic
) -> None:
    spec = OutputSpec((kafka_brokers,), articles=topic(), max_bytes=20_000)
    large = " ".join(f"Line {number} of a very long report." for number in range(900))
    decisions = [room.take("one", WIRE), room.take("long", large)]
    _OPEN["spec"], _OPEN["index"], _OPEN["passed"] = spec, room.index, []
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        written = pipeline | beam.Create(decisions) | WriteKafka(_open_spec, _open_index)
        written.decisions | "Passed" >> beam.Map(_pass)
        written.dead | "Dead" >> beam.Map(_pass)
    passed = _OPEN["passed"]
    assert sorted(item.article.id for item in passed if not isinstance(item, DeadLetter)) == sorted(
        decision.article.id for decision in decisions
    )
    assert sum(isinstance(item, DeadLetter) for item in passed) == 1


_OPEN: dict[str, Any] = {}


def _open_spec() -> OutputSpec:
    spec: OutputSpec = _OPEN["spec"]
    return spec


def _open_index() -> Any:
    return _OPEN["index"]


def _pass(item: Any) -> None:
    _OPEN["passed"].append(item)


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_compressed_messages_are_read_back(room: Newsroom, kafka_brokers: str, topic: Topic, codec: str) -> None:
    spec = OutputSpec((kafka_brokers,), articles=topic(), compression=codec)
    decisions = [room.take(f"paper{number}", f"{number} {DAM}") for number in range(30)]
    Publisher(spec).publish(room.index, decisions)
    assert latest(read_topic(kafka_brokers, spec.articles or "")) == exported(room)


def test_a_cluster_that_is_away_is_waited_for_until_somebody_gives_up(room: Newsroom) -> None:
    spec = OutputSpec((closed_port(),), articles="news")
    thread, outcome = in_background(lambda: Publisher(spec).publish(room.index, [room.take("one", WIRE)]))
    until = time.monotonic() + 20
    while outlets.trouble() is None and time.monotonic() < until:
        time.sleep(0.05)
    told = outlets.trouble() or ""
    assert spec.brokers[0] in told
    assert "waiting since" in told
    assert thread.is_alive()
    outlets.give_up()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(outcome[0], KafkaAway)
    with pytest.raises(KafkaAway):
        open_outlet(spec).send("news", b"k", b"v")
    outlets.begin()
    assert not open_outlet(spec).gone
    assert outlets.trouble() is None


def parcel(number: int) -> Parcel:
    return Parcel(f"alert-{number}:desk", "desk", {"id": f"alert-{number}", "rule": "ferries", "title": "العبّارة"}, 0)


def test_an_alert_is_sent_with_its_key(kafka_brokers: str, topic: Topic) -> None:
    spec = OutputSpec((kafka_brokers,), alerts=topic())
    sender = KafkaSender(lambda: spec)
    assert sender.deliver(parcel(1)).delivered
    (message,) = read_topic(kafka_brokers, spec.alerts or "")
    assert (message.key, message.value) == ("alert-1", parcel(1).alert)
    assert message.headers["idempotency-key"] == "alert-1:desk"


def test_an_alert_that_is_too_large_fails_for_good(kafka_brokers: str, topic: Topic) -> None:
    spec = OutputSpec((kafka_brokers,), alerts=topic(), max_bytes=2000)
    large = replace(parcel(1), alert={**parcel(1).alert, "reason": "x" * 3000})
    outcome = KafkaSender(lambda: spec).deliver(large)
    assert (outcome.delivered, outcome.again) == (False, False)
    assert "too large" in outcome.reason


def test_an_alert_waits_for_a_cluster_that_is_away() -> None:
    spec = OutputSpec((closed_port(),), alerts="alerts")
    outcome = KafkaSender(lambda: spec, patience_s=0.1).deliver(parcel(1))
    assert (outcome.delivered, outcome.again) == (False, True)
    assert spec.brokers[0] in outcome.reason


def test_no_secret_is_shown() -> None:
    spec = OutputSpec(("a:1",), alerts="alerts", security={"sasl_plain_password": "hush-hush"})
    assert "hush" not in repr(spec)
    with pytest.raises(TypeError, match="does not travel"):
        json.dumps(spec.__reduce__())


def test_a_channel_of_the_config_is_a_sender(kafka_brokers: str, topic: Topic, tmp_path: Path) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Channel)
    name = topic()
    channel = adapter.validate_python({"kind": "kafka", "brokers": [kafka_brokers], "topic": name})
    sender = build_senders({"bus": channel}, tmp_path, Guard(()))["bus"]
    assert sender.deliver(parcel(7)).delivered
    assert [message.key for message in read_topic(kafka_brokers, name)] == ["alert-7"]
    mistakes: tuple[dict[str, Any], ...] = (
        {"brokers": []},
        {"brokers": ["kafka://a:1"]},
        {"topic": "a b"},
        {"security": {"mechanism": "PLAIN"}},
    )
    for wrong in mistakes:
        with pytest.raises(ValidationError):
            adapter.validate_python({"kind": "kafka", "brokers": [kafka_brokers], "topic": name, **wrong})


def test_security_is_told_as_kafka_python_wants_it(tmp_path: Path) -> None:
    security = KafkaSecurity.model_validate(
        {"ca": "ca.pem", "mechanism": "SCRAM-SHA-512", "username": "desk", "password": "hush-hush"}
    )
    assert "hush" not in repr(security)
    assert security.options(tmp_path) == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "desk",
        "sasl_plain_password": "hush-hush",
        "ssl_cafile": str(tmp_path / "ca.pem"),
    }
    assert KafkaSecurity().options(tmp_path) == {"security_protocol": "PLAINTEXT"}


def test_of_two_at_once_none_overtakes_the_other_with_older_documents(room: Newsroom, spec: OutputSpec) -> None:
    publisher, deciding = Publisher(spec), threading.Lock()

    def work(name: str) -> None:
        for number in range(25):
            with deciding:
                decision = room.take(f"{name}{number}", f"{WIRE} Signed {name} {number}.")
            publisher.publish(room.index, [decision])

    threads = [in_background(partial(work, name)) for name in ("north", "south")]
    for thread, outcome in threads:
        thread.join(60)
        assert outcome == [None]
    assert latest(read_topic(spec.brokers[0], spec.articles or "")) == exported(room)
    (told,) = latest(read_topic(spec.brokers[0], spec.stories or "")).items()
    assert told[1] == room.index.story(told[0])
    assert len(told[1]["members"]) == 50
