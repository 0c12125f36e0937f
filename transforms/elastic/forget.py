"""Removing articles for good. Of a forgotten article only its id stays, which is a hash.

What happens when the process dies: the ids are remembered first, so that nothing writes them again; then what is to be
done is noted, done step by step, and the note removed. Each step may be repeated. A note that is left over is worked
off by whoever forgets next, or by the next start of a pipeline (`finish`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from transforms.elastic import alerts, document, keeper, meta, stories
from transforms.elastic.operations import Operation, done
from transforms.elastic.reach import Reach
from transforms.elastic.scan import buckets, scan
from transforms.elastic.search import LIVE, terms
from transforms.elastic.stories import STORY
from transforms.index.documents import parts
from transforms.index.encode import mend_text
from transforms.index.placements import mended, next_original
from transforms.records import Json, rfc3339

_NOTES = "forgetting"
_BY_ID: list[Json] = [{"news.id": "asc"}]
_BY_REVISION: list[Json] = [*_BY_ID, {"news.revision": "asc"}]
# Those of which only the placement has come yet have no time: first, as in the embedded index.
_OLDEST: list[Json] = [{"@timestamp": {"order": "asc", "missing": "_first"}}, {"news.id": "asc"}]


def forget(reach: Reach, ids: Iterable[str]) -> int:
    """Remove articles with all that stems from them; remember the ids. Returns how many visible ones went."""
    finish(reach)
    gone = 0
    for part in parts(map(mend_text, ids)):
        note = hashlib.sha256("\0".join(part).encode()).hexdigest()[:16]
        _noted(reach, note, {"ids": part})
        gone += _work_off(reach, note, {"ids": part})
    return gone


def finish(reach: Reach) -> None:
    """Work off what a process that died has left undone."""
    notes = reach.get(reach.meta, _NOTES)
    for note, told in (notes.source if notes else {}).items():
        _work_off(reach, note, told)


def _work_off(reach: Reach, note: str, told: Json) -> int:
    ids = told["ids"]
    meta.remember(reach, ids)
    if "stories" not in told:
        told = {"ids": ids, "stories": _touched(reach, ids)}
        _noted(reach, note, told)
    gone = _remove(reach, ids, told["stories"])
    _noted(reach, note, None)
    return gone


def _touched(reach: Reach, ids: list[str]) -> dict[str, list[str]]:
    """The stories that these articles are in, each with those that were merged into it."""
    reach.refresh(reach.articles)
    found = [key["story"] for key in buckets(reach, reach.articles, terms("news.id", ids), {"story": STORY})]
    keeper.make(reach, found)  # so that what was merged into them is known without these articles
    reach.refresh(reach.stories)
    return stories.merged(reach, found)


def _noted(reach: Reach, note: str, told: Json | None) -> None:
    def changed(old: Json | None) -> Json:
        others = {key: value for key, value in (old or {}).items() if key != note}
        return {**others, note: told} if told else others

    reach.change(reach.meta, _NOTES, changed)


def _remove(reach: Reach, ids: list[str], touched: Mapping[str, list[str]]) -> int:
    """All steps; returns how many visible articles went. `touched` as `_touched` gives it."""
    gone = remove_articles(reach, ids)
    reach.refresh(reach.revisions)
    texts = scan(reach, [reach.revisions], terms("news.id", ids), _BY_REVISION, fields=())
    done(reach, [Operation("delete", hit.index, hit.id) for hit in texts])
    alerts.forget_articles(reach, ids)
    reach.refresh(reach.articles)
    _mend(reach, set(ids), list(touched))
    keeper.make(reach, touched)
    for story, former in touched.items():
        if not reach.count(reach.articles, terms(STORY, [story])):
            every = [key for key in (story, *former) if stories.living(reach, key) is None]
            alerts.forget_stories(reach, every)
    reach.refresh(reach.articles, reach.revisions, reach.stories)
    return gone


def remove_articles(reach: Reach, ids: Iterable[str]) -> int:
    """Delete the documents of these articles, wherever they are; returns how many of them were visible. For who finds
    that an article was forgotten while it was written, too."""
    reach.refresh(reach.articles)
    hits = list(scan(reach, [reach.articles], terms("news.id", ids), _BY_ID, fields=["news.live"]))
    done(reach, [Operation("delete", hit.index, hit.id) for hit in hits])
    return sum(bool(hit.source["news"].get("live")) for hit in hits)


def _mend(reach: Reach, gone: set[str], touched: Iterable[str]) -> None:
    """Take the forgotten out of the placements of others. Versions stay: whatever folding writes later goes above."""
    originals: dict[str, str | None] = {}
    wanted = ["news.story"]
    for story in touched:
        left = scan(reach, [reach.articles], terms(STORY, [story]), _OLDEST, fields=wanted)
        originals[story] = next_original([(hit.id, hit.source["news"]["story"].get("role")) for hit in left])
    naming = [terms("news.story.copied_from.id", gone), terms(STORY, touched)]
    query = {"bool": {"should": naming, "minimum_should_match": 1}}
    for hit in list(scan(reach, [reach.articles], query, _BY_ID, fields=())):
        reach.change(hit.index, hit.id, lambda source: _mended(source, gone, originals))


def _mended(source: Json | None, gone: set[str], originals: Mapping[str, str | None]) -> Json | None:
    if source is None:
        return None
    placed = source["news"].get("story") or {}
    new = mended(placed, source["news"]["id"], gone, originals)
    return None if new == placed else document.placed(source, new)


def ids_before(reach: Reach, published_before: int) -> list[str]:
    """Ids of the articles with `published_effective` below this, oldest first."""
    reach.refresh(reach.articles)
    query = {"bool": {"filter": [LIVE, {"range": {"@timestamp": {"lt": rfc3339(published_before)}}}]}}
    return [hit.id for hit in scan(reach, [reach.articles], query, _OLDEST, fields=())]
