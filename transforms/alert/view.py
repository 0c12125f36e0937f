"""An article document as rules and queries look at it: ids, folded text and dates, each worked out at most once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from transforms.records import Json, seconds
from transforms.text import Folded, fold, fold_spans

TEXT_FIELDS = ("title", "body")
DATE_FIELDS = ("published", "first_seen")


def domain_and_parents(domain: str) -> Iterator[str]:
    """ "news.example.org" gives itself, "example.org" and "org"."""
    rest = domain.lower().removeprefix("www.")
    while rest:
        yield rest
        _, _, rest = rest.partition(".")


def source_keys(source: Any) -> Iterator[str]:
    """The ids and domains under which a rule may name this source (a {id, name, domain} object, or a bare id)."""
    if isinstance(source, str):
        yield source.lower()
    elif isinstance(source, dict):
        if source.get("id"):
            yield str(source["id"]).lower()
        yield from domain_and_parents(str(source.get("domain") or ""))


def publisher(source: Any) -> str:
    """What makes two sources one: the domain if known (an outlet has many feeds), else the id. "" if neither."""
    if isinstance(source, dict):
        return str(source.get("domain") or source.get("id") or "").lower().removeprefix("www.")
    return str(source or "").lower().removeprefix("www.")


class View:
    """One article document. Not for sharing between threads."""

    __slots__ = (
        "_folded", "_keywords", "_sources", "_spans", "agencies", "document", "entities", "language", "role", "topics",
    )  # fmt: skip

    def __init__(self, document: Json) -> None:
        self.document = document
        self.language: str = document.get("language") or ""
        self.topics = {topic["id"] for topic in document.get("topics") or ()}
        self.entities = {entity["id"] for entity in document.get("entities") or ()}
        self.agencies = set((document.get("wire") or {}).get("agencies") or ())
        self.role: str = (document.get("story") or {}).get("role") or ""
        self._folded: dict[str, str] = {}
        self._spans: dict[str, Folded] = {}
        self._keywords: dict[str, frozenset[str]] = {}
        self._sources: set[str] | None = None

    def all_sources(self) -> list[Any]:
        """Everywhere this article was seen, its first place first."""
        return [self.document.get("source"), *(self.document.get("sources") or ())]

    @property
    def sources(self) -> set[str]:
        """Every id and domain (with parent domains) under which this article's sources may be named, in lower case."""
        if self._sources is None:
            self._sources = {key for source in self.all_sources() for key in source_keys(source)}
        return self._sources

    def folded(self, field: str) -> str:
        """The folded text of title or body."""
        text = self._folded.get(field)
        if text is None:
            text = self._folded[field] = fold(self.document.get(field) or "")
        return text

    def span(self, field: str, start: int, end: int) -> tuple[int, int]:
        """Where `[start, end)` of the folded text stands in the text as written."""
        if field not in self._spans:
            self._spans[field] = fold_spans(self.document.get(field) or "")
        return self._spans[field].span(start, end)

    def keywords(self, field: str) -> frozenset[str]:
        """The folded values that a query may ask for in language, source, domain, topic, entity, agency or role."""
        values = self._keywords.get(field)
        if values is None:
            values = self._keywords[field] = frozenset(fold(value) for value in self._values(field) if value)
        return values

    def date(self, field: str) -> int | None:
        """Seconds UTC of published (as given, else the one that folding used) or first_seen."""
        text = self.document.get(field)
        if text is None and field == "published":
            text = self.document.get("published_effective")
        return seconds(text)

    def _values(self, field: str) -> Iterable[str]:
        document = self.document
        if field == "source":
            names = (source.get("name") or "" for source in self.all_sources() if isinstance(source, dict))
            return [*self.sources, *names]
        if field == "domain":
            domains = (source.get("domain") or "" for source in self.all_sources() if isinstance(source, dict))
            return [key for domain in domains for key in domain_and_parents(domain)]
        if field == "entity":
            entities = document.get("entities") or ()
            return [value for entity in entities for value in (entity["id"], entity.get("name") or "")]
        return {"language": [self.language], "topic": self.topics, "agency": self.agencies, "role": [self.role]}[field]
