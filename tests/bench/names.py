"""A generated list of names, and what it costs: `python -m tests.bench.names [--names N]`.

The names are invented: common given names before family names made of syllables, and organisations of a made-up word
and a kind, in Arabic, English, French and Russian. The same seed gives the same list.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.memory import resident
from tests.running import ROOT, shared
from transforms.tag.entities import load_gazetteer
from transforms.tag.lists.record import Listed, write_list

SEED, AIM_MS, SIZE = 20261127, 0.5, 4096
GIVEN = {
    "ar": "محمد أحمد علي عبدالله خالد سعد فهد سلطان يوسف إبراهيم "
    "عمر حسن حسين فاطمة نورة سارة ليلى مريم هند منى",
    "en": "John Mary James Anna Peter Susan Paul Linda David "
    "Grace Samuel Ruth Daniel Esther Moses Joy Brian Alice",
    "fr": "Jean Marie Pierre Claire Paul Sophie Michel Anne Luc Julie Marc Sylvie Alain Nadia Denis Cécile",
    "ru": "Иван Анна Пётр Мария Сергей Ольга Андрей Елена Дмитрий Наталья Павел Ирина Юрий Вера",
}  # fmt: skip
SYLLABLES = {
    "ar": "با تا ري مو سا دي نو كا لا شا فا را هو زا بن در مل كر سن رم",
    "en": "ba ter son wick ley mor den hal fin gar ros tin ker bury ham wel ston low mar ick",
    "fr": "bou che ron ville mont de lar guer pin tel marc rou beau font se lin ard gny vau ier",
    "ru": "бе ло мар кин ров ста нов пе тро вич гор ский дол бор зи мин вол кан ряб чен",
}
KINDS = {
    "ar": ["شركة {}", "جمعية {}", "مؤسسة {} للتنمية"], "en": ["{} Group", "{} Holdings", "Bank of {}"],
    "fr": ["Groupe {}", "Banque de {}", "Société {}"], "ru": ["Группа {}", "Банк {}", "Общество {}"],
}  # fmt: skip
SHARES = {"ar": 0.45, "en": 0.3, "fr": 0.1, "ru": 0.15}


def generated(names: int, seed: int = SEED) -> Iterator[Listed]:
    """So many entities of one name each."""
    dice, seen, made = random.Random(seed), set[str](), 0
    given, syllables = ({key: text.split() for key, text in table.items()} for table in (GIVEN, SYLLABLES))
    while made < names:
        (language,) = dice.choices(list(SHARES), list(SHARES.values()))
        word = "".join(dice.choices(syllables[language], k=dice.randint(2, 4))).capitalize()
        person = dice.random() < 0.8
        name = f"{dice.choice(given[language])} {word}" if person else dice.choice(KINDS[language]).format(word)
        if person and dice.random() < 0.3:
            name = f"{dice.choice(given[language])} {name}"
        if name not in seen:
            seen.add(name)
            yield Listed(f"bench:n{made}", "person" if person else "organisation", name, {language: [name]})
            made += 1


def articles() -> dict[str, list[tuple[str, str]]]:
    """(title, body of about 4 KB) by language, from the evaluation data; short ones are put together."""
    with gzip.open(shared("saudinewsnet", "articles.jsonl.gz"), "rt", encoding="utf-8") as lines:
        arabic = [(row["title"], row["content"]) for row in map(json.loads, islice(lines, 2000))]
    with shared("masakhanews", "eng.dev.tsv").open(encoding="utf-8", newline="") as rows:
        english = [(row["headline"], row["text"]) for row in csv.DictReader(rows, delimiter="\t")]
    return {"ar": list(_sized(arabic)), "en": list(_sized(english))}


def _sized(texts: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    held = ""
    for title, body in texts:
        held = f"{held}\n{body}" if held else body
        if len(held.encode()) >= SIZE:
            yield title, held.encode()[:SIZE].decode("utf-8", "ignore")
            held = ""


def measured(listed: Path | None, rounds: int = 7) -> dict[str, Any]:
    """In this process: seconds to load, bytes that it took, processor milliseconds an article (the first round,
    and the median of the others)."""
    before = resident()
    began = time.perf_counter()
    gazetteer = load_gazetteer(lists=[listed] if listed else [])
    told: dict[str, Any] = {"load_s": time.perf_counter() - began, "load_bytes": resident() - before}
    for language, texts in articles().items():
        spent = []
        for _ in range(rounds):
            began = time.process_time()
            found = sum(len(gazetteer.entities(title, body, language)) for title, body in texts)
            spent.append((time.process_time() - began) / len(texts) * 1000)
        told[language] = {"articles": len(texts), "entities": found, "first_ms": spent[0], "ms": median(spent[1:])}
    return {**told, "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def compared(names: int, folder: Path) -> dict[str, Any]:
    """Without a list, with one that is packed at this start, and with one that was packed before: each in a process."""
    listed = folder / "names.jsonl"
    write_list(listed, "bench", generated(names))
    env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(ROOT)}

    def run(path: str) -> dict[str, Any]:
        code = f"import json; from tests.bench import names; print(json.dumps(names.measured({path})))"
        done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True)
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    given = f"names.Path({str(listed)!r})"
    told = {"without": run("None"), "packed now": run(given), "packed before": run(given)}
    packed = next((folder / "cache").rglob("*.bin")).stat().st_size
    return {"names": names, "file_bytes": listed.stat().st_size, "packed_bytes": packed, **told}


def show(console: Console, told: dict[str, Any]) -> None:
    """The table a person reads."""
    console.print(
        f"{told['names']:,} names: a file of {told['file_bytes'] / 2**20:.1f} MB, "
        f"packed {told['packed_bytes'] / 2**20:.1f} MB; aim: at most {AIM_MS} ms an article of 4 KB"
    )
    columns = ("load s", "MB loaded", "MB at most", "ar ms", "more", "en ms", "more", "ar found", "en found")
    table = Table("list", *columns, box=None, header_style="dim")
    base = told["without"]
    for name in ("without", "packed now", "packed before"):
        one = told[name]
        took = ((one[lang]["ms"], one[lang]["ms"] - base[lang]["ms"]) for lang in ("ar", "en"))
        table.add_row(
            name, f"{one['load_s']:.2f}", f"{one['load_bytes'] / 2**20:.0f}", f"{one['peak_bytes'] / 2**20:.0f}",
            *(text for ms, more in took for text in (f"{ms:.3f}", f"{more:+.3f}")),
            *(str(one[lang]["entities"]) for lang in ("ar", "en")),
        )  # fmt: skip
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = compared(asked.names, Path(folder))
    print(json.dumps(told)) if asked.json else show(Console(width=140), told)


if __name__ == "__main__":
    main()
