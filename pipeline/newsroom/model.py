"""What stands in the newsroom's data files: texts, outlets, credits, furniture and the day plan.

Times of the plan are whole seconds since the day's first hour, 0 to 86,399.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, RootModel

from transforms.clean.data import Strict

DAY = 86_400
SHOWN = 20
"""How many entries a feed lists, the latest first. None publishes more in the day: one late look misses none."""


def _clock(value: object) -> int:
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", str(value))
    if match is None:
        raise ValueError('is no time of day; write "HH:MM" in quotes')
    return int(match[1]) * 3600 + int(match[2]) * 60


def _offset(value: str) -> str:
    if not re.fullmatch(r"[+-](0\d|1[0-4]):[0-5]\d", value):
        raise ValueError('is no offset from UTC; write "+03:00"')
    return value


Clock = Annotated[int, BeforeValidator(_clock)]
Language = Literal["ar", "en", "fr", "ru"]


def paragraphs(text: str) -> tuple[str, ...]:
    """The paragraphs of a text, which a blank line divides; each on one line."""
    return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip())


class Text(Strict):
    """One text of our own writing."""

    title: str
    text: str
    place: str
    topics: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    translation_of: str | None = None


class Outlet(Strict):
    """One feed and the habits of its site; `outlets.yaml` explains the keys."""

    name: str
    format: Literal["rss2", "rdf", "atom", "json"]
    path: str
    domain: str = ""
    language: Language = "en"
    kind: Literal["agency", "broadcaster", "portal", "blog"] = "portal"
    permalink: str = "/{slug}"
    section_of: str | None = None
    agency: str | None = None
    author: str | None = None
    carries: Literal["full", "summary"] = "full"
    text_in: Literal["description", "content"] = "content"
    encoding: Literal["utf-8", "windows-1256", "windows-1251"] = "utf-8"
    furniture: str = "none"
    credit: str | None = None
    timezone: Annotated[str, AfterValidator(_offset)] = "+00:00"
    tracking: str = ""
    dated: bool = True
    flaky: bool = False
    disallow: tuple[str, ...] = ()
    validators: tuple[Literal["etag", "last-modified"], ...] = ("etag", "last-modified")


class Habit(Strict):
    """How a credit reads and where it stands."""

    where: Literal["before", "after", "line", "author"]
    text: str
    join: str = ", "


class Credits(Strict):
    """Agency slugs with their names by language, and the habits."""

    names: dict[str, dict[Language, str]]
    habits: dict[str, Habit]


class Furniture(Strict):
    """HTML that a site puts around each article."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class Revision(Strict):
    """A later change under the same address."""

    at: Clock
    title: str | None = None
    replace: dict[int, str] = {}
    append: str | None = None


class Publication(Strict):
    """One entry of the plan; `day.yaml` explains the keys."""

    at: Clock
    outlet: str
    appears: Clock | None = None
    also: tuple[str, ...] = ()
    keep: tuple[int, ...] | None = None
    cut: int | None = None
    retitle: str | None = None
    lead: str | None = None
    tail: str | None = None
    swap: dict[str, str] = {}
    credit: tuple[str, ...] = ()
    habit: str | None = None
    via: str | None = None
    wrap: str | None = None
    path: str | None = None
    revise: tuple[Revision, ...] = ()


class Story(Strict):
    """A text and everyone who publishes it."""

    text: str
    entries: tuple[Publication, ...]


class Part(Strict):
    """What a digest takes from one text."""

    text: str
    keep: tuple[int, ...]


class Digest(Strict):
    """An article copied from several texts."""

    id: str
    at: Clock
    outlet: str
    title: str
    parts: tuple[Part, ...]
    credit: tuple[str, ...] = ()


class Hostile(Strict):
    """An entry that tries something."""

    id: str
    at: Clock
    outlet: str
    why: str
    title: str
    text: str
    link: str | None = None
    html: str = ""
    carries: Literal["full", "summary"] | None = None


class Day(Strict):
    """The day plan."""

    stories: tuple[Story, ...]
    digests: tuple[Digest, ...] = ()
    hostile: tuple[Hostile, ...] = ()


class Texts(RootModel[dict[str, Text]]):
    """A file of texts by id."""


class Outlets(RootModel[dict[str, Outlet]]):
    """`outlets.yaml`: feeds by id."""


class FurnitureSets(RootModel[dict[str, Furniture]]):
    """`furniture.yaml`: sets by name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All data files, loaded and consistent."""

    texts: dict[str, Text]
    outlets: dict[str, Outlet]
    credits: Credits
    furniture: dict[str, Furniture]
    day: Day

    def site(self, outlet: str) -> Outlet:
        """The outlet that owns the site of a feed: itself, or the one it is a section of."""
        feed = self.outlets[outlet]
        return self.outlets[feed.section_of] if feed.section_of else feed
