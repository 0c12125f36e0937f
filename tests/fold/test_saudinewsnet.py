"""Folding 14,524 real Arabic articles of 14 papers: recall of reposts, links that are none, and any order alike."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fold.fold_play import DAY, TTL, Outcome
from tests.running import shared
from transforms.fold.memory import Memory
from transforms.fold.placement import placement
from transforms.fold.shingles import Hashes, fingerprint
from transforms.records import Article, Origin, Source
from transforms.text import fold, words

CONTAINED, CUT, FAR_S = 0.6, 0.3, 3 * DAY


@dataclass(frozen=True)
class Pair:
    """Two articles with the same shingles, as the data's own labels have it."""

    ids: tuple[str, str]
    containment: float
    jaccard: float


@dataclass(frozen=True)
class Papers:
    """All articles with their fingerprints, by id, and the pairs of different papers."""

    articles: dict[str, Article]
    prints: dict[str, Hashes]
    pairs: list[Pair]

    def folded(self, order: Iterable[str]) -> Memory:
        memory = Memory(TTL, 1)
        for name in order:
            memory.decide(self.articles[name], self.prints[name], None)
            memory.changed.clear()
        return memory


def _time(written: str) -> int:
    return int(datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def papers() -> Papers:
    articles: dict[str, Article] = {}
    with gzip.open(shared("saudinewsnet", "articles.jsonl.gz"), "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            at, name = _time(row["date_extracted"]), str(row["id"])
            articles[name] = Article(
                id=name, origin=Origin("file"), source=Source(row["source"]), arrived=at, url=row["url"], guid=None,
                title=row["title"], body=row["content"], published=at,
            )  # fmt: skip
    pairs = []
    with gzip.open(shared("saudinewsnet", "overlap_pairs.tsv.gz"), "rt", encoding="utf-8") as file:
        head = file.readline().rstrip("\n").split("\t")
        for line in file:
            row = dict(zip(head, line.rstrip("\n").split("\t"), strict=True))
            if row["source1"] != row["source2"] and abs(_time(row["date1"]) - _time(row["date2"])) <= FAR_S:
                pairs.append(Pair((row["id1"], row["id2"]), float(row["containment"]), float(row["jaccard"])))
    return Papers(articles, {name: fingerprint(article.body) for name, article in articles.items()}, pairs)


@pytest.fixture(scope="module")
def memory(papers: Papers) -> Memory:
    return papers.folded(papers.articles)


def _outcome(memory: Memory) -> Outcome:
    out: Outcome = {}
    for story in memory.stories.values():
        ids = [member.id for member in story.group.members]
        for name in ids:
            role = "unique" if len(ids) == 1 else "original" if name == ids[0] else "repost"
            out[name] = (frozenset(ids), role, None if len(ids) == 1 else ids[0])
    return out


def _shingles(article: Article) -> set[tuple[str, ...]]:
    found = words(fold(article.body))
    return {tuple(found[i : i + 5]) for i in range(len(found) - 4)}


@pytest.mark.slow
def test_recall_of_reposts(papers: Papers, memory: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    found: Counter[str] = Counter()
    for pair in papers.pairs:
        if pair.containment < CONTAINED:
            continue
        one, other = (memory.members[name] for name in pair.ids)
        hit = one.story == other.story or other.id in one.links or one.id in other.links
        cut = pair.jaccard < CUT
        found.update({"all": 1, "all hit": hit, "cut": cut, "cut hit": cut and hit})
    recall, of_cut = found["all hit"] / found["all"], found["cut hit"] / found["cut"]
    with capsys.disabled():
        print(f"\nsaudinewsnet: recall {recall:.4f} of {found['all']}, truncated {of_cut:.4f} of {found['cut']}")
    assert found["all"] > 6000
    assert found["cut"] > 800
    assert recall >= 0.995
    assert of_cut >= 0.985


def _between(papers: Papers, memory: Memory) -> dict[tuple[str, str], float]:
    """Containment of each link between two papers: named in `copied_from`, or of a repost and its original."""
    links: set[tuple[str, str]] = set()
    for story in memory.stories.values():
        original = story.group.members[0]
        for member in story.group.members:
            told = placement(member, story.group, story.id, story.merged_from, memory.members)
            links |= {(member.id, entry["id"]) for entry in told["copied_from"]}
            if member is not original:
                links.add((member.id, original.id))
    between = [link for link in links if len({papers.articles[name].source.id for name in link}) == 2]
    sets = {name: _shingles(papers.articles[name]) for link in between for name in link}
    return {
        (one, other): len(sets[one] & sets[other]) / max(1, min(len(sets[one]), len(sets[other])))
        for one, other in between
    }


@pytest.mark.slow
def test_links_between_papers_are_right(papers: Papers, memory: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    links = _between(papers, memory)
    low = {link for link, containment in links.items() if containment < 0.5}
    with capsys.disabled():
        print(f"saudinewsnet: {len(links)} links between papers, {len(low) / len(links):.4f} below containment .5")
    assert len(links) > 3000
    assert len(low) / len(links) <= 0.015
    with (Path(__file__).parent / "judged_links.tsv").open(encoding="utf-8") as file:
        judged = {(row["id"], row["other"]): row["judgement"] for row in csv.DictReader(file, delimiter="\t")}
    assert low - judged.keys() == set(), "read these, and say in the table what they are"
    assert Counter(judged.values())["unrelated"] == 0


@pytest.mark.slow
def test_the_agency_own_article_is_the_original(papers: Papers, capsys: pytest.CaptureFixture[str]) -> None:
    memory = Memory(TTL, 1)
    for name, article in papers.articles.items():
        memory.decide(article, papers.prints[name], "spa" if article.source.id == "was" else None)
        memory.changed.clear()
    elected = [
        story.group.members[0].sources[0].id == "was"
        for story in memory.stories.values()
        if len(story.group.members) > 1 and any(member.sources[0].id == "was" for member in story.group.members)
    ]
    with capsys.disabled():
        print(f"saudinewsnet: the agency's own article is the original of {sum(elected)} of {len(elected)} stories")
    assert len(elected) > 40
    assert sum(elected) >= 0.9 * len(elected)


@pytest.mark.slow
def test_any_order_gives_the_same_stories(papers: Papers, memory: Memory) -> None:
    order = list(papers.articles)
    random.Random(1).shuffle(order)
    assert _outcome(papers.folded(order)) == _outcome(memory)
