"""Labels: what readers narrow by, kept as a second full text of one token per source, topic and entity of an article.

A table of (label, article) would touch one page per label at each write; measured at 100,000 articles, that alone was
two thirds of all that was written to the log (67 KB per article, 23 without).
"""

# ruff: noqa: S608 -- only names of our own are put into statements, never values

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from transforms.index.encode import loads
from transforms.records import Json

LABELLED = ("content", "sources", "tags")  # the groups that give labels; an article has the union of theirs


def labels(group: str, fields: Json) -> set[str]:
    """The labels that a group of this content gives."""
    if group in ("content", "sources"):
        sources = [*(fields.get("sources") or ()), fields.get("source") or {}]
        found = {f"s:{source['id']}" for source in sources if source.get("id")}
        return found | {f"d:{domain(source['domain'])}" for source in sources if source.get("domain")}
    topics = {f"t:{topic['id']}" for topic in fields.get("topics") or ()}
    return topics | {f"e:{entity['id']}" for entity in fields.get("entities") or ()}


def domain(name: str) -> str:
    """A domain as it is compared: lower case, without `www.`."""
    return name.lower().strip().removeprefix("www.")


def stored_labels(db: sqlite3.Connection, group: str, n: int) -> set[str]:
    """The labels that the stored group gives the article with this row number."""
    row = db.execute(f"SELECT doc FROM {group} WHERE n = ?", (n,)).fetchone()
    return labels(group, loads(row[0])) if row else set()


def label(db: sqlite3.Connection, n: int, wanted: set[str]) -> None:
    """Give an unlabelled article its labels."""
    if wanted:
        db.execute("INSERT INTO label(rowid, labels) VALUES (?, ?)", (n, _tokens(wanted)))


def unlabel(db: sqlite3.Connection, n: int, stored: set[str]) -> None:
    """Take all labels from an article; the table must be told which they are."""
    if stored:
        db.execute("INSERT INTO label(label, rowid, labels) VALUES ('delete', ?, ?)", (n, _tokens(stored)))


def match(wanted: Iterable[str]) -> str:
    """The FTS5 expression for articles with any of these labels."""
    return " OR ".join(f'"{_token(one)}"' for one in wanted)


def _token(one: str) -> str:
    # Hexadecimal, so that a label is one token whatever an id holds.
    return one.encode().hex()


def _tokens(several: set[str]) -> str:
    return " ".join(map(_token, sorted(several)))
