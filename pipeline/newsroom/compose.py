"""The day's articles, derived from the plan: a repost is its text put through the operations that the plan declares."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote

from pipeline.newsroom.model import Digest, Hostile, Outlet, Plan, Publication, Revision, Text, paragraphs

RELATED = 2
"""How many earlier articles a site names under "related"."""
_SUMMARY_WORDS = 30


@dataclass(frozen=True, slots=True)
class State:
    """An article's text from second `since` of the day on: plain title and paragraphs, credits included."""

    since: int
    title: str
    body: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The first words of the text."""
        return shortened(self.body[0], _SUMMARY_WORDS)


@dataclass(frozen=True, slots=True)
class Item:
    """One article of the day.

    `kind` is entry, digest or hostile; `texts` are the ids of the texts that it is made of; `feeds` the ids of the
    feeds that list it, the site's own first. `url` is its address without tracking, `link` what the feed gives
    instead, if it does. `published` and `appears` are seconds of the day; `wire` the slugs of the agencies that it
    credits.
    """

    kind: str
    id: str
    texts: tuple[str, ...]
    feeds: tuple[str, ...]
    url: str
    language: str
    published: int
    appears: int
    states: tuple[State, ...]
    wire: tuple[str, ...] = ()
    author: str | None = None
    carries: str = "full"
    furniture: str = "none"
    html: str = ""
    link: str | None = None
    why: str = ""
    related: tuple[tuple[str, str], ...] = ()

    @property
    def guid(self) -> str:
        """What the feed calls it, wherever it is listed."""
        return f"{self.feeds[0]}/{self.id}"

    def state(self, at: float) -> State:
        """The text as it stands at second `at` of the day."""
        return next((s for s in reversed(self.states) if s.since <= at), self.states[0])


def compose(plan: Plan) -> tuple[Item, ...]:
    """All articles of the plan's day, by the time at which they appear."""
    made = [_entry(plan, s.text, e) for s in plan.day.stories for e in s.entries]
    made += [_digest(plan, d) for d in plan.day.digests]
    made += [_hostile(plan, h) for h in plan.day.hostile]
    return _with_related(sorted(made, key=lambda item: (item.appears, item.guid)))


def shortened(text: str, words: int) -> str:
    """`text`, or its first `words` words and "…" where it is a third longer or more."""
    found = text.split()
    return text if len(found) < words * 4 // 3 else " ".join(found[:words]) + "…"


def address(outlet: Outlet, slug: str, title: str) -> str:
    """The address that an outlet gives an article; a title becomes a percent-encoded slug."""
    name = quote("-".join(re.findall(r"\w+", title))) if "{title}" in outlet.permalink else slug
    return f"http://{outlet.domain}{outlet.permalink.format(slug=name, title=name)}"


def _entry(plan: Plan, key: str, entry: Publication) -> Item:
    outlet, text = plan.outlets[entry.outlet], plan.texts[key]
    wire = entry.credit or ((outlet.agency,) if outlet.agency else ())
    credit = _Credit.of(plan, outlet, wire, entry.habit, entry.via)
    title = entry.retitle or text.title
    states = [State(0, title, credit.on(_derived(text, entry, ()), text.place))]
    for number, change in enumerate(entry.revise, start=1):
        body = credit.on(_derived(text, entry, entry.revise[:number]), text.place)
        title = change.title or title
        states.append(State(change.at, title, body))
    return Item(
        "entry",
        key,
        (key,),
        (entry.outlet, *entry.also),
        f"http://{outlet.domain}{entry.path}" if entry.path else address(outlet, key, states[0].title),
        outlet.language,
        entry.at,
        entry.at if entry.appears is None else entry.appears,
        tuple(states),
        wire,
        credit.author or outlet.author,
        outlet.carries,
        entry.wrap or outlet.furniture,
    )


def _digest(plan: Plan, digest: Digest) -> Item:
    outlet = plan.outlets[digest.outlet]
    body = [paragraphs(plan.texts[part.text].text)[n] for part in digest.parts for n in part.keep]
    credit = _Credit.of(plan, outlet, digest.credit, None, None)
    return Item(
        "digest",
        digest.id,
        tuple(part.text for part in digest.parts),
        (digest.outlet,),
        address(outlet, digest.id, digest.title),
        outlet.language,
        digest.at,
        digest.at,
        (State(0, digest.title, credit.on(body, "")),),
        digest.credit,
        credit.author or outlet.author,
        outlet.carries,
        outlet.furniture,
    )


def _hostile(plan: Plan, item: Hostile) -> Item:
    outlet = plan.outlets[item.outlet]
    return Item(
        "hostile",
        item.id,
        (),
        (item.outlet,),
        address(outlet, item.id, item.id),
        outlet.language,
        item.at,
        item.at,
        (State(0, item.title, paragraphs(item.text)),),
        carries=item.carries or outlet.carries,
        furniture=outlet.furniture,
        html=item.html,
        link=item.link,
        why=item.why,
    )


def _derived(text: Text, entry: Publication, changes: Iterable[Revision]) -> list[str]:
    """The text's paragraphs after the entry's operations and the revisions so far."""
    body = list(paragraphs(text.text))
    added = []
    for change in changes:
        for number, new in change.replace.items():
            body[number] = " ".join(new.split())
        added += [change.append] if change.append else []
    kept = body if entry.keep is None else [body[n] for n in entry.keep]
    for old, new in entry.swap.items():
        kept = [part.replace(old, new) for part in kept]
    if entry.cut is not None:
        kept = _cut(kept, entry.cut)
    return [*([entry.lead] if entry.lead else []), *kept, *([entry.tail] if entry.tail else []), *added]


def _cut(body: list[str], words: int) -> list[str]:
    """The first `words` words of the paragraphs; the last of them ends in "…"."""
    out: list[str] = []
    for part in body:
        found = part.split()
        if len(found) >= words:
            return [*out, " ".join(found[:words]) + "…"]
        out.append(part)
        words -= len(found)
    return out


@dataclass(frozen=True, slots=True)
class _Credit:
    """A credit filled in for one article."""

    where: str = ""
    text: str = ""
    author: str | None = None

    @classmethod
    def of(cls, plan: Plan, outlet: Outlet, wire: tuple[str, ...], habit: str | None, via: str | None) -> _Credit:
        names = [plan.outlets[via].name] if via else [plan.credits.names[slug][outlet.language] for slug in wire]
        way = plan.credits.habits.get(habit or outlet.credit or "")
        if not names or way is None:
            return cls()
        text = way.text.replace("{names}", way.join.join(names))
        return cls(way.where, text, text if way.where == "author" else None)

    def on(self, body: list[str], place: str) -> tuple[str, ...]:
        text = self.text.replace("{place}", place).replace("{PLACE}", place.upper())
        if self.where == "before":
            return (text + body[0], *body[1:])
        if self.where == "after":
            return (*body[:-1], body[-1] + text)
        return (*body, text) if self.where == "line" else tuple(body)


def _with_related(items: list[Item]) -> tuple[Item, ...]:
    """The articles, each with the titles and addresses of its site's latest ones before it."""
    earlier: dict[str, list[tuple[str, str]]] = {}
    out = []
    for item in items:
        seen = earlier.setdefault(item.feeds[0], [])
        out.append(replace(item, related=tuple(seen[-RELATED:])))
        if item.kind != "hostile":
            seen.append((item.states[0].title, item.url))
    return tuple(out)
