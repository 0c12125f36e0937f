"""Which of the names in a line are credits: lines of their own, brackets, datelines, line ends, phrases.

All functions take a shape (one line or a part of it, folded, each name one character) and give the indices of
its credited hits. A name in running text is a mention, and none of them gives it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from transforms.attribute.names import ANY_HISTORIC, ANY_NAME, Shape
from transforms.attribute.patterns import DASH, Patterns
from transforms.attribute.spans import FRINGE, bare, capital_last, doubtful, explained, explained_next, parts, within
from transforms.text import fold

_NAME, _HISTORIC = re.compile(ANY_NAME), re.compile(ANY_HISTORIC)
_BRACKET = re.compile(r"[(\[{]([^()\[\]{}\n]{1,80})[)\]}]")
_SLASHES = re.compile(rf"/\s*([^/\n]{{0,3}}{ANY_NAME}[^/\n]{{0,20}})/")
_SENTENCE_END = re.compile(r"[.!?…؟][\"')\]]*\s*$")
_LINE_REST = re.compile(r"[\s.\"',;،*]*\n")
_DASH_NEXT = re.compile(rf"[\"']?\s*[.,:;]*\s*{DASH}")
_LINE_START = re.compile(r"\n[\s*•\"#>-]*$")
# A day, a month in letters or figures, at the end of what stands before a bracket: "Paris, 14.", "Madrid, 6 juin .".
_DATE_LAST = re.compile(r"\d{1,4}\s*[.,]?\s*(?:[^\W\d]{1,10}\s*[.,]?\s*(?:\d{4})?)?\s*[-.,]*\s*$")
_STOP = r"(?P<end>(?<!\b[^\W\d])(?<!\b[^\W\d]{2})[.!?…؟][\"')\]]*)\s*(?:[-/]+\s*)?"
# "Lindau, Jan 4": a place and a day, wherever they stand.
_DAY_LAST = re.compile(r"[\w\]],\s*[^\W\d]{3,9}\.?\s+\d{1,2}\s*$")
_BREAK = re.compile(rf"{_STOP}|\s/+\s*|\s?{DASH}+\s+")
_CALENDAR = re.compile(rf"\n[^\n]{{4,100}}?\d{{4}}\s?(?:م|ه|هـ)\s+(?P<names>{ANY_NAME})(?=\s)")
_PHOTOGRAPHER = re.compile(rf"\s*{ANY_NAME}\s*/\s*[^\W\d]\S*(?:\s+\S+){{1,2}}\s*")
_TITLE_END = re.compile(rf"(?:\s{DASH}+\s*|\s*\|\s*|\s*[(\[])(?P<names>[^()\[\]|\n]{{1,40}})[)\]]?\s*\n?$")
_CLOSED = re.compile(r"[^,،;:\s][\s]*\n$")
_CLOSERS = ("", *'.!?…؟»")”')
# A bracket within a sentence: "Avrupa Parlamentosu (AP) toplandı".
_EMBEDDED = re.compile(rf"\w\s*[(\[]\s*{ANY_NAME}\s*[)\]]\s+[^\W\d]")
_INITIALS = re.compile(rf"(?:\w{{1,12}}/){{1,2}}{ANY_NAME}|{ANY_NAME}/\w{{1,4}}(?!\w)")
_CASED = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands in its text.

    `first`: among the first lines; `head`, `tail`: near an end; `last`: the last line. `after`: the last few
    characters before the line, empty at the start of the text. `next`: the first characters after it.
    """

    first: bool
    head: bool
    tail: bool
    last: bool
    after: str
    next: str


class Habits:
    def __init__(self, patterns: Patterns) -> None:
        self._p = patterns
        self._triggers = sorted(frozenset[str]().union(*(phrase.triggers for phrase in patterns.phrases)))
        start = rf"\n[\s*•]*(?P<before>[^\n\ue000-\ue003]{{2,70}}?)\s*(?:{DASH}+|[/,.،])\s*[\"(]?\s*"
        stop = rf"\s*[\")]?\s*\.?\s*(?:{DASH}+|[:/]|(?P<stop>(?<=\.)\s))"
        self._dateline = re.compile(rf"{start}(?P<names>{patterns.names}){stop}")
        self._joined = re.compile(rf"\n\s*(?P<before>\w+(?:\s\w+)?)\s*{DASH}\s*(?P<names>{patterns.names})\s+\w")
        self._headed = re.compile(rf"\n[^\n\ue000-\ue003]{{2,48}}\s{DASH}+\s*(?P<names>{patterns.names})[\s.:]*\n")
        self._dated = re.compile(rf"\n(?P<names>{patterns.names})\.?\s+[^\W\d]+(?:[ -][^\W\d]+){{0,2}},\s*\d{{1,2}}\b")
        self._signed = re.compile(rf"\n[\s*•]*(?P<names>{patterns.names})\s*\.\s*{DASH}")
        after = rf"(?:\s+{DASH}|{DASH}\s|{DASH}[^\W\d][\w ]{{1,24}}:)"
        self._opening = re.compile(rf"\n[\s*•]*(?=[\"(\[]?{ANY_NAME})(?P<names>{patterns.names}){after}")

    def line(self, shape: Shape, place: Place) -> set[int]:
        """The credited hits of a line."""
        if own := self._own_line(shape, place):
            return own
        found = self._brackets(shape) | self._datelines(shape, place) | self._line_end(shape, place)
        if len(found) < len(shape.hits):
            found |= self._phrases(shape, place)
        return found

    def wrapped(self, shape: Shape, place: Place) -> set[int]:
        """The credited hits of two lines that are one sentence, as in a text of fixed width."""
        return self._brackets(shape) | self._phrases(shape, place)

    def title(self, shape: Shape) -> set[int]:
        """The credited hits of a title: only those that end it, "... - Reuters"."""
        match = _TITLE_END.search(shape.text)
        found = self._stretch(shape, match.start("names"), match.end("names"), 0) if match else set()
        return set() if all(doubtful(self._p, shape, index) for index in found) else found

    def _own_line(self, shape: Shape, place: Place) -> set[int]:
        text = shape.text
        if len(text) > 110 or not (text.startswith("\n") and text.endswith("\n")):
            return set()
        if _PHOTOGRAPHER.fullmatch(text) and not place.tail:
            return set()
        inner = text.strip(' \n-*•(["/')
        bracket = "(" in text
        if bracket and _EMBEDDED.search(text):
            return set()
        if not bracket and not self._p.lead.match(inner):
            signs = place.last and all(hit.name.signs for hit in shape.hits)
            signed = signs and self._p.item.fullmatch(inner.strip(FRINGE))
            if not signed and all(doubtful(self._p, shape, index) for index in range(len(shape.hits))):
                return set()
            if _heading(shape, place):
                return set()
            # In the middle, or in a list, a short line may be anything.
            after = place.after[-1:]
            if not (place.first or place.tail or after in _CLOSERS) or (after == ":" and not place.last):
                return set()
        return self._stretch(shape, 0, len(text), 2)

    def _stretch(self, shape: Shape, start: int, end: int, others: int) -> set[int]:
        """The names of `shape.text[start:end]` if it is nothing but a credit, else none.

        At most `others` parts may be something else: a place, the outlet itself. Names from the first part on that
        credits a picture ("afp/foto: ap") do not count.
        """
        text = shape.text[start:end]
        if self._p.refusal.search(text):
            return set()
        begin = self._after_leads(text)
        found: set[int] = set()
        for left, right in parts(text, begin):
            part = text[left:right].strip(" \n.\"'*")
            if not part:
                continue
            if self._p.picture.search(part):
                return found if _NAME.search(part) else set()
            if _NAME.search(part):
                if not self._p.item.fullmatch(part):
                    return set()
                found |= within(shape, start + left, start + right)
            elif others and self._other(part, shape.raw[shape.at(start + left) : shape.at(start + right)]):
                others -= 1
            else:
                return set()
        return found

    def _other(self, part: str, raw: str) -> bool:
        """May `part` stand beside names: a place, a date, the outlet, initials? Words of a sentence may not."""
        words = raw.strip(" \n.\"'*«»“”").split()
        if len(part) > 24 or len(words) > 3 or self._p.noun.search(part):
            return False
        return len(words) == 1 or any(map(str.isdigit, raw)) or not any(word[0].islower() for word in words)

    def _after_leads(self, text: str) -> int:
        """Where the names may begin, behind at most two of the words that open a credit."""
        begin = len(text) - len(text.lstrip(FRINGE))
        for _ in range(2):
            lead = self._p.lead.match(text, begin)
            if not lead or not _NAME.search(text, lead.end()):
                break
            begin = lead.end()
        return begin

    def _brackets(self, shape: Shape) -> set[int]:
        found: set[int] = set()
        for pattern in (_BRACKET, _SLASHES):
            matches = [match for match in pattern.finditer(shape.text) if _NAME.search(match[1])]
            placed = [match for match in matches if self._placed(shape, match)]
            # Several brackets of which some explain: a list of people with their employers.
            if len(placed) < len(matches):
                placed = [match for match in placed if _DASH_NEXT.match(shape.text, match.end()) or match.start() <= 2]
            for match in placed:
                if not _PHOTOGRAPHER.fullmatch(match[1]):
                    found |= self._stretch(shape, match.start(1), match.end(1), 3)
        return found

    def _running(self, shape: Shape, match: re.Match[str]) -> bool:
        """Does a bracket with a short name open a sentence that goes on: "(AP) classes are ..."?"""
        hits = [shape.hits[index] for index in within(shape, match.start(1), match.end(1))]
        return all(hit.name.strict for hit in hits) and shape.raw[shape.at(match.end()) :].lstrip()[:1].islower()

    def _misread(self, shape: Shape, match: re.Match[str]) -> bool:
        """Does the bracket hold a misread name? "(Wolft)" is the agency only where a dash follows."""
        return any(shape.hits[index].name.misread for index in within(shape, match.start(1), match.end(1)))

    def _placed(self, shape: Shape, match: re.Match[str]) -> bool:
        """Does the bracket stand where credits stand, and does it not explain what goes before it?"""
        before, after = shape.text[: match.start()], shape.text[match.end() :]
        if _LINE_START.search(before):
            return not self._misread(shape, match) and not self._running(shape, match)
        if self._p.noun_last.search(before[-60:]) or self._p.picture.search(before[-60:]):
            return False
        if explained(before[-90:], shape.raw[shape.at(match.start(1)) : shape.at(match.end(1))]):
            return False
        if _DASH_NEXT.match(after):
            return (before.startswith("\n") and len(before) <= 80) or bool(
                _DATE_LAST.search(before) or _SENTENCE_END.search(before) or capital_last(shape, match.start())
            )
        if self._misread(shape, match):
            return bool(_DATE_LAST.search(before)) and self._opens(shape, match)
        if _LINE_REST.match(after) or _SENTENCE_END.search(before):
            return True
        return self._opens(shape, match)

    def _opens(self, shape: Shape, match: re.Match[str]) -> bool:
        """A dateline without a dash: "Wien, 7. Aug. (Exchange) Die", "القاهرة (أ ش أ): قال"."""
        before, after = shape.text[: match.start()], shape.text[match.end() :]
        colon = bool(re.match(r"\s*:", after))
        if colon and _DAY_LAST.search(before):
            return True
        if not before.startswith("\n") or len(before) > 60 or len(before.split()) > 8:
            return False
        if colon or match[0].startswith("/"):
            return True
        raw_before = shape.raw[: shape.at(match.start())].strip()
        raw_after = shape.raw[shape.at(match.end()) :].lstrip(' .«“"„')
        if raw_before.endswith(("-", "–", "—")) and raw_after[:1].isupper():
            return True
        if not raw_after[:1].isupper():
            return False
        capitals = all(word[:1].isupper() or not word[:1].isalpha() for word in raw_before.split())
        return capitals or (raw_before[:1].isupper() and bool(_DATE_LAST.search(before)))

    def _datelines(self, shape: Shape, place: Place) -> set[int]:
        text = shape.text
        match = self._dateline.match(text)
        if match and self._is_dateline(shape, match):
            return within(shape, match.start("names"), match.end("names"))
        match = _CALENDAR.match(text) or self._signed.match(text) or self._dated.match(text)
        # "OSLO, 16.", and on the next line "Reuter. — The king ...".
        if match and match.re is self._signed and _DATE_LAST.search(place.after):
            return within(shape, match.start("names"), match.end("names"))
        if match is None and place.first:
            match = self._headed.fullmatch(text) or self._opening.match(text) or self._joined.match(text)
            rest = shape.raw[shape.at(match.end() - 1) :].lstrip(" -–—") if match else ""
            hit = shape.hits[0]
            if rest[:1].islower() or explained_next(rest, shape.raw[hit.start - shape.start : hit.end - shape.start]):
                return set()
        if match and not self._p.noun.search(match[0]) and self._known(shape, match):
            return within(shape, match.start("names"), match.end("names"))
        return set()

    def _is_dateline(self, shape: Shape, match: re.Match[str]) -> bool:
        before = match["before"]
        first = _CASED.search(shape.raw)
        if first and first[0].islower() and first[0].upper() != first[0]:
            return False
        if match["stop"] and not _DATE_LAST.search(before):
            return False
        words = [word for word in before.split() if not word[0].isdigit() and word[0].isalpha()]
        return len(words) <= 6 and not self._p.noun_last.search(before) and self._known(shape, match)

    def _known(self, shape: Shape, match: re.Match[str]) -> bool:
        """Outside brackets a homonym needs its home, a slash, or another agency beside it."""
        inside = within(shape, match.start("names"), match.end("names"))
        before = match.groupdict().get("before")
        if "/" in match[0] or (before and _DATE_LAST.search(before)):
            return True
        return not all(doubtful(self._p, shape, index) for index in inside)

    def _line_end(self, shape: Shape, place: Place) -> set[int]:
        if not shape.text.endswith("\n"):
            return set()
        base = max(1, len(shape.text) - 81)
        for match in _BREAK.finditer(shape.text, base):
            rest = shape.text[match.end() :]
            if len(rest) > 61 or not _NAME.search(rest):
                continue
            ended = bool(match["end"]) or bool(_SENTENCE_END.search(shape.text[: match.start()])) or "/" in match[0]
            if not (ended or place.last) or not _CLOSED.search(rest):
                continue
            # An editor's initials or the outlet: "ged/dpa", "RND/dpa", "epd/nd".
            initials = 2 if ended and _INITIALS.match(rest) else 0
            inside = self._stretch(shape, match.end(), len(shape.text), initials)
            if inside and not all(doubtful(self._p, shape, index) for index in inside):
                return inside
        return set()

    def _phrases(self, shape: Shape, place: Place) -> set[int]:
        found: set[int] = set()
        text = shape.text
        present = {trigger for trigger in self._triggers if trigger in text}
        historic = bool(present) and bool(_HISTORIC.search(text))
        for phrase in self._p.phrases if present else ():
            if present.isdisjoint(phrase.triggers) or (phrase.historic and not historic):
                continue
            if phrase.where != "any" and not getattr(place, phrase.where):
                continue
            for match in phrase.pattern.finditer(text):
                found |= within(shape, match.start("names"), match.end("names"))
        return found


def _heading(shape: Shape, place: Place) -> bool:
    """Is a line of nothing but a name the heading of what follows: "Agences", and below "Les agences de voyage"?"""
    if not bare(shape):
        return False
    hit = shape.hits[0]
    name = fold(shape.raw[hit.start - shape.start : hit.end - shape.start])
    return bool(re.search(rf"(?<![\w(/-]){re.escape(name)}(?!\s*[\w)/:-]*[)/:-])(?!\w)", fold(place.next)))
