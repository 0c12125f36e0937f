"""Reading articles and stories by query."""

# ruff: noqa: S608 -- only names and parameter marks of our own are put into statements, never values

from __future__ import annotations

import sqlite3
from typing import Any

from transforms.index import documents, stories
from transforms.index.encode import integer, mend_text
from transforms.index.highlight import highlight
from transforms.index.interface import Query
from transforms.index.labels import domain, match
from transforms.index.query import Parsed, parse
from transforms.index.words import searchable
from transforms.records import Json

# A word in the title says more than one in the body, and a form without its clitics less than the word itself.
_RANK = "bm25(fts, 4.0, 1.0, 0.5)"


def articles(db: sqlite3.Connection, query: Query) -> list[Json]:
    """Article documents, the best match first (newest first without text), with `highlight` where there is text."""
    parsed = _parsed(query)
    tables, where, values = _narrowed(db, query, parsed)
    if where is None:
        return []
    order = f"{_RANK}, a.published DESC" if "fts" in tables else "a.published DESC"
    rows = db.execute(
        f"SELECT a.n FROM {tables} WHERE {where} ORDER BY {order}, a.id LIMIT ?", [*values, _limit(query)]
    )
    found = documents.read(db, [n for (n,) in rows])
    if parsed is not None and parsed.wanted:
        for document in found:
            document["highlight"] = highlight(parsed, document["title"], document["body"])
    return found


def story_documents(db: sqlite3.Connection, query: Query) -> list[Json]:
    """Story documents, newest first, of the stories that have an article which the query fits."""
    tables, where, values = _narrowed(db, query, _parsed(query))
    if where is None:
        return []
    narrowed = f"WHERE id IN (SELECT a.story FROM {tables} WHERE {where})" if query != Query(limit=query.limit) else ""
    rows = db.execute(
        f"SELECT id FROM story {narrowed} ORDER BY latest DESC, id LIMIT ?",
        [*(values if narrowed else ()), _limit(query)],
    ).fetchall()
    return [stories.document(db, key) for (key,) in rows]


def _limit(query: Query) -> int:
    return max(0, integer(query.limit) or 0)


def _parsed(query: Query) -> Parsed | None:
    return parse(mend_text(query.text)) if query.text and query.text.strip() else None


def _narrowed(db: sqlite3.Connection, query: Query, parsed: Parsed | None) -> tuple[str, str | None, list[Any]]:
    """The tables to read, the condition, and its values. No condition: nothing can fit (a text without any word)."""
    tables, where, values = "article a", ["a.live = 1"], list[Any]()
    if parsed is not None:
        expression = parsed.match()
        if expression is not None:
            # CROSS JOIN: full text first, always; the planner knows nothing of its cost.
            tables = "fts CROSS JOIN article a ON a.n = fts.rowid"
            where.append("fts MATCH ?")
            values.append(expression)
        elif parsed.unwanted:
            where.append("a.n NOT IN (SELECT rowid FROM fts WHERE fts MATCH ?)")
            values.append(parsed.reject())
        else:
            return tables, None, []
    if query.since is not None:
        where.append("a.published >= ?")
        values.append(integer(query.since))
    if query.lang is not None:
        where.append("a.lang = ?")
        values.append(mend_text(query.lang).lower())
    for wanted in _labels(db, query):
        where.append("a.n IN (SELECT rowid FROM label WHERE label MATCH ?)")
        values.append(match(wanted))
    return tables, " AND ".join(where), values


def _labels(db: sqlite3.Connection, query: Query) -> list[list[str]]:
    """Per narrowing field the labels of which an article must have one."""
    wanted = []
    if query.topic is not None:
        wanted.append([f"t:{mend_text(query.topic)}"])
    if query.entity is not None:
        entity = mend_text(query.entity)
        named = db.execute("SELECT id FROM entity_name WHERE name = ? LIMIT 50", (searchable(entity),))
        wanted.append([f"e:{entity}", *(f"e:{key}" for (key,) in named)])
    if query.source is not None:
        source = mend_text(query.source)
        wanted.append([f"s:{source}", f"d:{domain(source)}"])
    return wanted
