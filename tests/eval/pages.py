"""A page of the worst misses of a set, for a person to read. The texts are the publishers': it stays on the machine.

Everything shown is hostile: it is escaped, its controls are taken off, and the page may load and run nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from itertools import pairwise

from deploy.kibana.svg import right_to_left
from tests.eval.floors import Floor
from tests.eval.model import JUDGED, Figure, Measured, Miss, Shown

WORST = 20
# Of a stretch without marks, so many characters are shown at each end; a shorter one whole.
_AROUND, _WHOLE = 240, 700
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_STYLE = """
body { font: 15px/1.55 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; color: #111c2c }
table { border-collapse: collapse } td, th { padding: .2rem .8rem .2rem 0; text-align: start; vertical-align: top }
.red { color: #b3261e; font-weight: 600 } .dim { color: #5a6d8c }
article { border-top: 1px solid #e3e8f2; padding: .8rem 0 } h3 { margin: 0 0 .3rem }
.texts { display: flex; flex-wrap: wrap; gap: 1.2rem } .texts > div { flex: 1 1 24rem; min-width: 0 }
.text { white-space: pre-wrap; overflow-wrap: anywhere; background: #f7f9fc; padding: .6rem .8rem; border-radius: 6px }
mark { background: #ffe69a; border-radius: 3px } mark.judged { background: #ffb4a8 }
mark small { color: #5a6d8c; margin: 0 .25em }
.cut { color: #5a6d8c; font-style: italic } figure { margin: 1rem 0 } svg { max-width: 46rem; width: 100% }
"""


def page(measured: Measured, floors: dict[str, Floor]) -> str:
    """The whole HTML page of a set: its figures, its pictures, and the worst misses of each figure."""
    by: dict[str, list[Miss]] = {}
    for miss in sorted(measured.misses, key=lambda miss: (-miss.weight, miss.name)):
        by.setdefault(miss.figure, []).append(miss)
    parts = [_figures(measured.figures, floors)]
    parts += [f"<figure>{picture}</figure>" for picture in measured.pictures.values()]
    for key in sorted(by):
        shown = by[key][:WORST]
        count = f"{len(shown)} of {len(by[key])}" if len(by[key]) > WORST else str(len(shown))
        parts.append(f"<h2>{escape(key)}: {count} {'miss' if count == '1' else 'misses'}</h2>")
        parts += [_miss(miss) for miss in shown]
    if not by:
        parts.append("<p>No misses.</p>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(measured.name)}: misses</title><style>{_STYLE}</style></head>\n<body>"
        f"<h1>{escape(measured.name)}</h1>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _figures(figures: Iterable[Figure], floors: dict[str, Floor]) -> str:
    rows = ["<tr><th>figure</th><th>language</th><th>measured</th><th>floor</th><th>cases</th><th></th></tr>"]
    for figure in figures:
        floor = floors.get(figure.key)
        red = ' class="red"' if floor and not floor.holds(figure) else ""
        cells = (figure.key, figure.language, figure.shown, floor.shown if floor else "not pinned", f"{figure.cases:,}")
        told = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        rows.append(f'<tr{red}>{told}<td class="dim">{escape(figure.tells)}</td></tr>')
    return f"<table>{''.join(rows)}</table>"


def _miss(miss: Miss) -> str:
    texts = "".join(f"<div>{_shown(shown)}</div>" for shown in miss.texts)
    return (
        f'<article><h3 dir="auto">{_safe(miss.name)}</h3>'
        f"<p><b>Expected:</b> <bdi>{_safe(miss.expected)}</bdi>. <b>Found:</b> <bdi>{_safe(miss.found)}</bdi>.</p>"
        f'<div class="texts">{texts}</div></article>'
    )


def _shown(shown: Shown) -> str:
    way = "rtl" if right_to_left(shown.text) else "ltr"
    return f'<p class="dim" dir="auto">{_safe(shown.head)}</p><div class="text" dir="{way}">{_marked(shown)}</div>'


def _marked(shown: Shown) -> str:
    """The text with its marks; where several lie over each other, each stretch tells all of them."""
    text = shown.text
    edges = sorted({0, len(text), *(edge for span, _ in shown.marks for edge in span)})
    parts = []
    for start, end in pairwise(edges):
        labels = [label for (a, b), label in shown.marks if a <= start and end <= b]
        if labels:
            told = "; ".join(dict.fromkeys(label for label in labels if label != "shared"))
            small = f"<small>{_safe(told)}</small>" if told else ""
            judged = ' class="judged"' if JUDGED in told else ""
            parts.append(f"<mark{judged}>{_safe(text[start:end])}{small}</mark>")
        else:
            parts.append(_between(text[start:end], first=start == 0, last=end == len(text)))
    return "".join(parts)


def _between(text: str, *, first: bool, last: bool) -> str:
    """A stretch without marks, its middle left out where it is long."""
    if len(text) <= _WHOLE:
        return _safe(text)
    before = "" if first and not last else _safe(text[:_AROUND])
    after = "" if last and not first else _safe(text[-_AROUND:])
    left = len(text) - _AROUND * (bool(before) + bool(after))
    return f'{before}<span class="cut"> … {left:,} characters … </span>{after}'


def _safe(text: str) -> str:
    return escape(_CONTROLS.sub("", text))
