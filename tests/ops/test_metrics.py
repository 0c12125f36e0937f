"""What the graph counts: the names stay, the page tells them, and the values are those of the index."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline import measured
from tests.docs import docs_pages
from tests.elastic_faults.fault_proxy import items
from tests.elastic_faults.fault_rig import fresh, rig
from tests.kafka_elastic.recorded import send
from tests.kafka_elastic.streams import Lag, running, settled
from tests.running import ROOT, answer, configure, write_lines
from transforms import metrics
from transforms.index.interface import WRITTEN

# A dashboard relies on these. Add below; a name, a kind or a unit that stands here is never changed nor taken away.
PINNED = {
    "polls": ("counter", "polls"),
    "fetch_errors": ("counter", "polls"),
    "feed_lag_ms": ("distribution", "ms"),
    "entries": ("counter", "entries"),
    "articles": ("counter", "articles"),
    "revisions": ("counter", "articles"),
    "sightings": ("counter", "articles"),
    "known": ("counter", "articles"),
    "reposts": ("counter", "articles"),
    "dead_letters": ("counter", "letters"),
    "dead_letters_read": ("counter", "letters"),
    "dead_letters_files": ("counter", "letters"),
    "dead_letters_kafka": ("counter", "letters"),
    "dead_letters_clean": ("counter", "letters"),
    "dead_letters_index": ("counter", "letters"),
    "dead_letters_output": ("counter", "letters"),
    "index_batch": ("distribution", "decisions"),
    "index_batch_ms": ("distribution", "ms"),
    "index_writes": ("counter", "groups"),
    "index_stale": ("counter", "groups"),
    "index_rejected": ("counter", "groups"),
    "index_retries": ("counter", "tries"),
    "feed_to_index_ms": ("distribution", "ms"),
    "kafka_to_index_ms": ("distribution", "ms"),
    "alerts": ("counter", "alerts"),
    "kafka_lag": ("gauge", "records"),
    "fold_articles": ("gauge", "articles"),
    "fold_rebuilds": ("counter", "times"),
}


def test_names_kinds_and_units_stay() -> None:
    assert metrics.NAMESPACE == "news"
    assert {name: (one.kind, one.unit) for name, one in metrics.ALL.items()} == PINNED


def test_the_page_tells_each() -> None:
    told = {row[0].strip("`"): tuple(row[1:]) for row in docs_pages.rows("docs/metrics.md", "## Names")}
    assert told == {name: (one.kind, one.unit, one.meaning) for name, one in metrics.ALL.items()}


@pytest.mark.prism
@pytest.mark.slow
def test_a_day_on_prism_is_counted_as_the_index_counts_it(tmp_path: Path) -> None:
    config = configure(
        tmp_path,
        [{"kind": "newsroom", "day": "30s"}],
        alerts={"rules": str(ROOT / "pipeline" / "newsroom" / "rules.yaml"), "channels": {}},
    )
    (told,) = answer(config, "run")
    counted = told["metrics"]
    for name in ("polls", "articles", "revisions", "alerts"):
        assert counted[name] == told[name] > 0, name
    assert counted["fetch_errors"] == told["failed_polls"]
    # No two stories are merged in the sample, and no revised article leaves one.
    assert counted["reposts"] == told["reposts"] > 0
    taken = sum(counted.get(name, 0) for name in ("articles", "revisions", "sightings", "known"))
    assert taken == counted["entries"]
    assert counted["fold_articles"] <= counted["articles"]
    assert counted["fold_rebuilds"] == 1
    lag, latency, batch = (counted[name] for name in ("feed_lag_ms", "feed_to_index_ms", "index_batch"))
    assert lag["count"] == told["polls"]
    assert latency["count"] == counted["articles"] + counted["revisions"]
    assert round(batch["count"] * batch["mean"]) == taken
    for one in (lag, latency):
        assert 0 < one["least"] <= one["mean"] <= one["most"] < 60_000
    assert "kafka_to_index_ms" not in counted


def record(number: int, **more: Any) -> dict[str, Any]:
    body = " ".join(f"word{number}x{n} of the harbour master's report" for n in range(12))
    source = {"id": "harbour", "domain": "port.example"}
    return {"url": f"https://port.example/{number}", "title": f"Ferry {number}", "body": body, "source": source, **more}


@pytest.mark.prism
def test_dead_letters_are_counted_by_stage_and_what_is_known_as_known(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [record(1), record(2), {"title": "neither address nor guid"}])
    with (tmp_path / "a.jsonl").open("a", encoding="utf-8") as file:
        file.write("no JSON\n")
        file.write(json.dumps(record(3, body="<p></p>", title="")) + "\n")
    config = configure(tmp_path, [{"kind": "files", "path": "a.jsonl"}])
    (told,) = answer(config, "run")
    stages = Counter(json.loads(line)["stage"] for line in (tmp_path / "dead.jsonl").read_text("utf-8").splitlines())
    assert stages["files"] >= 2
    counted = told["metrics"]
    assert counted["dead_letters"] == sum(stages.values())
    for stage, number in stages.items():
        assert counted[f"dead_letters_{stage}"] == number
    assert counted["articles"] == told["articles"] == 2
    # A file tells of other times: how long it took to come into the index is not measured.
    assert "feed_to_index_ms" not in counted
    (again,) = answer(config, "run")
    assert again["metrics"]["known"] == 2
    assert "articles" not in again["metrics"]


@pytest.mark.servers
@pytest.mark.prism
@pytest.mark.slow
def test_kafka_to_elasticsearch(kafka_brokers: str, elastic_url: str, prefix: str, topic: Any, tmp_path: Path) -> None:
    name = topic()
    config = configure(
        tmp_path,
        [{"kind": "kafka", "brokers": [kafka_brokers], "topics": [name], "group": name}],
        index={"kind": "elasticsearch", "url": elastic_url, "prefix": prefix},
    )
    send(kafka_brokers, name, [(None, json.dumps(record(n)).encode()) for n in range(20)] + [(None, b"no JSON")])
    with running(config, "--json") as alive:
        settled(alive, Lag(kafka_brokers, name, name))
        # The source looks a few times a second; the last look finds all of it committed.
        time.sleep(2)
    told = json.loads(alive.log.read_text("utf-8").splitlines()[-1])
    counted = told["metrics"]
    assert counted["articles"] == counted["kafka_to_index_ms"]["count"] == told["articles"] == 20
    assert counted["dead_letters"] == counted["dead_letters_kafka"] == 1
    assert counted["kafka_lag"] == 0


@pytest.mark.servers
def test_what_was_sent_again_is_told_once(elastic_url: str, prefix: str) -> None:
    with rig(elastic_url, prefix) as made:
        made.index.retried()
        made.proxy.rule("POST", "/_bulk", items(lambda n, _: 429 if n < 3 else None), body="-articles-")
        assert set(made.index.apply(fresh(5))) == {WRITTEN}
        assert made.index.retried() == 3
        assert made.index.retried() == 0
        assert made.stats()["retries"] == 3


def test_summaries_are_united() -> None:
    one = {"articles": 2, "lag": {"count": 1, "mean": 4.0, "least": 4, "most": 4}}
    other = {"polls": 1, "articles": 3, "lag": {"count": 3, "mean": 8.0, "least": 1, "most": 20}}
    lag = {"count": 4, "mean": 7.0, "least": 1, "most": 20}
    assert measured.united(one, other) == {"articles": 5, "polls": 1, "lag": lag}
