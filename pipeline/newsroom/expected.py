"""What the monitor should make of the day, computed from the plan alone.

Addresses are without tracking parameters. The outcome has:

- `stories`: {text, language, original, agency (of the original, or None), reposts, wire (slugs that any member
  credits)}, for each text that two or more articles carry. The original is an agency's own article, else the one
  published first;
- `unique`: addresses of articles that share their text with no other (hostile ones apart);
- `digests`: {url, originals}; linked to each and in no story;
- `revisions`: address to the number that its last text has (0 is the first);
- `wire`: address to the slugs credited in the article, only for those that credit any;
- `same_url`: {url, feeds} of articles that several feeds list;
- `pages`: addresses of articles whose text is on the page; `refused_pages`: those of which only the summary may
  be read;
- `early`: {original, reposts} of stories in which reposts were seen before their original;
- `translations`: {original, of}: originals that tell another original's text in another language;
- `hostile`: {feed, guid, url (None where the link is no address to go to), why};
- `counts`: feeds, entries (listings in feeds), articles, stories, reposts, and `by_language`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pipeline.newsroom.compose import Item, compose
from pipeline.newsroom.load import load_plan
from pipeline.newsroom.model import DAY, Plan


def expected(plan: Plan | None = None, until: float = DAY, *, watched: bool = True) -> dict[str, Any]:
    """The outcome, as the module's head describes it, once all that appears by second `until` of the day has been read.

    `watched` tells whether the feeds were read all along: one late look sees only the last text of each article, and no
    revision.
    """
    plan = plan or load_plan()
    items = [item for item in compose(plan) if item.appears <= until]
    groups: dict[str, list[Item]] = {}
    for item in items:
        if item.kind == "entry":
            groups.setdefault(item.texts[0], []).append(item)
    elected = {text: _original(plan, members) for text, members in groups.items()}
    stories = [_story(plan, text, elected[text], members) for text, members in groups.items() if len(members) > 1]
    revised = {item.url: sum(item.appears < s.since <= until for s in item.states) for item in items if watched}
    return {
        "stories": stories,
        "unique": [members[0].url for members in groups.values() if len(members) == 1],
        "digests": [
            {"url": item.url, "originals": [elected[text].url for text in item.texts if text in elected]}
            for item in items
            if item.kind == "digest"
        ],
        "revisions": {url: count for url, count in revised.items() if count},
        "wire": {item.url: sorted(item.wire) for item in items if item.wire},
        "same_url": [{"url": item.url, "feeds": list(item.feeds)} for item in items if len(item.feeds) > 1],
        **_pages(plan, items),
        "early": _early(elected, groups),
        "translations": [
            {"original": elected[text].url, "of": elected[source].url}
            for text, source in ((text, plan.texts[text].translation_of) for text in groups)
            if source in elected
        ],
        "hostile": [_hostile(item) for item in items if item.kind == "hostile"],
        "counts": _counts(items, stories, groups),
    }


def _original(plan: Plan, members: Iterable[Item]) -> Item:
    """The agency's own article, else the one published first; a feed without dates comes last."""

    def order(item: Item) -> tuple[bool, bool, int]:
        outlet = plan.outlets[item.feeds[0]]
        return outlet.agency is None, not outlet.dated, item.published

    return min(members, key=order)


def _story(plan: Plan, text: str, original: Item, members: list[Item]) -> dict[str, Any]:
    return {
        "text": text,
        "language": original.language,
        "original": original.url,
        "agency": plan.outlets[original.feeds[0]].agency,
        "reposts": [item.url for item in members if item is not original],
        "wire": sorted({slug for item in members for slug in item.wire}),
    }


def _pages(plan: Plan, items: list[Item]) -> dict[str, list[str]]:
    short = [item for item in items if item.carries == "summary"]
    refused = [item for item in short if item.link or _disallowed(plan, item)]
    return {
        "pages": [item.url for item in short if item not in refused],
        "refused_pages": [item.link or item.url for item in refused],
    }


def _disallowed(plan: Plan, item: Item) -> bool:
    site = plan.site(item.feeds[0])
    path = item.url.removeprefix(f"http://{site.domain}")
    return any(path.startswith(prefix) for prefix in site.disallow)


def _early(elected: dict[str, Item], groups: dict[str, list[Item]]) -> list[dict[str, Any]]:
    out = []
    for text, members in groups.items():
        before = [item.url for item in members if item.appears < elected[text].appears]
        if before:
            out.append({"original": elected[text].url, "reposts": before})
    return out


def _hostile(item: Item) -> dict[str, Any]:
    link = item.link or item.url
    url = link if link.startswith("http") else None
    return {"feed": item.feeds[0], "guid": item.guid, "url": url, "why": item.why}


def _counts(items: list[Item], stories: list[dict[str, Any]], groups: dict[str, list[Item]]) -> dict[str, Any]:
    languages: dict[str, Counter[str]] = {}
    for item in items:
        languages.setdefault(item.language, Counter()).update(entries=len(item.feeds), articles=1)
    for story in stories:
        languages[story["language"]].update(stories=1, reposts=len(story["reposts"]))
    for members in groups.values():
        languages[members[0].language]["unique"] += len(members) == 1
    return {
        "feeds": len({feed for item in items for feed in item.feeds}),
        "entries": sum(len(item.feeds) for item in items),
        "articles": len(items),
        "stories": len(stories),
        "reposts": sum(len(story["reposts"]) for story in stories),
        "by_language": {language: dict(counts) for language, counts in sorted(languages.items())},
    }
