"""Markup to plain text. Nothing is rendered, fetched or trusted; cost grows with the length of the input only."""

from __future__ import annotations

import html as entities
import re

from lxml import etree

from transforms.clean.furniture import dropped_classes
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
_DECODINGS = 3
# What an element's beginning puts into the text; only "\n\n" is put at its end as well.
_BREAKS = {
    **dict.fromkeys(_RAW | {_END}, ""),
    **dict.fromkeys(_PARAGRAPHS | _PARTS, "\n\n"),
    **dict.fromkeys(_LINES, "\n"),
    **dict.fromkeys(_CELLS, " "),
}


def text_of(markup: str) -> str:
    """The text of an HTML document or fragment: an empty line between paragraphs, a new line for `<br>` and list items.

    Scripts, frames, forms, navigation, captions, hidden elements and those of a class listed in `furniture.yaml` are
    left out. Entities are decoded, those encoded twice as well. The result is `safe`, and holds no HTML tag.
    """
    return safe(_decoded(_extract(markup)))


def plain(text: str) -> str:
    """The same for a text that should be plain but may hold markup; where it holds none its lines stay as they are."""
    if "<" in text and _TAG.search(text):
        if not _BLOCK_TAG.search(text) or "\n\n" in text:
            text = _lines_kept(text)
        return text_of(text)
    if "&" in text and _ENTITY.search(text):
        text = _decoded(_ENTITY.sub(_letter, text))
    return safe(text)


def _decoded(text: str) -> str:
    """`text` after a second decoding where something was encoded twice, in the end without a tag in any case."""
    for _ in range(_DECODINGS):
        if "<" in text and _TAG.search(text):
            text = _extract(_lines_kept(text))
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


class _Collector:
    """An lxml parser target that gathers text; elements that turn out to be furniture are taken back when they end."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.depth = 0
        self.raw_until = 0
        self.parts: list[tuple[int, int, int, str]] = []
        self.classes = dropped_classes()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.raw_until:
            return
        if attributes and self._unseen(attributes):
            self.parts.append((self.depth, len(self.pieces), self.length, name))
        if name not in _BREAKS:
            return
        if name in _RAW:
            self.raw_until = self.depth
        elif name == _END:
            self.parts.clear()
        elif name in _PARTS:
            self.parts.append((self.depth, len(self.pieces), self.length, name))
        self.pieces.append(_BREAKS[name])

    def end(self, name: str) -> None:
        while self.parts and self.parts[-1][0] == self.depth:
            _, pieces, length, part = self.parts.pop()
            if part != "form" or self.length - length <= _LONGEST_FORM:
                del self.pieces[pieces:]
                self.length = length
        if self.raw_until == self.depth:
            self.raw_until = 0
        self.depth -= 1
        if not self.raw_until and _BREAKS.get(name) == "\n\n":
            self.pieces.append("\n\n")

    def data(self, data: str) -> None:
        if not self.raw_until:
            self.pieces.append(data)
            self.length += len(data)

    def close(self) -> str:
        return "".join(self.pieces)

    def _unseen(self, attributes: dict[str, str]) -> bool:
        """Whether an element is hidden or of a class that is furniture."""
        if "hidden" in attributes:
            return True
        classes = attributes.get("class")
        if classes and not self.classes.isdisjoint(classes.lower().split()):
            return True
        style = attributes.get("style")
        return bool(style and _HIDDEN.search(style))


def _extract(markup: str) -> str:
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
        return str(parser.close())
    except etree.LxmlError:
        return collector.close()
