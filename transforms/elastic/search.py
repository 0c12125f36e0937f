"""Reading articles by query: the query language of `transforms.index.query` as Elasticsearch's.

The words in `news.search` are folded as a query's are, and split at spaces only: what matches here is what matches in
the embedded index. The order of equally good matches may differ, as each store counts its own word statistics.
"""

from __future__ import annotations

from collections.abc import Iterable

from transforms.elastic.document import article_document
from transforms.elastic.reach import Reach
from transforms.elastic.scan import scan
from transforms.index.encode import integer, mend_text
from transforms.index.highlight import highlight
from transforms.index.interface import Query
from transforms.index.labels import domain
from transforms.index.query import Parsed, Term, parse
from transforms.index.words import base, searchable
from transforms.records import Json, rfc3339

TITLE, BODY, FORMS = "news.search.title", "news.search.body", "news.search.forms"
LIVE: Json = {"term": {"news.live": True}}
NEWEST: list[Json] = [{"@timestamp": "desc"}, {"news.id": "asc"}]
_BEST: list[Json] = [{"_score": "desc"}, *NEWEST]
# A word in the title says more than one in the body, and a form without its clitics less than the word itself.
_IN_TITLE, _IN_FORMS = 4.0, 0.5
_SCORED = 64  # words of one OR that are scored; more are only matched, as a query may hold few clauses
_PREFIXED = 10_000  # words that the last of a phrase may go on to
_NAMESAKES = 50  # entities that one name may mean
_LONGEST = 8191  # characters of a keyword that the mapping keeps


def articles(reach: Reach, query: Query) -> list[Json]:
    """Article documents, the best match first (newest first without text), with `highlight` where there is text."""
    parsed = parsed_text(query)
    limit = limit_of(query)
    if not limit:
        return []
    reach.refresh(reach.articles)
    wanted = narrowed(reach, query, parsed)
    if wanted is None:
        return []
    scored = parsed is not None and bool(parsed.wanted)
    hits = scan(reach, [reach.articles], wanted, _BEST if scored else NEWEST, limit=limit)
    found = [article_document(hit.source) for hit in hits]
    if parsed is not None and scored:
        for document in found:
            document["highlight"] = highlight(parsed, document["title"], document["body"])
    return found


def find(reach: Reach, key: str) -> Json | None:
    """The stored article with this id, or else this URL; of several with one URL that which was seen first."""
    reach.refresh(reach.articles)
    first: list[Json] = [{"event.created": "asc"}, {"news.id": "asc"}]
    for field in ("news.id", "url.full"):
        wanted = {"bool": {"filter": [LIVE, terms(field, [mend_text(key)])]}}
        for hit in scan(reach, [reach.articles], wanted, first, limit=1):
            return hit.source
    return None


def limit_of(query: Query) -> int:
    """How many results are asked for."""
    return max(0, integer(query.limit) or 0)


def parsed_text(query: Query) -> Parsed | None:
    """The text of a query, read; None where there is none."""
    return parse(mend_text(query.text)) if query.text and query.text.strip() else None


def narrowed(reach: Reach, query: Query, parsed: Parsed | None) -> Json | None:
    """The query of the articles that fit. None: nothing can fit (a text without any word)."""
    text = [] if parsed is None else [matching(parsed)]
    if None in text:
        return None
    filters = [LIVE]
    if query.since is not None:
        filters.append({"range": {"@timestamp": {"gte": rfc3339(query.since)}}})
    if query.lang is not None:
        filters.append(terms("news.language", [mend_text(query.lang).lower()]))
    filters += [terms("news.labels", wanted) for wanted in _labels(reach, query)]
    return {"bool": {"must": text, "filter": filters}}


def _labels(reach: Reach, query: Query) -> list[list[str]]:
    """Per narrowing field the labels of which an article must have one."""
    wanted = []
    if query.topic is not None:
        wanted.append([f"t:{mend_text(query.topic)}"])
    if query.entity is not None:
        entity = mend_text(query.entity)
        wanted.append([f"e:{entity}", *(f"e:{key}" for key in _named(reach, searchable(entity)))])
    if query.source is not None:
        source = mend_text(query.source)
        wanted.append([f"s:{source}", f"d:{domain(source)}"])
    return wanted


def _named(reach: Reach, name: str) -> list[str]:
    """Ids of the entities that some article calls by this name, folded. Names mean one entity or a few: each look
    finds an article with one that is not known yet, until there is none."""
    found: dict[str, None] = {}
    while len(found) < _NAMESAKES:
        others = [terms("news.labels", [f"e:{key}" for key in found])] if found else []
        wanted = {"bool": {"filter": [terms("news.labels", [f"n:{name}"])], "must_not": others}}
        hit = next(scan(reach, [reach.articles], wanted, NEWEST, fields=["news.entities"], limit=1), None)
        entities = hit.source["news"]["entities"] if hit else []
        more = {one["id"] for one in entities if searchable(one.get("name") or "") == name} - found.keys()
        if not more:
            break
        found.update(dict.fromkeys(sorted(more)))
    return list(found)


def terms(field: str, values: Iterable[str]) -> Json:
    """Has one of these values. Values longer than any that is kept match nothing, and the server would refuse them."""
    return {"terms": {field: [value for value in values if len(value) <= _LONGEST]}}


def matching(parsed: Parsed) -> Json | None:
    """What a text asks for as a query of Elasticsearch; None for a text without any word."""
    if not (parsed.wanted or parsed.unwanted):
        return None
    return {
        "bool": {
            "must": [any_of(group) for group in parsed.wanted],
            "must_not": [any_of(parsed.unwanted)] if parsed.unwanted else [],
        }
    }


def any_of(group: Iterable[Term]) -> Json:
    """One of these terms matches."""
    distinct = list(dict.fromkeys(group))
    plain = [term.words[0] for term in distinct if len(term.words) == 1 and not term.prefix]
    words = list(dict.fromkeys((*plain, *(bare for word in plain if (bare := base(word))))))
    found = [one for term in distinct for one in _longer(term)]
    if len(words) > _SCORED:
        found += [terms(field, words) for field in (TITLE, BODY, FORMS)]
    elif words:
        told = {"query": " ".join(words), "operator": "or"}
        found.append({"combined_fields": {**told, "fields": [f"{TITLE}^{_IN_TITLE}", BODY]}})
        found.append({"match": {FORMS: {**told, "boost": _IN_FORMS}}})
    return {"bool": {"should": found, "minimum_should_match": 1}}


def _longer(term: Term) -> list[Json]:
    """Alternatives for a phrase or prefix; none for a plain word."""
    text = " ".join(term.words)
    if len(term.words) == 1:
        boosts = ((TITLE, _IN_TITLE), (BODY, 1.0), (FORMS, _IN_FORMS))
        return [{"prefix": {field: {"value": text, "boost": boost}}} for field, boost in boosts] if term.prefix else []
    # The forms without clitics are no running text, where words would stand side by side by chance.
    kind, more = ("match_phrase_prefix", {"max_expansions": _PREFIXED}) if term.prefix else ("match_phrase", {})
    return [
        {kind: {field: {"query": text, "boost": boost, **more}}} for field, boost in ((TITLE, _IN_TITLE), (BODY, 1.0))
    ]
