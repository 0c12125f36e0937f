"""What fifty feeds publish in a minute, planned from a seed: which item stands in which feed from which moment on.

Moments are seconds of the plan's clock, which starts with the first request. Most feeds are well; some answer 500 for a
while, one hangs, one never has an item, one brings items with old dates.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field, replace

from tests.stream.texts import Writer

FEEDS = 50
INTERVAL_S = 2
AGENCY_FEEDS = {0: "reuters", 1: "afp"}
WIRES, PORTALS = range(10), range(10, 46)
FAILING = tuple(range(30, 36))
SILENT, HANGING, LATE = 46, 47, 48
LAST_S, WHOLE_S = 40.0, 60.0
HANG_AT, HANG_S = 5.0, 30.0
STORIES, UNIQUES = 22, 45
TWO_DAYS, TWENTY_DAYS = 2 * 86400, 20 * 86400

SANCTIONS = (
    "Ministers in {place} agreed on economic sanctions and an arms embargo against the {noun} owners of {place}.",
    "The sanctions regime follows {number} violations of an earlier trade embargo, {who} {said} {when}.",
)
PIGMENT = "Painters had mixed the ultramarine themselves."
RULES = """rules:
  - {id: sanctions, severity: high, any_topic: [sanctions]}
  - {id: two-sources, query: 'body:ultramarine', min_sources: 2}
  - {id: every-story, severity: low, query: 'body:pigeonhole'}
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a feed. `dated` counts from the plan's start. `word` is in no other item's text."""

    word: str
    url: str | None
    title: str
    sentences: tuple[str, ...]
    dated: int


@dataclass(frozen=True, slots=True)
class Showing:
    """An item stands in a feed from `at` on, or, with `over`, takes the place of that feed's item of the same URL."""

    feed: int
    at: float
    item: Item
    over: bool = False


@dataclass(slots=True)
class Plan:
    """All showings, when which feed fails, and what must come of it: stories as lists of URLs, the original first."""

    showings: list[Showing] = field(default_factory=list)
    failing: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    stories: list[list[str]] = field(default_factory=list)
    revised: dict[str, int] = field(default_factory=dict)

    def first_shown(self) -> dict[str, tuple[float, int]]:
        """For each URL the moment and the feed where it first stands."""
        first: dict[str, tuple[float, int]] = {}
        for showing in self.showings:
            if showing.item.url and not showing.over:
                first[showing.item.url] = min(first.get(showing.item.url, (1e9, 0)), (showing.at, showing.feed))
        return first

    def feeds_of(self) -> dict[str, set[str]]:
        """For each URL the ids of the feeds that carry it."""
        carried: dict[str, set[str]] = defaultdict(set)
        for showing in self.showings:
            if showing.item.url:
                carried[showing.item.url].add(name(showing.feed))
        return dict(carried)

    def words(self) -> dict[str, str]:
        """For each URL the word that only its text holds."""
        return {showing.item.url: showing.item.word for showing in self.showings if showing.item.url}

    def expected(self) -> dict[str, tuple[frozenset[str], str, str | None]]:
        """For each URL its story's URLs, its role and its original's URL."""
        told: dict[str, tuple[frozenset[str], str, str | None]] = {}
        for urls in self.stories:
            for url in urls:
                role = "original" if url == urls[0] else "repost"
                told[url] = frozenset(urls), role, urls[0]
        alone = {url: (frozenset([url]), "unique", None) for url in self.first_shown()}
        return {**alone, **told}

    def alerts(self) -> set[tuple[str, frozenset[str]]]:
        """The rules and the stories (as their URLs) that they fire for."""
        texts = {showing.item.url: " ".join(showing.item.sentences) for showing in self.showings if showing.item.url}
        carried, raised = self.feeds_of(), set()
        for url, (story, _, _) in self.expected().items():
            raised.add(("every-story", story))
            if "economic sanctions" in texts[url]:
                raised.add(("sanctions", story))
            if "ultramarine" in texts[url] and len(set().union(*(carried[member] for member in story))) > 1:
                raised.add(("two-sources", story))
        return raised


def name(feed: int) -> str:
    """A feed's id."""
    return f"feed-{feed:02}"


def host(feed: int) -> str:
    """A feed's invented host."""
    return f"{name(feed)}.news.example"


def make(seed: int) -> Plan:
    """The plan of this seed."""
    return _Planner(random.Random(seed)).plan()


class _Planner:
    def __init__(self, dice: random.Random) -> None:
        self.dice, self.writer, self.made = dice, Writer(dice), Plan()
        self.count = 0

    def plan(self) -> Plan:
        for number in range(STORIES):
            # A third stands there from the beginning.
            self.story(0.0 if number % 3 == 0 else self.dice.uniform(1, LAST_S - 8), number)
        for number in range(UNIQUES):
            at = 0.0 if number % 4 == 0 else self.dice.uniform(1, LAST_S)
            self.show(self.dice.choice(PORTALS), at, self.item(self.text(number)))
        self.special()
        self.made.failing = {feed: self.failures() for feed in FAILING}
        return self.made

    def story(self, at: float, number: int) -> None:
        """An original, and two to four reposts that come up to two seconds before it or six after it."""
        wire = self.dice.choice(WIRES)
        text = self.text(number)
        original = self.show(wire, at, self.item(text, dated=int(at) - 60))
        urls = [original.url or ""]
        for copy, feed in enumerate(self.dice.sample(PORTALS, self.dice.randint(2, 4))):
            # An agency's own article is the original even of what is dated before it.
            early = wire in AGENCY_FEEDS and copy == 0
            dated = int(at) - 60 + (-20 if early else 3 * (copy + 1))
            moment = min(LAST_S, max(0.0, at + self.dice.uniform(-2, 6)))
            urls.append(self.show(feed, moment, self.item(self.copied(text, copy), dated)).url or "")
        self.made.stories.append(urls)

    def copied(self, text: list[str], copy: int) -> list[str]:
        """As others take a text over: cut short, with sentences of their own around it, or both."""
        kept = text[: self.dice.randint(11, len(text) - 2)] if copy % 2 == 0 else text
        around = self.writer.sentences(2) if copy % 3 else []
        return [*around[:1], *kept, *around[1:]]

    def special(self) -> None:
        """One each of what feeds do beside publishing in order."""
        text = self.text(1)
        late = [self.show(20, 6.0, self.item(text[:14], 3)), self.show(21, 9.0, self.item(text, 5))]
        original = self.show(LATE, 26.0, self.item(text, -TWO_DAYS))
        self.made.stories.append([original.url or "", *(item.url or "" for item in late)])
        self.show(LATE, 12.0, self.item(self.text(2), -TWENTY_DAYS))
        twice = self.show(12, 6.0, self.item(self.text(3)))
        self.made.showings.append(Showing(13, 9.0, twice))
        first = self.show(14, 3.0, self.item(self.text(5)))
        again = replace(first, sentences=(*first.sentences[:-4], *self.writer.sentences(5), first.sentences[-1]))
        self.made.showings.append(Showing(14, 22.0, again, over=True))
        self.made.revised[first.url or ""] = 1
        self.made.showings.append(Showing(15, 7.0, replace(self.item(self.text(7)), url=None)))
        self.show(HANGING, 1.0, self.item(self.text(9)))
        self.show(HANGING, 20.0, self.item(self.text(11)))

    def text(self, number: int) -> list[str]:
        told = self.writer.sentences()
        flagged = [self.writer.filled(pattern) for pattern in SANCTIONS] if number % 4 == 0 else []
        flagged += [PIGMENT] if number % 3 == 0 else []
        return [told[0], *flagged, *told[1:]]

    def item(self, sentences: list[str], dated: int = 0) -> Item:
        self.count += 1
        letters = [self.dice.choice("bdfgklmnprtvz") + self.dice.choice("aiou") for _ in range(4)]
        word = "".join(letters) + f"x{self.count}"
        filed = f"Our pigeonhole for it is {word}."
        return Item(word, f"/{self.count}/{word}", self.writer.title(), (*sentences, filed), dated)

    def show(self, feed: int, at: float, item: Item) -> Item:
        shown = replace(item, url=f"https://{host(feed)}{item.url}")
        self.made.showings.append(Showing(feed, round(at, 2), shown))
        return shown

    def failures(self) -> list[tuple[float, float]]:
        """Two spells of 500s: when, and for how many seconds (one poll or two)."""
        return [(self.dice.uniform(4, 20), 2.5), (self.dice.uniform(24, 38), 2.5)]
