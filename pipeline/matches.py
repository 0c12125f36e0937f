"""The matched spans of a story's articles: read and compared when somebody looks at it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from transforms.fold.matched import excerpt, passages
from transforms.index.documents import parts
from transforms.index.interface import Index
from transforms.records import Json

_AT_ONCE = 100
_EXCERPTS = 2


@dataclass(slots=True)
class Match:
    """What of one article's text is in that of `of`: spans in `field`, and for a person how many characters of how
    many that are, and excerpts of the longest passages."""

    of: str
    field: str
    spans: list[tuple[int, int]]
    size: int
    excerpts: list[str] = dataclasses.field(default_factory=list)

    @property
    def characters(self) -> int:
        """How many lie in the spans."""
        return sum(end - start for start, end in self.spans)


def matches(index: Index, story: Json) -> dict[str, list[Match]]:
    """Of each member of a story (as `Index.story` gives it) that copies any article, the matches with each of these
    that is still there. Texts are read for so many members at a time."""
    copying = [member for member in story["members"] if member["story"]["copied_from"]]
    texts: dict[str, str] = {}
    found: dict[str, list[Match]] = {}
    for part in parts(copying, _AT_ONCE):
        own = {document["id"]: document for document in index.documents(member["id"] for member in part)}
        wanted = {copy["id"] for member in part for copy in member["story"]["copied_from"]}
        texts = {key: text for key, text in texts.items() if key in wanted}
        texts |= {one["id"]: _text(one)[1] for one in index.documents(sorted(wanted - texts.keys()))}
        for member in part:
            copies = [copy["id"] for copy in member["story"]["copied_from"] if copy["id"] in texts]
            if member["id"] in own:
                found[member["id"]] = [_match(own[member["id"]], key, texts[key]) for key in copies]
    return found


def document(matched: list[Match]) -> list[Json]:
    """Matches as `story --json` shows them: one entry a passage."""
    return [
        {"of": one.of, "field": one.field, "start": start, "end": end} for one in matched for start, end in one.spans
    ]


def _text(article: Json) -> tuple[str, str]:
    """The field that folding compares, and what is in it."""
    return ("body", article["body"]) if article["body"] else ("title", article["title"])


def _match(article: Json, key: str, other: str) -> Match:
    name, text = _text(article)
    spans = passages(text, other)
    longest = sorted(sorted(spans, key=lambda span: span[0] - span[1])[:_EXCERPTS])
    return Match(key, name, spans, len(text), [excerpt(text, start, end) for start, end in longest])
