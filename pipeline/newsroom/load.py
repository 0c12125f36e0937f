"""Loading of the newsroom's data files, each name in them checked against the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from pipeline.newsroom.model import (
    SHOWN,
    Credits,
    Day,
    FurnitureSets,
    Outlets,
    Plan,
    Publication,
    Text,
    Texts,
    paragraphs,
)
from transforms.clean.data import load
from transforms.errors import DataError

HERE = Path(__file__).resolve().parent


def load_plan(folder: Path = HERE) -> Plan:
    """The plan in `folder`; raises DataError that names file, key and remedy."""
    texts: dict[str, Text] = {}
    for path in sorted((folder / "texts").glob("*.yaml")):
        texts.update(load(path, Texts).root)
    plan = Plan(
        texts,
        load(folder / "outlets.yaml", Outlets).root,
        load(folder / "credits.yaml", Credits),
        load(folder / "furniture.yaml", FurnitureSets).root,
        load(folder / "day.yaml", Day),
    )
    _check_outlets(plan)
    _check_day(plan)
    return plan


def _known(file: str, key: str, name: str | None, names: Collection[str]) -> None:
    if name is not None and name not in names:
        raise DataError(file, key, f"{name!r} is not known", f"use one of {', '.join(sorted(names))}")


def _check_outlets(plan: Plan) -> None:
    for key, outlet in plan.outlets.items():
        _known("outlets.yaml", f"{key}.section_of", outlet.section_of, plan.outlets)
        if outlet.section_of is None and not outlet.domain.endswith(".example"):
            raise DataError("outlets.yaml", f"{key}.domain", f"{outlet.domain!r} could exist", "end it in .example")
        _known("outlets.yaml", f"{key}.furniture", outlet.furniture, plan.furniture)
        _known("outlets.yaml", f"{key}.credit", outlet.credit, plan.credits.habits)


def _check_day(plan: Plan) -> None:
    shown: Counter[str] = Counter()
    for story in plan.day.stories:
        _known("day.yaml", "stories.text", story.text, plan.texts)
        for entry in story.entries:
            key = f"{story.text}, {entry.outlet}"
            _check_entry(plan, key, story.text, entry)
            shown.update((entry.outlet, *entry.also))
    for digest in plan.day.digests:
        _known("day.yaml", f"{digest.id}.outlet", digest.outlet, plan.outlets)
        for part in digest.parts:
            _known("day.yaml", f"{digest.id}.parts", part.text, plan.texts)
        shown[digest.outlet] += 1
    for item in plan.day.hostile:
        _known("day.yaml", f"{item.id}.outlet", item.outlet, plan.outlets)
        shown[item.outlet] += 1
    for outlet, count in shown.items():
        if count > SHOWN:
            raise DataError("day.yaml", outlet, f"{count} entries, and a feed lists {SHOWN}", "move some elsewhere")


def _check_entry(plan: Plan, key: str, text: str, entry: Publication) -> None:
    for outlet in (entry.outlet, *entry.also):
        _known("day.yaml", key, outlet, plan.outlets)
    for section in entry.also:
        if plan.outlets[section].section_of != entry.outlet:
            raise DataError("day.yaml", key, f"{section} is no section of {entry.outlet}", "mend `also`")
    _known("day.yaml", key, entry.habit, plan.credits.habits)
    _known("day.yaml", key, entry.wrap, plan.furniture)
    _known("day.yaml", key, entry.via, plan.outlets)
    for agency in entry.credit:
        _known("day.yaml", key, agency, plan.credits.names)
    body = paragraphs(plan.texts[text].text)
    for number in (*(entry.keep or ()), *(n for r in entry.revise for n in r.replace)):
        if not 0 <= number < len(body):
            raise DataError("day.yaml", key, f"{text} has no paragraph {number}", f"use 0 to {len(body) - 1}")
    for old in entry.swap:
        if old not in " ".join(body):
            raise DataError("day.yaml", key, f"{old!r} is not in {text}", "copy the wording from the text")
    if entry.appears is not None and entry.appears < entry.at:
        raise DataError("day.yaml", key, "appears before it is published", "make `appears` later than `at`")
