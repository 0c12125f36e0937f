"""Pieces of an SVG picture: text that is cut to its room and runs in its own direction, lines, areas, arcs."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

INK, DIM, RULE, PAPER, DESK = "#111C2C", "#5A6D8C", "#E3E8F2", "#FFFFFF", "#F1F4F9"
COLOURS = (
    "#16C5C0", "#61A2FF", "#EE72A6", "#EAAE01", "#F6726A", "#8144CC", "#0B64DD", "#A6EDEA", "#BFDBFF", "#FFC7DB",
    "#FCD883", "#FFC9C2", "#C5A3F5", "#7A8CA5", "#4CA66B",
)  # fmt: skip
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A place in the picture, in pixels."""

    x: float
    y: float
    w: float
    h: float

    def inside(self, left: float, top: float, right: float, bottom: float) -> Box:
        """This box less its margins."""
        return Box(self.x + left, self.y + top, self.w - left - right, self.h - top - bottom)


def width(text: str, size: float) -> float:
    """About how wide `text` is, in pixels."""
    return sum(size if unicodedata.east_asian_width(letter) in "WF" else 0.54 * size for letter in text)


def cut(text: str, size: float, room: float) -> str:
    """`text` without what cannot be seen, cut with an ellipsis to `room` pixels."""
    shown = _UNSEEN.sub("", text)
    if width(shown, size) <= room:
        return shown
    while shown and width(shown + "…", size) > room:
        shown = shown[:-1]
    return shown.rstrip() + "…"


def right_to_left(text: str) -> bool:
    """Does `text` run from right to left? Its first letter that has a direction says so."""
    return next((way for way in map(unicodedata.bidirectional, text) if way in {"L", "R", "AL"}), "L") != "L"


def text(at: Point, words: str, size: float = 11, room: float = 400, anchor: str = "start", fill: str = INK,
         weight: int = 400) -> str:  # fmt: skip
    """A line of text in `room` pixels from `at`. Right-to-left text begins at the right end of its room."""
    shown = cut(words, size, room)
    x, y = at
    direction = ""
    if right_to_left(shown):
        direction = ' direction="rtl" unicode-bidi="plaintext"'
        if anchor == "start":
            x += room
        else:
            anchor = {"end": "start"}.get(anchor, anchor)
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{fill}" text-anchor="{anchor}"{bold}{direction}>'
        f"{escape(shown)}</text>"
    )


def rect(box: Box, fill: str, stroke: str = "", radius: float = 0) -> str:
    """A filled rectangle."""
    edge = f' stroke="{stroke}"' if stroke else ""
    round_ = f' rx="{radius:g}"' if radius else ""
    return (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{max(box.w, 0):.1f}" height="{max(box.h, 0):.1f}" '
        f'fill="{fill}"{edge}{round_}/>'
    )


def line(points: Sequence[Point], colour: str, thick: float = 1.5) -> str:
    """A line through the points; a single one is a dot."""
    if len(points) == 1:
        return f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="2.5" fill="{colour}"/>'
    return f'<polyline points="{_joined(points)}" fill="none" stroke="{colour}" stroke-width="{thick:g}"/>'


def area(points: Sequence[Point], colour: str) -> str:
    """A filled outline."""
    return f'<polygon points="{_joined(points)}" fill="{colour}" fill-opacity=".75"/>'


def arc(middle: Point, radius: float, inner: float, start: float, end: float, colour: str) -> str:
    """A piece of a ring, from `start` to `end` of a whole turn."""
    end = min(end, start + 0.9999)
    outer = [_on(middle, radius, turn) for turn in (start, end)]
    hole = [_on(middle, inner, turn) for turn in (end, start)]
    large = int(end - start > 0.5)
    return (
        f'<path d="M{outer[0]} A{radius:g} {radius:g} 0 {large} 1 {outer[1]} L{hole[0]} '
        f'A{inner:g} {inner:g} 0 {large} 0 {hole[1]} Z" fill="{colour}"/>'
    )


def picture(size: Point, parts: Sequence[str], label: str) -> str:
    """The whole file. No font is fetched: a page that shows it may not."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]:g} {size[1]:g}" role="img" '
        f'aria-label="{escape(label, {chr(34): "&quot;"})}" font-family="Inter, system-ui, sans-serif">\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _joined(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _on(middle: Point, radius: float, turn: float) -> str:
    angle = 2 * math.pi * (turn - 0.25)
    return f"{middle[0] + radius * math.cos(angle):.1f} {middle[1] + radius * math.sin(angle):.1f}"
