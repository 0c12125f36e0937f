"""JRC-Names, the European Commission's names of people and organisations, in its own format: the file `entities`.

Tab-separated, a name a line: number of the entity, its type (P a person, O an organisation), language (ISO 639-1, or u
where the name is used in several), and the name with + for each space. Lines of one number are names of one entity, the
first of them the one to display. https://joint-research-centre.ec.europa.eu/language-technology-resources/jrc-names_en
"""

from __future__ import annotations

from pathlib import Path

from transforms.tag.lists.gather import Asked, Gathered, Row, lines_of

_TYPES = {"p": "person", "o": "organisation"}
_EVERY = "u"


def read_jrc(path: Path, asked: Asked) -> Gathered:
    """The entities of a JRC-Names file, with ids such as jrc:4711. DataError where it cannot be read; mistakes of lines
    in the result."""
    found = Gathered(path, asked)
    for number, line in enumerate(lines_of(path), 1):
        cells = line.rstrip("\r\n").split("\t")
        if not line.strip() or line.startswith("#"):
            continue
        if len(cells) < 4 or not cells[0].strip().isdecimal():
            problem = f"has {len(cells)} columns, the first of them {cells[0][:20]!r}"
            found.mistake(number, problem, "write number, type, language and name, with tabs between")
            continue
        id_, kind, language, name = (cell.strip() for cell in cells[:4])
        type_ = _TYPES.get(kind.lower()) or asked.type
        if type_ is None:
            remedy = "write P for a person or O for an organisation, or give --type for all others"
            found.mistake(number, f"has the type {kind[:10]!r}", remedy)
            continue
        tag = "" if language.lower() == _EVERY else language
        names = {tag or "also": [" ".join(name.replace("+", " ").split())]} if name.strip("+ ") else {}
        found.add(Row(number, f"jrc:{int(id_)}", type_, "", names))
    return found
