"""Cheap looks at markup before a real parser sees it: how deep, how much, how many items."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_DEPTH = 256
MAX_TAGS = 200_000
_MARK = re.compile(r"<(!--|!\[CDATA\[|/?[A-Za-z_][^\s<>/]{0,80})")
_TAG = re.compile(r"<[^<>]*>")
_ITEM_TAG = re.compile(r"<(?:[\w.-]{1,40}:)?(?:item|entry)[\s>/]", re.IGNORECASE)
_ITEM_END = re.compile(r"</(?:[\w.-]{1,40}:)?(?:item|entry)\s{0,9}>", re.IGNORECASE)
_ITEM = re.compile(r"(?:[\w.-]+:)?(item|entry)$", re.IGNORECASE)
# Elements that often stay open in old HTML: their number says nothing about depth.
_LOOSE = frozenset(
    {"br", "img", "hr", "input", "meta", "link", "area", "base", "col", "embed", "param", "source", "track", "wbr", "p",
     "li", "dt", "dd", "tr", "td", "th", "option", "thead", "tbody"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scan:
    """What a look at a feed's markup found; CDATA and comments are skipped.

    `cut` is the offset of the first item beyond the cap (None where there is none), `items` how many there are, beyond
    the cap too.
    """

    depth: int
    tags: int
    items: int
    cut: int | None


def scan_feed(text: str, max_items: int) -> Scan:
    """One pass over a feed's markup, ended early once it is deeper or longer than the limits."""
    depth = deepest = tags = items = at = 0
    while (found := _MARK.search(text, at)) is not None:
        mark, at = found[1], found.end()
        if mark[0] == "!":
            end = text.find("-->" if mark == "!--" else "]]>", at)
            if end < 0:
                break
            at = end + 3
            continue
        if _ITEM.match(mark):
            if items == max_items:
                return Scan(deepest, tags, items + len(_ITEM_TAG.findall(text, found.start())), found.start())
            items += 1
            # Depth is an item's own affair: markup left open in one must not count against the next.
            depth = min(depth, 4)
        tags += 1
        depth += _step(mark, text, at)
        deepest = max(deepest, depth)
        if tags > MAX_TAGS or deepest > MAX_DEPTH:
            break
    return Scan(deepest, tags, items, None)


def cut_feed(text: str, cut: int) -> str:
    """A feed without what lies between `cut` and the end of its last item; its closing tags stay."""
    end = len(text)
    for found in _ITEM_END.finditer(text, cut):
        end = found.end()
    return text[:cut] + text[end:]


def too_deep(html: str) -> bool:
    """Whether a piece of HTML nests deeper than any writer means it to."""
    if html.count("<") <= MAX_DEPTH:
        return False
    depth = at = 0
    while (found := _MARK.search(html, at)) is not None:
        at = found.end()
        if found[1][0] != "!":
            depth += _step(found[1], html, at)
        if depth > MAX_DEPTH:
            return True
    return False


def without_tags(html: str) -> str:
    """HTML with every tag replaced by a space; entities stay."""
    return _TAG.sub(" ", html)


def _step(mark: str, text: str, at: int) -> int:
    """How a tag changes the depth: +1, -1, or 0 for one that closes itself or need not be closed."""
    name = mark.lstrip("/").lower()
    if name in _LOOSE:
        return 0
    if mark[0] == "/":
        return -1
    end = text.find(">", at, at + 2000)
    return 0 if end > 0 and text[end - 1] == "/" else 1
