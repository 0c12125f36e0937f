"""What a host puts into all its articles counts no more once it is known, in whatever order and after any start."""

from __future__ import annotations

import copy
import random

import pytest

from tests.fold.fold_families import hashes, joined
from tests.fold.fold_play import NOON, Play, Shelf, owner, result
from tests.fold.fold_play import article as told
from transforms.fold import journal, packed
from transforms.fold.furniture import HEADING_WORDS, OF_ALL, OF_HOST, furniture, heading_of, host_of
from transforms.fold.shingles import Hashes
from transforms.records import Article, Origin, Source

HEADLINES = (
    "Harbour opens", "Crews strike", "Wheat fails", "Lamps return", "Bridge closes", "Museum burns", "Mayor resigns",
    "Storm passes", "Choir sings", "Tram derails", "Library moves", "Orchard blooms",
)  # fmt: skip


def item(name: str, host: str, title: str, at: int = 0) -> Article:
    return Article(
        id=name, origin=Origin("test"), source=Source(host or name), arrived=NOON + at,
        url=f"https://www.{host}/{name}" if host else None, guid=name, title=title, body=f"Body of {title.lower()}",
        published=NOON + at,
    )  # fmt: skip


def signed(host: str, count: int, seed: int = 1) -> list[tuple[Article, Hashes]]:
    """Short items of one host, each with a signature twice its size."""
    rng = random.Random(seed)
    signature = hashes(rng, 60)
    return [(item(f"{host}{n}", host, HEADLINES[n], n * 60), joined(hashes(rng, 30), signature)) for n in range(count)]


def play(items: list[tuple[Article, Hashes]], into: Play | None = None) -> Play:
    out = into or Play()
    for one, text in items:
        out.deliver(one, text)
    return out


def test_until_it_is_known_it_links_and_then_no_more() -> None:
    items = signed("small.example", OF_HOST)
    before = play(items[:-1]).result()
    assert len(before[items[0][0].id][0]) == OF_HOST - 1
    after = play(items).result()
    assert {role for _, role, _ in after.values()} == {"unique"}


@pytest.mark.parametrize("seed", range(8))
def test_any_order_gives_the_same_stories(seed: int) -> None:
    rng = random.Random(seed)
    items = signed("small.example", 7, seed) + signed("other.example", 6, seed + 100)
    copies = [
        (item(f"copy{n}", f"blog{n}.example", one.title, 7200 + n), text) for n, (one, text) in enumerate(items[::3])
    ]
    wanted = play(items + copies)
    expected, written = wanted.result(), _told(wanted)
    for n, (one, _) in enumerate(items):
        assert len(expected[one.id][0]) == (2 if n % 3 == 0 else 1), one.id
    for _ in range(4):
        shuffled = items + copies
        rng.shuffle(shuffled)
        again = play(shuffled)
        assert again.result() == expected
        assert _told(again) == written


def _told(one: Play) -> dict[str, object]:
    return {name: (d["story"]["copied_from"], d["story"]["verdict"]) for name, d in one.shelf.documents().items()}


@pytest.mark.parametrize("way", ["journal", "index"])
@pytest.mark.parametrize("cut", [2, OF_HOST, 6])
def test_it_is_known_again_after_a_start(way: str, cut: int) -> None:
    items = signed("small.example", 8)
    steady = play(items)
    first = play(items[:cut])
    again = Play(epoch=2, shelf=copy.deepcopy(first.shelf))
    if way == "journal":
        serial = first.memory.clock.next()
        again.memory.load(journal.latest(journal.dump(m, serial) for m in first.memory.members.values()))
    else:
        again.memory.load(journal.from_seed(one, owner) for one in first.shelf.seeds())
    play(items[cut:], again)
    assert again.result() == steady.result()
    assert _told(again) == _told(steady)


def test_a_story_that_many_outlets_copy_is_no_furniture() -> None:
    rng = random.Random(3)
    wire = hashes(rng, 200)
    items = [(item("wire", "wire.example", "Harbour opens"), wire)]
    items += [(item(f"copy{n}", f"blog{n}.example", HEADLINES[n % 12], n + 60), wire) for n in range(2 * OF_ALL)]
    assert {len(members) for members, _, _ in play(items).result().values()} == {len(items)}


def test_an_outlet_that_tells_one_story_again_and_again_has_no_furniture() -> None:
    """The headlines have a word in common, so the articles may belong together."""
    rng = random.Random(4)
    text = hashes(rng, 100)
    items = [
        (item(f"a{n}", "desk.example", f"Harbour news {HEADLINES[n]}", n * 60), joined(text, hashes(rng, 20)))
        for n in range(8)
    ]
    assert {len(members) for members, _, _ in play(items).result().values()} == {8}


def test_a_text_in_too_many_articles_at_all_counts_no_more() -> None:
    """An agency's closing words, in unrelated articles of as many hosts."""
    rng = random.Random(5)
    words = hashes(rng, 60)
    items = [
        (
            item(f"a{n}", f"host{n}.example", f"{chr(97 + n) * 5} {chr(122 - n) * 7}", n * 60),
            joined(hashes(rng, 70), words),
        )
        for n in range(OF_ALL)
    ]
    out = play(items)
    member = out.memory.members[items[-1][0].id]
    mask = furniture(member, [one for one in out.memory.members.values() if one is not member])
    assert mask is not None
    assert member.print.cut[mask].tolist() == packed.cut(words).tolist()
    assert (member.links, member.parts) == ({}, {})


def test_without_a_url_there_is_no_host() -> None:
    rng = random.Random(6)
    signature = hashes(rng, 60)
    items = [(item(f"a{n}", "", HEADLINES[n], n), joined(hashes(rng, 30), signature)) for n in range(6)]
    assert {len(members) for members, _, _ in play(items).result().values()} == {6}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.Small.example/a?b=//c", "small.example"), ("http://news.small.example", "news.small.example"),
        (None, ""), ("", ""), ("urn:x", ""), ("//", ""),
    ],
)  # fmt: skip
def test_the_host_of_a_url(url: str | None, host: str) -> None:
    assert host_of(url) == host


def test_headings_are_small_and_folded() -> None:
    assert heading_of("The Quay, the QUAY!") == heading_of("quay the")
    assert heading_of("") == heading_of("… a") == b""
    assert len(heading_of(" ".join(HEADLINES))) == 2 * HEADING_WORDS


def test_documents_bring_host_heading_and_slots_back() -> None:
    shelf = Shelf()
    out = Play(shelf=shelf)
    out.deliver(told({"id": "a", "at": 0, "text": ["The fourth relief plane brought 38 tonnes of tents to the camp."]}))
    kept = out.memory.members["a"]
    again = journal.from_seed(next(shelf.seeds()), owner)
    assert (again.host, again.heading, again.slots.tolist()) == (kept.host, kept.heading, kept.slots.tolist())
    assert len(kept.slots) > 0
    assert result(shelf.documents())["a"][1] == "unique"
