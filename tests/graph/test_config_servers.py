"""Mistakes in what the config says of Kafka and Elasticsearch: each is an error that names key and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import config, opening
from transforms.errors import DataError

FILES = {"sources": [{"kind": "files", "path": "in.jsonl"}]}


def kafka(**more: Any) -> dict[str, Any]:
    return {"sources": [{"kind": "kafka", "brokers": ["b.example:9092"], "topics": ["news"], **more}]}


def elastic(**more: Any) -> dict[str, Any]:
    return {"index": {"kind": "elasticsearch", "url": "http://search.example:9200", **more}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (kafka(brokers=[]), "sources[0].brokers"),
        (kafka(brokers=["news:secret@b.example:9092"]),
         "sources[0].brokers[0]: is not of the right form; write host:port"),
        (kafka(pattern="news.*"), "sources[0]: write either topics or pattern"),
        (kafka(start="yesterday"), "write earliest, latest, committed, or a time"),
        (kafka(start=1_772_400_000), "a number is a moment in milliseconds UTC"),
        (kafka(agency="reutrs"), 'sources[0].agency: unknown agency "reutrs"; did you mean "reuters"?'),
        (kafka(offset="latest"), 'sources[0].offset: unknown key'),
        (kafka(security={"mechanism": "PLAIN"}), "mechanism needs username and password"),
        (kafka(security={"password": "hunter2"}), "sources[0].security: username and password need a mechanism"),
        (kafka(security={"mechanism": "PLAIN", "username": "u", "password": "hunter2"}),
         "sources[0].security.password: a secret stands in the file; write ${NAME} here"),
        (elastic(url="search.example"), "not an http or https URL"),
        (elastic(prefix="News*"), "index.prefix"),
        (elastic(api_key="c2VjcmV0"), "index.api_key: a secret stands in the file; write ${NAME} here"),
        (elastic(url="http://news:hunter2@search.example:9200"), "index.url: a secret stands in the file"),
        ({"alerts": {"channels": {"bus": {"kind": "kafka", "brokers": ["b:1"], "topic": "t", "security": {
            "mechanism": "PLAIN", "username": "u", "password": "hunter2"}}}}},
         "alerts.channels.bus.security.password: a secret stands in the file"),
        (elastic(api_key="${NO_SUCH}"), "index.api_key: environment variable NO_SUCH is not set"),
        (elastic(bulk_size="8 bananas"), "index.bulk_size: '8 bananas' is not a size"),
        (elastic(retention="10d"), "index.retention: is too short; keep articles for at least three times dedupe.ttl"),
        (elastic(prefx="x"), 'index.prefx: unknown key; did you mean "prefix"?'),
        ({"index": {"kind": "elastic", "url": "http://a.example"}}, 'did you mean "elasticsearch"?'),
        ({"outputs": [{"kind": "kafka", "brokers": ["b:1"], "topics": {}}]}, "name at least one topic"),
    ],
)  # fmt: skip
def test_a_mistake_names_key_and_remedy(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({**FILES, **change}), "utf-8")
    ref = config.read(path)
    with pytest.raises(DataError) as caught:
        opening.agencies_of(ref)
    assert said in str(caught.value)
    for secret in ("hunter2", "c2VjcmV0"):
        assert secret not in str(caught.value)
