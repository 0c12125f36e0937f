"""Answers on a terminal: hostile content made inert, Arabic right to left inside a left-to-right line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from transforms.alert.inert import plain
from transforms.fold.placement import span
from transforms.records import Json, seconds

# Unicode's First Strong Isolate and its end: the text between takes the direction of its first strong letter.
FIRST_STRONG, POP = "\u2068", "\u2069"
ROLE_STYLE = {"original": "bold green", "repost": "yellow", "unique": ""}


def isolate(text: str, limit: int = 160) -> str:
    """`text` on one line, without control codes, in an isolate of its own direction."""
    return f"{FIRST_STRONG}{plain(text, limit)}{POP}"


def moment(text: str | None) -> str:
    """A document's time, to the minute, in UTC; a dash for none."""
    stamp = seconds(text)
    return "-" if stamp is None else datetime.fromtimestamp(stamp, UTC).strftime("%m-%d %H:%M")


def _names(items: Sequence[Json], most: int = 4) -> str:
    names = [plain(str(item.get("name") or item["id"]), 40) for item in items[:most]]
    return ", ".join(names) + (" …" if len(items) > most else "")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def articles(console: Console, found: Sequence[Json]) -> None:
    """A table of article documents."""
    table = _table("published", "source", "lang", "role", "title", "topics", "id")
    for item in found:
        role = (item.get("story") or {}).get("role") or "-"
        table.add_row(
            moment(item["published_effective"]),
            plain((item.get("source") or {}).get("id"), 24),
            item.get("language") or "-",
            Text(role, style=ROLE_STYLE.get(role, "")),
            Text(isolate(item["title"], 90)),
            ", ".join(topic["id"] for topic in item["topics"][:3]),
            item["id"],
        )
    _print(console, table, len(found), "article")


def stories(console: Console, found: Sequence[Json]) -> None:
    """A table of story documents."""
    table = _table("latest", "first had by", "reposts", "title", "agencies", "topics", "id")
    for item in found:
        table.add_row(
            moment(item["latest"]),
            plain(item["sources"][0]["id"] if item["sources"] else "-", 24),
            Text(str(item["reposts"]), style="bold yellow" if item["reposts"] else "dim"),
            Text(isolate(item["title"], 90)),
            ", ".join(item["agencies"][:3]),
            ", ".join(topic["id"] for topic in item["topics"][:3]),
            item["id"],
        )
    _print(console, table, len(found), "stor", "y", "ies")


def story(console: Console, found: Json) -> None:
    """One story as a tree: the original, and under it each repost with what it took and why we think so."""
    members = sorted(
        found["members"], key=lambda m: (m["story"]["role"] == "repost", m["published_effective"], m["id"])
    )
    console.print(Text(isolate(found["title"], 300), style="bold"))
    console.print(f"story {found['id']}, {len(members)} article{'' if len(members) == 1 else 's'}")
    if found["merged_from"]:
        console.print(f"merged from {', '.join(found['merged_from'])}", style="dim")
    first = members[0]
    tree = Tree(_headline(first))
    _details(tree, first)
    for member in members[1:]:
        _details(tree.add(_headline(member)), member)
    console.print(tree)
    console.print(f"topics: {', '.join(t['id'] for t in found['topics']) or '-'}", style="dim")
    console.print(f"entities: {_names(found['entities'], 12) or '-'}", style="dim", markup=False)


def _headline(member: Json) -> Text:
    role = member["story"]["role"]
    head = Text(f"{role:9}", style=ROLE_STYLE.get(role, ""))
    head.append(f"{moment(member['published_effective'])}  {plain(member['source']['id'], 30)}  ", style="default")
    head.append(isolate(member["title"], 100), style="default")
    return head


def _details(branch: Tree, member: Json) -> None:
    branch.add(Text(f"{member['id']}  {plain(member.get('url') or member.get('guid') or '', 200)}", style="dim"))
    for copy in member["story"]["copied_from"]:
        lag = f"{span(copy['lag_s'])} {'later' if copy['lag_s'] >= 0 else 'earlier'}"
        branch.add(
            Text(
                f"{copy['share_of_this']:.0%} of this text is in {copy['id']}, {copy['share_of_other']:.0%} of that in this; {lag}"
            )
        )
    wire = member["wire"]
    for piece in wire["evidence"]:
        branch.add(Text(f"credits {piece['agency']}: {isolate(piece['text'], 80)} ({piece['field']})"))
    verdict = member["story"].get("verdict") or {}
    if verdict:
        branch.add(Text(f"because: {plain(verdict['text'], 240)} (rules {verdict['rules_version']})", style="italic"))
    if member["revision"]:
        branch.add(Text(f"revision {member['revision']}", style="dim"))


def alerts(console: Console, found: Sequence[Json]) -> None:
    """A table of alert documents."""
    table = _table("created", "severity", "rule", "title", "why", "articles", "story")
    for item in found:
        table.add_row(
            moment(item["created"]),
            item["severity"],
            plain(item["rule"], 30),
            Text(isolate(item.get("title") or "", 80)),
            Text(plain(item["reason"], 160)),
            str(len(item["history"])),
            item["story_id"],
        )
    _print(console, table, len(found), "alert")


def _print(console: Console, table: Table, count: int, noun: str, one: str = "", many: str = "s") -> None:
    if count:
        console.print(table)
    console.print(f"{count} {noun}{one if count == 1 else many}", style="dim")
