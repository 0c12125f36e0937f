"""A series of scenarios on one pipeline, and the rows that are printed of it."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.faults import news as newsroom
from tests.faults.on_flink import ON_FLINK
from tests.faults.scenarios import AWAY, CHAIN, Load, elasticsearch_away
from tests.faults.trial import Broken, Expected, Ground, Trial, trial, undisturbed

Say = Callable[[str], None]
ARTICLES = 0.82  # of a record; a few records are left for the end


@dataclass
class Row:
    """What one scenario did. Empty `broken`: nothing that it must not do."""

    scenario: str
    run: int
    seed: int
    moment: str = ""
    articles: int = 0
    lost: int = 0
    doubled: int = 0
    alerts: int = 0
    alerts_doubled: int = 0
    letters: int = 0
    letters_wrong: int = 0
    catch_up_s: float = 0.0
    began_mb: dict[str, float] = field(default_factory=dict)
    peak_mb: dict[str, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether all is as it must be."""
        return not (self.broken or self.lost or self.doubled or self.alerts_doubled or self.letters_wrong)


def chain(place: Ground, seed: int, run: int, load: Load, names: Sequence[str], say: Say) -> list[Row]:
    """These scenarios, as often as they are named, in an order of the seed's, one after the other on one pipeline."""
    dice = random.Random(seed)
    order = dice.sample(list(names), len(names))
    made = newsroom.make(seed, round((load.first + load.records * len(order)) * ARTICLES))
    known = {**CHAIN, **ON_FLINK}
    return _series(place, seed, run, load, made, [(name, known[name]) for name in order], dice, say)


def away(place: Ground, seed: int, run: int, load: Load, say: Say, **source: int) -> list[Row]:
    """Elasticsearch is away for long, and reached without the proxy, so that connections are refused; `source` are
    settings of the source."""
    made = newsroom.make(seed, round((load.first + load.records) * ARTICLES))
    wanted = [(AWAY, elasticsearch_away)]
    return _series(place, seed, run, load, made, wanted, random.Random(seed), say, direct=True, **source)


def _series(place: Ground, seed: int, run: int, load: Load, made: newsroom.News,
            wanted: Sequence[tuple[str, Callable[[Trial, Load], str]]], dice: random.Random, say: Say, **more: int
            ) -> list[Row]:  # fmt: skip
    expected = undisturbed(place.folder / f"undisturbed-{uuid.uuid4().hex[:8]}", made)
    assert expected.documents.keys() == made.ids()
    rows: list[Row] = []
    with trial(place, made, dice, **more) as running:
        try:
            running.sender.send(load.first)
            running.start()
            running.catch_up()
            running.watch_prism()
            for name, scenario in wanted:
                row = Row(name, run, seed)
                rows.append(row)
                _one(running, scenario, row, load)
                say(_short(row))
                if not row.well:
                    break
            else:
                _end(running, expected, rows)
        except Broken as broken:
            rows = rows or [Row("start", run, seed)]
            rows[-1].broken.append(str(broken))
            say(_short(rows[-1]))
    return rows


def _one(running: Trial, scenario: Callable[[Trial, Load], str], row: Row, load: Load) -> None:
    """Do it, let the pipeline catch up, and look."""
    running.memory.reset()
    try:
        row.moment = scenario(running, load)
        row.catch_up_s = running.catch_up()
    except (Broken, TimeoutError) as broken:
        row.broken.append(str(broken))
    running.watch_prism()
    found, sent = running.look(), running.sender.sent
    row.articles, row.alerts, row.alerts_doubled = len(found.ids), found.alerts, found.alerts_doubled
    row.lost, row.doubled = len(running.news.ids(sent) ^ found.ids), found.doubled
    places = list(zip(running.news.records, running.sender.places, strict=False))
    garbage = {place for record, place in places if record.id is None}
    row.letters, row.letters_wrong = len(found.letters), len(found.letters ^ garbage) + found.letters_doubled
    if row.lost or row.letters_wrong:
        lost = [place for record, place in places if record.id and record.id not in found.ids]
        row.broken.append(f"sent {sent}; no article of {lost}, no letter of {garbage - found.letters}, letters of "
                          f"{found.letters - garbage}; committed {running.lag.committed()}")  # fmt: skip
    row.began_mb, row.peak_mb = dict(running.memory.began), dict(running.memory.peak)


def _end(running: Trial, expected: Expected, rows: list[Row]) -> None:
    """Send what is left, and compare the end with the undisturbed run: what differs counts for every row."""
    running.sender.send(len(running.news.records))
    running.catch_up()
    time.sleep(1)
    differs = running.differs(expected)
    for row in rows:
        row.broken += differs


def _short(row: Row) -> str:
    state = "well" if row.well else "BROKEN " + "; ".join(row.broken)
    return (
        f"{row.run} {row.scenario} (seed {row.seed}): {row.moment}; {row.articles} articles, {row.lost} lost, "
        f"{row.doubled} doubled, {row.alerts} alerts, {row.letters} letters, {row.letters_wrong} of them wrong, "
        f"{row.catch_up_s:.1f} s, {state}"
    )
