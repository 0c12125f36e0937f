"""Random families of articles: texts cut from, merged of and wrapped around each other, as sets of shingle hashes."""

from __future__ import annotations

import random

import numpy as np

from tests.fold.fold_play import DAY, NOON, TTL
from transforms.fold.shingles import Hashes
from transforms.records import Article, Origin, Source, replace

AGENCIES = ("reuters", "afp", None, None, None, None, None)


def hashes(rng: random.Random, size: int) -> Hashes:
    """A fingerprint of `size` shingles."""
    return np.unique(np.random.default_rng(rng.getrandbits(32)).integers(0, 2**32, size, np.uint64).astype(np.uint32))


def _cut(rng: random.Random, text: Hashes) -> Hashes:
    """A part of a text. Which hashes go does not matter: they have no order that a text would know."""
    size = int(len(text) * rng.choice((0.3, 0.5, 0.7, 0.9, 1.0)))
    return np.sort(np.random.default_rng(rng.getrandbits(32)).permutation(text)[: max(size, 1)])


def joined(*texts: Hashes) -> Hashes:
    return np.unique(np.concatenate(texts))


def _text(rng: random.Random, texts: list[Hashes]) -> Hashes:
    """A new text, or one that is made of former ones."""
    own = hashes(rng, rng.choice((3, 9, 40, 120, 300)))
    if not texts or rng.random() < 0.3:
        return own
    former = rng.choice(texts)
    kind = rng.random()
    if kind < 0.25:
        return former
    if kind < 0.5:
        return _cut(rng, former)
    if kind < 0.75:
        return joined(_cut(rng, former), own)
    return joined(*(_cut(rng, rng.choice(texts)) for _ in range(rng.choice((2, 3)))))


def worded(seed: int, size: int, spread_s: int = TTL * 3) -> list[Article]:
    """The same of running words: copies are passages of others, whole, wrapped or put together."""
    rng = random.Random(seed)
    texts: list[list[str]] = []
    out = []
    for item, _ in family(seed, size, spread_s):
        own = [f"w{rng.randrange(10**6)}" for _ in range(rng.choice((4, 12, 60, 200)))]
        text = own
        if texts and rng.random() < 0.7:
            parts = [_passage(rng, rng.choice(texts[-25:])) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
            text = [word for part in parts for word in part] + rng.choice(([], [], own))
        texts.append(text)
        out.append(replace(item, body=" ".join(text)))
    return out


def _passage(rng: random.Random, words: list[str]) -> list[str]:
    size = max(1, int(len(words) * rng.choice((0.3, 0.6, 0.8, 1.0, 1.0))))
    at = rng.randrange(len(words) - size + 1)
    return words[at : at + size]


def family(seed: int, size: int, spread_s: int = TTL * 3) -> list[tuple[Article, Hashes]]:
    """`size` articles published within `spread_s`, in order of arrival; some dated wrongly, some an agency's own."""
    rng = random.Random(seed)
    texts: list[Hashes] = []
    out = []
    for number in range(size):
        text = _text(rng, texts[-40:])
        texts.append(text)
        arrived = NOON + rng.randrange(spread_s)
        published = rng.choice((arrived - rng.randrange(3 * DAY), arrived - 30 * DAY, arrived + 9 * DAY, None, arrived))
        agency = rng.choice(AGENCIES)
        credits = [rng.choice(("reuters", "afp", "agencies"))] if rng.random() < 0.3 else []
        name = f"a{number:04d}"
        item = Article(
            id=name, origin=Origin("family", 0, number), source=Source(f"s{number % 23}", "", "", agency),
            arrived=arrived, url=None, guid=name, title=name, body=f"text {len(text)} {text[:3].tolist()}",
            published=published, wire={"agencies": credits, "evidence": []},
        )  # fmt: skip
        out.append((item, text))
    return sorted(out, key=lambda pair: (pair[0].arrived, pair[0].id))
