"""Markup to plain text. Nothing is rendered, fetched or trusted; cost grows with the length of the input only."""

from __future__ import annotations

import html as entities
import re
from dataclasses import dataclass

from lxml import etree

from transforms.clean.furniture import boxes
from transforms.clean.lines import is_ended
from transforms.clean.text import safe

# Not text, or not the story's: dropped with all they hold.
_RAW = frozenset(
    {"script", "style", "noscript", "template", "iframe", "noframes", "noembed", "object", "applet", "svg", "math"}
    | {"title", "textarea", "select", "button", "audio", "video", "canvas", "datalist", "dialog", "map", "figcaption"}
)
# Dropped too, unless the document never ends them: then that would take the story along.
_PARTS = frozenset({"nav", "form", "aside", "menu"})
_PARAGRAPHS = frozenset(
    {"p", "div", "section", "article", "main", "header", "footer", "blockquote", "figure", "table", "ul", "ol", "dl"}
    | {"pre", "address", "center", "hr", "details", "fieldset", "body", "h1", "h2", "h3", "h4", "h5", "h6"}
)
_LINES = frozenset({"br", "li", "tr", "dt", "dd", "caption", "summary", "legend"})
_CELLS = frozenset({"td", "th"})
_INLINE = frozenset(
    {"a", "abbr", "acronym", "amp-ad", "amp-img", "area", "b", "base", "basefont", "bdi", "bdo", "big", "blink", "cite"}
    | {"code", "col", "data", "del", "dfn", "em", "embed", "font", "frame", "frameset", "head", "html", "i", "img"}
    | {
        "input",
        "ins",
        "kbd",
        "label",
        "link",
        "mark",
        "marquee",
        "meta",
        "option",
        "param",
        "picture",
        "q",
        "s",
        "samp",
    }
    | {"small", "source", "span", "strike", "strong", "sub", "sup", "time", "track", "tt", "u", "var", "wbr"}
)
_NAMES = "|".join(sorted(_RAW | _PARTS | _PARAGRAPHS | _LINES | _CELLS | _INLINE, key=len, reverse=True))
_ACTIVE = "script|style|iframe|img|svg|math|object|embed|applet|link|meta|base|form|input|video|audio|template|frameset"
# Text may say "a <b and c> d"; a tag has its end, or an attribute, or is of a kind that is never wanted.
_TAG = re.compile(
    rf"(?i)<(?=/?(?:{_NAMES})\s*/?>|(?:{_NAMES})\s[^<>]*=|/?(?:{_ACTIVE})(?:[\s/>]|$)|!--|!\[CDATA\[|!doctype|\?xml)"
)
_ANY_TAG = re.compile(r"<[^<>]*>")
_BLOCK_TAG = re.compile(rf"(?i)<(?:{'|'.join(_PARAGRAPHS | _LINES)})[\s/>]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_CONTROLS = {form.format(code): chr(code) for code in range(1, 32) for form in ("&#{};", "&#x{:x};", "&#x{:02x};")}
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_NOT_IN_MARKUP = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\ud800-\udfff\ufffe\uffff]")
# A parser takes all that follows one of these, when it is not ended, for its content.
_SWALLOWING = ("iframe", "noframes", "noembed", "textarea", "title", "xmp", "plaintext")
_HIDDEN = re.compile(r"(?i)(?:display\s*:\s*none|visibility\s*:\s*hidden)")
_END = "x-end-of-document"
# Some sites wrap the whole page in a form; a real one holds less text than this.
_LONGEST_FORM = 600
# A box of a name that any theme may give to anything ("related") holds little beside its links.
_LONGEST_BOX = 300
_DECODINGS = 3
# What a piece of text is. A sentence may be there to be shared, or hold a link that shares: buttons are short (in
# characters), and a line of them holds little else.
_TEXT, _LINK, _BUTTON = range(3)
_LONGEST_BUTTON = 80
_LONGEST_LABEL = 40
# What an element's beginning puts into the text; only "\n\n" is put at its end as well.
_BREAKS = {
    **dict.fromkeys(_RAW | {_END}, ""),
    **dict.fromkeys(_PARAGRAPHS | _PARTS, "\n\n"),
    **dict.fromkeys(_LINES, "\n"),
    **dict.fromkeys(_CELLS, " "),
}


def text_of(markup: str, links: set[str] | None = None) -> str:
    """The text of an HTML document or fragment: an empty line between paragraphs, a new line for `<br>` and list items.

    Scripts, frames, forms, navigation, captions, share buttons, hidden elements and those of a class listed in
    `furniture.yaml` are left out. Entities are decoded, those encoded twice as well. The result is `safe`, and holds
    no HTML tag. Lines that are links, or little more, are added to `links`.
    """
    found: set[str] = set()
    text = safe(_decoded(_extract(markup, found), found))
    if links is not None:
        links.update(safe(_decoded(line, set())) for line in found)
    return text


def plain(text: str, links: set[str] | None = None) -> str:
    """The same for a text that should be plain but may hold markup; where it holds none its lines stay as they are."""
    if "<" in text and _TAG.search(text):
        if not _BLOCK_TAG.search(text) or "\n\n" in text:
            text = _lines_kept(text)
        return text_of(text, links)
    if "&" in text and _ENTITY.search(text):
        text = _decoded(_ENTITY.sub(_letter, text), set() if links is None else links)
    return safe(text)


def _decoded(text: str, links: set[str]) -> str:
    """`text` after a second decoding where something was encoded twice, in the end without a tag in any case."""
    for _ in range(_DECODINGS):
        if "<" in text and _TAG.search(text):
            text = _extract(_lines_kept(text), links)
        elif "&" in text and _ENTITY.search(text):
            text = _ENTITY.sub(_letter, text)
            if not ("<" in text and _TAG.search(text)):
                return text
        else:
            return text
    return _TAG.sub("", text)


def _lines_kept(text: str) -> str:
    """`text` as markup that shows its line breaks, but for those inside a tag."""
    return _ANY_TAG.sub(lambda tag: tag[0].replace("\n", " "), text).replace("\n", "<br>")


def _letter(match: re.Match[str]) -> str:
    """What an entity stands for; a control character as such, so that `safe` sees the whole of a terminal sequence."""
    return _CONTROLS.get(match[0].lower()) or entities.unescape(match[0])


@dataclass(frozen=True, slots=True)
class _Part:
    """An element that may be furniture: where it began, in elements, pieces and characters of text and of links."""

    name: str
    depth: int
    pieces: int
    length: int
    linked: int


class _Collector:
    """An lxml parser target that gathers text; elements that turn out to be furniture are taken back when they end."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.ways: list[int] = []
        self.links: set[str] = set()
        self.length = self.linked = 0
        self.depth = 0
        self.raw_until = self.link_until = 0
        self.way = _TEXT
        self.parts: list[_Part] = []
        self.boxes = boxes()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.raw_until:
            return
        if attributes:
            self._look_at(name, attributes)
        if name not in _BREAKS:
            return
        if name in _RAW:
            self.raw_until = self.depth
        elif name == _END:
            self.parts.clear()
        elif name in _PARTS:
            self._begin(name)
        self._add(_BREAKS[name], _TEXT)

    def end(self, name: str) -> None:
        while self.parts and self.parts[-1].depth == self.depth:
            self._take_back(self.parts.pop())
        if self.raw_until == self.depth:
            self.raw_until = 0
        if self.link_until == self.depth:
            self.link_until, self.way = 0, _TEXT
        self.depth -= 1
        if not self.raw_until and _BREAKS.get(name) == "\n\n":
            self._add("\n\n", _TEXT)

    def data(self, data: str) -> None:
        if not self.raw_until:
            self._add(data, self.way)
            self.length += len(data)
            self.linked += len(data) if self.way else 0

    def close(self) -> str:
        """The text; `links` is complete afterwards."""
        if not self.linked:
            return "".join(self.pieces)
        out: list[str] = []
        start = 0
        for end, piece in enumerate([*self.pieces, "\n"]):
            if piece.startswith("\n"):
                out += self._line(start, end)
                out.append(piece)
                start = end + 1
        return "".join(out)

    def _line(self, start: int, end: int) -> list[str]:
        """The pieces of a line without buttons; it goes to `links` where half of it or more is link text."""
        pieces, ways = self.pieces[start:end], self.ways[start:end]
        if not any(ways):
            return pieces
        beside = sum(len(piece.strip()) for piece, way in zip(pieces, ways, strict=True) if not way)
        if beside <= _LONGEST_LABEL:
            pieces = [p for p, way in zip(pieces, ways, strict=True) if way != _BUTTON or not _is_label(p)]
        text = "".join(pieces).strip()
        if text and len(text) >= 2 * beside:
            self.links.add(text)
        return pieces

    def _add(self, piece: str, way: int) -> None:
        self.pieces.append(piece)
        self.ways.append(way)

    def _begin(self, name: str) -> None:
        self.parts.append(_Part(name, self.depth, len(self.pieces), self.length, self.linked))

    def _take_back(self, part: _Part) -> None:
        length, linked = self.length - part.length, self.linked - part.linked
        if (part.name == "form" and length > _LONGEST_FORM) or (part.name == "box" and length - linked > _LONGEST_BOX):
            return
        del self.pieces[part.pieces :], self.ways[part.pieces :]
        self.length, self.linked = part.length, part.linked

    def _look_at(self, name: str, attributes: dict[str, str]) -> None:
        """Takes note of a link, a button, or an element that is furniture by its attributes."""
        if name == "a" and not self.link_until and (href := attributes.get("href")):
            self.link_until = self.depth
            self.way = _BUTTON if self.boxes.sharing.search(href) else _LINK
        classes = attributes.get("class")
        named = classes.lower().split() if classes else ()
        style = attributes.get("style")
        if "hidden" in attributes or not self.boxes.classes.isdisjoint(named) or (style and _HIDDEN.search(style)):
            self._begin("hidden")
        elif not self.boxes.small_classes.isdisjoint(named):
            self._begin("box")


def _is_label(text: str) -> bool:
    return len(text) <= _LONGEST_BUTTON and not is_ended(text)


def _extract(markup: str, links: set[str]) -> str:
    markup = _NOT_IN_MARKUP.sub("", markup)
    for mark in "\t\r\n\f":
        markup = markup.replace(mark, " ")
    if "]]>" in markup:
        markup = _CDATA.sub("", markup)
    lower = markup.lower()
    for name in _SWALLOWING:
        if lower.count(f"<{name}") > lower.count(f"</{name}"):
            markup = re.sub(rf"(?i)<{name}\b[^<>]*>?", " ", markup)
    collector = _Collector()
    parser = etree.HTMLParser(target=collector, encoding="utf-8", huge_tree=True, no_network=True)
    try:
        parser.feed(f"<div>{markup}<{_END}></{_END}>".encode())
        parser.close()
    except etree.LxmlError:
        # What was gathered so far is all there is.
        pass
    text = collector.close()
    links |= collector.links
    return text
