"""Precision on MasakhaNEWS: an article that has a topic must be filed under a category where the topic belongs.

Only topics with a home among its categories (business, entertainment, health, politics, sports, technology) count.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from transforms.tag.topics import load_topics

EVAL = Path(os.environ.get("NEWS_EVAL_DATA") or Path(__file__).resolve().parents[3] / "shared" / "eval")
FLOOR = 0.85
POLITICS = (
    "elections coup peace_talks war_crimes refugees diplomatic_visits diplomatic_expulsions air_strikes terrorism "
    "assassination espionage defence_cooperation treaty_withdrawal"
)
HOMES = {
    **{topic: {"politics"} for topic in POLITICS.split()},
    **{topic: {"politics", "business"} for topic in ("energy_supply", "trade_tariffs", "sanctions")},
    **{topic: {"politics", "technology"} for topic in ("cyber_attack", "disinformation", "drones", "space_security")},
}


def test_topics_fire_in_their_categories() -> None:
    folder = EVAL / "masakhanews"
    if not folder.is_dir():
        reason = f"no evaluation data in {folder}; set NEWS_EVAL_DATA"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    right = made = 0
    for file, language in (("eng.dev.tsv", "en"), ("fra.dev.tsv", "fr")):
        with (folder / file).open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                for topic in load_topics().topics(row["headline"], row["text"], language):
                    home = HOMES.get(topic["id"])
                    made += home is not None
                    right += home is not None and row["category"] in home
    print(f"masakhanews: {right} of {made} topics in their category, precision {right / max(made, 1):.3f}")
    assert made >= 40
    assert right / made >= FLOOR
