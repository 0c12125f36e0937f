"""A family of articles about invented events, made by dice: the same seed gives the same writes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.index.index_samples import BLOG, NOON, OMAN, RUSSIA, SANCTIONS, WIRE, alert, content, sources, story, tags
from transforms.index.interface import Index
from transforms.records import Json, Poll, Version, Write, replace

PORTAL = {"id": "portal", "name": "Portal", "domain": "Portal.example", "agency": "spa"}
NAMESAKE = {"id": "Q999", "name": "oman", "type": "person", "count": 1, "spans": []}
RENAMED = {**RUSSIA, "name": "Russia"}
CEASEFIRE = {"id": "ceasefire", "score": 1.5, "evidence": []}
SPOKEN = """
harbour quay Dalmar talks sanctions sanctioned minister café naïve opens reopened U.S. 12th lighthouse
والعقوبات العقوبات عقوبات بالسلاح للأمن كتاب وزارة مفاوضات دالمار الجديدة переговоры причал санкции Ёлка
港口 重新 开放 ท่าเรือ straße Straße İzmir naïf
"""
WORDS = SPOKEN.split()
QUERIES = (
    "harbour", "عقوبات", "العقوبات", "sanct*", "quay -talks", "-harbour", "harbour OR причал", '"harbour quay"',
    "talks sanctions", '"of article"', "port*", "елка", "cafe", "straße", "عقوب*", '"talks sanct*', '"quay tal"*',
    "港", "ท่าเรือ", "us", "u.s.", "izmir", "title -harbour", "***", "  ",
)  # fmt: skip
NARROWINGS: tuple[Json, ...] = (
    {}, {"lang": "AR"}, {"topic": "sanctions"}, {"entity": "oman"}, {"entity": "Q159"}, {"entity": "russia"},
    {"entity": "Россия"}, {"source": "blog"}, {"source": "www.PORTAL.example"}, {"since": NOON + 40},
    {"source": "wire", "topic": "ceasefire", "since": NOON + 5},
)  # fmt: skip


class Family:
    """Writes of `size` articles in some stories, some of which merge; then changes of them."""

    def __init__(self, seed: int, size: int = 40) -> None:
        self._dice = random.Random(seed)
        self.ids = [f"a{number:02d}" for number in range(size)]
        self._versions = dict.fromkeys(self.ids, 1)
        self._stories = {key: f"s{self._dice.randrange(size // 3)}" for key in self.ids}

    def batches(self) -> Iterator[list[Write]]:
        """In an order that a pipeline could have: placements before texts, texts before tags, repeated, stale."""
        writes = [write for key in self.ids for write in self._article(key)]
        self._dice.shuffle(writes)
        writes += self._dice.choices(writes, k=10)
        changes = [write for key in self._dice.sample(self.ids, len(self.ids) // 2) for write in self._changed(key)]
        merges = [write for key in self.ids for write in self._merged(key)]
        for several in (writes, changes, merges):
            while several:
                size = self._dice.randrange(1, 25)
                yield several[:size]
                del several[:size]

    def _text(self, most: int) -> str:
        return " ".join(self._dice.choices(WORDS, k=self._dice.randrange(1, most)))

    def _article(self, key: str) -> list[Write]:
        dice = self._dice
        seen = dice.sample([WIRE, BLOG, PORTAL], 2)
        placed = story(key, self._stories[key], dice.choice(["original", "repost", "repost", "unique"]))
        copied = [{"id": other, "share_of_this": 0.5, "lag_s": 60} for other in dice.sample(self.ids, 2)]
        fields = {**placed.fields["story"], "copied_from": copied, "verdict": {"reason_code": "told", "text": "x"}}
        written = [
            content(key, at=NOON + dice.randrange(60), source=seen[0], language=dice.choice(["en", "ar", "ru"]),
                    title=f"Title of article {key} {self._text(4)}", body=self._text(60),
                    extra={"section": key, "a.b": [1, {"c": None}]}),
            self._tagged(key, 1), sources(key, *seen), replace(placed, fields={"story": fields}),
        ]  # fmt: skip
        # Of a few articles the text never comes.
        return written[1:] if dice.random() < 0.05 else written

    def _tagged(self, key: str, version: int) -> Write:
        entities = self._dice.sample([RUSSIA, OMAN, NAMESAKE, RENAMED], self._dice.randrange(3))
        distinct = list({one["id"]: one for one in entities}.values())
        topics = self._dice.sample([SANCTIONS, CEASEFIRE], self._dice.randrange(3))
        return tags(key, version, entities=distinct, topics=topics)

    def _changed(self, key: str) -> list[Write]:
        version = self._versions[key] = self._versions[key] + 1
        kind = self._dice.randrange(4)
        if kind == 0:
            return [content(key, version, NOON + 7, body=self._text(40), revision=version - 1, language="fr")]
        if kind == 1:
            return [self._tagged(key, version), sources(key, BLOG, version=version)]
        if kind == 2:
            return [Write(key, "verdict", Version(1, version), {"verdict": {"same_story": False}})]
        return [content(key, version, NOON + self._dice.randrange(60), title=self._text(9), source=PORTAL)]

    def _merged(self, key: str) -> list[Write]:
        number = int(self._stories[key][1:])
        if number % 4 != 1:
            return []
        role = self._dice.choice(["repost", "original"])
        return [story(key, f"s{number - 1}", role, 50, (f"s{number}",))]


def tell(index: Index, seed: int, ids: list[str]) -> list[Any]:
    """Alerts, deliveries, feeds and what is forgotten; returns what the index answered."""
    dice = random.Random(seed)
    told: list[Any] = [index.apply([])]
    for number in range(12):
        about = alert(f"s{dice.randrange(8)}", *dice.sample(ids, 3), rule=dice.choice("rq"))
        told.append(index.raise_alert({**about, "created": NOON + number}, ["log", "hook"]))
    for parcel in index.parcels(NOON + 9, 5):
        told.append((parcel.key, parcel.channel, parcel.attempts))
        if dice.random() < 0.5:
            index.delivered(parcel.key, parcel.channel, NOON + 20)
        else:
            index.undelivered(parcel.key, parcel.channel, "refused", dice.choice([None, NOON + 30]))
    polls = [Poll(f"feed:{name}", batch, 0, {"error": error, "n": batch}) for name, batch, error in
             (("a", 1, None), ("a", 2, "timeout"), ("b", 5, None), ("a", 2, None), ("b", 4, "late"))]  # fmt: skip
    index.mark_requested("feed:b", 77)
    index.commit_polls(polls)
    told.append(index.forget([*dice.sample(ids, 5), "never-seen"]))
    return told
