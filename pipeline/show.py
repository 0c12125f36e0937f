"""Answers on a terminal: hostile content made inert, Arabic right to left inside a left-to-right line."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from transforms.alert.inert import plain
from transforms.fold.lag import span
from transforms.records import Json, seconds

if TYPE_CHECKING:
    from pipeline.matches import Match

# Unicode's First Strong Isolate and its end: the text between takes the direction of its first strong letter.
FIRST_STRONG, POP = "\u2068", "\u2069"
# What a tree draws before a line of its third level.
_INDENT = 16
ROLE_STYLE = {"original": "bold green", "repost": "yellow", "unique": ""}


def isolate(text: str, limit: int = 160) -> str:
    """`text` on one line, without control codes, in an isolate of its own direction."""
    return f"{FIRST_STRONG}{plain(text, limit)}{POP}"


def moment(text: str | None) -> str:
    """A document's time, to the minute, in UTC; a dash for none."""
    stamp = seconds(text)
    if stamp is None:
        return "-"
    when = datetime.fromtimestamp(stamp, UTC)
    return when.strftime("%m-%d %H:%M" if when.year == datetime.now(UTC).year else "%Y-%m-%d %H:%M")


def _names(items: Sequence[Json], most: int = 4) -> str:
    names = [plain(str(item.get("name") or item["id"]), 40) for item in items[:most]]
    return ", ".join(names) + (" …" if len(items) > most else "")


def articles(console: Console, found: Sequence[Json]) -> None:
    """Article documents, two lines each: when, where, what; then the title, and the match."""
    for item in found:
        role = (item.get("story") or {}).get("role") or "-"
        head = Text(f"{moment(item['published_effective'])}  {_source(item.get('source'))}  ")
        head.append(f"{item.get('language') or '-'}  ")
        head.append(role, style=ROLE_STYLE.get(role, ""))
        head.append(f"  {', '.join(topic['id'] for topic in item['topics'][:3])}", style="cyan")
        head.append(f"  {item['id']}", style="dim")
        _block(console, head, item["title"])
        if item.get("highlight"):
            _line(console, Text(f"    {isolate(item['highlight'], 200)}", style="dim"))
    _count(console, len(found), "article", "articles")


def stories(console: Console, found: Sequence[Json]) -> None:
    """Story documents, two lines each."""
    for item in found:
        head = Text(f"{moment(item['latest'])}  {_source(item['original_source'])}  ")
        more = item["reposts"]
        head.append(f"{more} repost{'' if more == 1 else 's'}" if more else "alone", style="yellow" if more else "dim")
        head.append(f"  {', '.join(item['agencies'][:4])}", style="magenta")
        head.append(f"  {', '.join(topic['id'] for topic in item['topics'][:4])}", style="cyan")
        head.append(f"  {item['id']}", style="dim")
        _block(console, head, item["title"])
    _count(console, len(found), "story", "stories")


def alerts(console: Console, found: Sequence[Json]) -> None:
    """Alert documents, three lines each: when and how grave, the title, and why."""
    for item in found:
        head = Text(f"{moment(item['created'])}  ")
        head.append(item["severity"], style="bold red" if item["severity"] in ("high", "critical") else "yellow")
        told = len(item["history"])
        head.append(f"  {plain(item['rule'], 40)}  {told} article{'' if told == 1 else 's'}")
        head.append(f"  story {item['story_id']}", style="dim")
        _block(console, head, item.get("title") or "")
        _line(console, Text(f"    {plain(item['reason'], 300)}", style="italic"))
    _count(console, len(found), "alert", "alerts")


def reposts(console: Console, found: Sequence[Json]) -> None:
    """Rows of the repost graph, a line each; names stand last, as their width and direction are their own."""
    if found:
        _line(console, Text(f"{'reposts':>7}  {'median lag':18}  share  {'credited':11}  who copies whom", style="dim"))
    for row in found:
        lag = f"{span(row['lag_s'])} {'later' if row['lag_s'] >= 0 else 'earlier'}"
        share = "-" if row["share"] is None else f"{row['share']:.0%}"
        credited = f"{row['credited']} of {row['creditable']}" if row["creditable"] else "-"
        line = Text(f"{row['reposts']:7}  {lag:18}  {share:>5}  ")
        line.append(f"{credited:11}  ", style="yellow" if row["credited"] < row["creditable"] else "")
        _line(console, line.append(f"{_called(row['source'])} copies {_called(row['copies'])}"))
    _count(console, len(found), "row", "rows")


def _called(source: Json) -> str:
    """A source's name and, where that is another, its id."""
    name, key = plain(source.get("name"), 60), plain(source.get("id"), 40)
    return isolate(name or key) + (f" ({isolate(key)})" if name and name != key else "")


def judgements(console: Console, found: Sequence[Json]) -> None:
    """Entries of the log of judgements, one line each and one for the note."""
    taken = {entry["of"]: entry for entry in found if entry["kind"] == "undo"}
    for entry in found:
        undone = taken.get(entry["number"])
        line = Text(f"{entry['number']:4}  {moment(entry['at'])}  {entry['kind']:8}  ", style="dim" if undone else "")
        line.append(f"of {entry['of']}" if entry["kind"] == "undo" else " ".join(entry["articles"]))
        line.append(f"  by {isolate(entry['by'], 80)}")
        if undone:
            line.append(f"  taken back by {isolate(undone['by'], 80)}")
        _line(console, line)
        if entry["note"]:
            _line(console, Text(f"      {isolate(entry['note'], 400)}", style="italic"))
    _count(console, len(found) - 2 * len(taken), "judgement in force", "judgements in force")


def check(console: Console, good: bool, what: str, said: str) -> None:
    """One line of `check`."""
    line = Text("ok   " if good else "bad  ", style="green" if good else "bold red")
    _line(console, line.append(f"{what}: {plain(said, 1000)}", style="default"))


def _source(source: Json | None) -> str:
    return plain((source or {}).get("id"), 30) or "-"


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)


def _block(console: Console, head: Text, title: str) -> None:
    _line(console, head)
    _line(console, Text(f"    {isolate(title, 200)}", style="bold"))


def _count(console: Console, count: int, one: str, many: str) -> None:
    console.print(f"{count} {one if count == 1 else many}", style="dim")


def story(console: Console, found: Json, matched: Mapping[str, list[Match]]) -> None:
    """One story as a tree: the original, and under it each repost with what it took and why we think so. `matched`
    holds the passages of members, by id."""
    members = sorted(
        found["members"], key=lambda m: (m["story"]["role"] == "repost", m["published_effective"], m["id"])
    )
    console.print(Text(isolate(found["title"], 300), style="bold"))
    console.print(f"story {found['id']}, {len(members)} article{'' if len(members) == 1 else 's'}")
    if found["merged_from"]:
        console.print(f"merged from {', '.join(found['merged_from'])}", style="dim")
    first = members[0]
    tree = Tree(_headline(first))
    _details(tree, first, matched.get(first["id"], ()), console.width)
    for member in members[1:]:
        _details(tree.add(_headline(member)), member, matched.get(member["id"], ()), console.width)
    console.print(tree)
    console.print(f"topics: {', '.join(t['id'] for t in found['topics']) or '-'}", style="dim")
    console.print(f"entities: {_names(found['entities'], 12) or '-'}", style="dim", markup=False)


def _passages(branch: Tree, match: Match, width: int) -> None:
    """Which passages of the text are in the other: how many, and the longest in marks."""
    several = f"{len(match.spans)} passage{'' if len(match.spans) == 1 else 's'}"
    told = branch.add(Text(f"{several}, {match.characters:,} of {match.size:,} characters of the {match.field}"))
    for passage in match.excerpts:
        # Each line an isolate: one that is wrapped would lose its direction.
        shown = textwrap.wrap(plain(passage, 240), max(20, width - _INDENT))
        told.add(Text("\n".join(map(isolate, shown)), style="dim"))


def _headline(member: Json) -> Text:
    role = member["story"]["role"]
    head = Text(f"{role:9}", style=ROLE_STYLE.get(role, ""))
    head.append(f"{moment(member['published_effective'])}  {plain(member['source']['id'], 30)}  ", style="default")
    head.append(isolate(member["title"], 100), style="default")
    return head


def _details(branch: Tree, member: Json, matched: Sequence[Match], width: int) -> None:
    branch.add(Text(f"{member['id']}  {plain(member.get('url') or member.get('guid') or '', 200)}", style="dim"))
    for copy in member["story"]["copied_from"]:
        lag = f"{span(copy['lag_s'])} {'later' if copy['lag_s'] >= 0 else 'earlier'}"
        this, that = f"{copy['share_of_this']:.0%}", f"{copy['share_of_other']:.0%}"
        branch.add(Text(f"{this} of this text is in {copy['id']}, {that} of that in this; {lag}"))
        for match in matched:
            if match.of == copy["id"]:
                _passages(branch, match, width)
    wire = member["wire"]
    for piece in wire["evidence"]:
        branch.add(Text(f"credits {piece['agency']}: {isolate(piece['text'], 80)} ({piece['field']})"))
    verdict = member["story"].get("verdict") or {}
    if verdict:
        branch.add(Text(f"because: {plain(verdict['text'], 240)} (rules {verdict['rules_version']})", style="italic"))
    if member["revision"]:
        branch.add(Text(f"revision {member['revision']}", style="dim"))
