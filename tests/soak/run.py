"""A soak: the pipeline on Flink reads feeds that mostly repeat themselves, and all is noted."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pipeline import config as configs
from pipeline import opening
from tests.kafka_elastic.streams import running
from tests.running import configure
from tests.servers.flink_server import Flink
from tests.soak import news as feeds
from tests.soak.sampler import Json, Sampler
from transforms.index.interface import Index

LOOK_S, START_S = 5.0, 400.0


def soak(flink: Flink, elastic: str, prefix: str, folder: Path, minutes: float, note: Callable[[Json], None]) -> Json:
    """`minutes` of it from the moment the job runs. Returns what was noted: settings, checkpoints, samples; `note` is
    called with what there is each minute."""
    with feeds.serving(seed=6) as news:
        config = configure(
            folder,
            news.sources(),
            fetch={"interval": f"{feeds.INTERVAL_S}s", "allow_addresses": ["127.0.0.0/8"], "hosts": news.hosts()},
            index={"kind": "elasticsearch", "url": elastic, "prefix": prefix},
        )
        with running(config, *flink.options()) as alive:
            sampler, index, noted = Sampler(flink, flink.running(START_S)), _index(config), 0
            while (now := time.time() - sampler.began) < 60 * minutes:
                alive.check()
                polls, articles = sum(news.statuses.values()), index.counts()["articles"]
                sampler.look(polls=polls, articles=articles, published=news.published)
                if now // 60 > noted:
                    noted += 1
                    note(_told(news, sampler, minutes))
                time.sleep(LOOK_S)
        return _told(news, sampler, minutes)


def _index(config: Path) -> Index:
    return opening.index_of(configs.read(config), patient=False)


def _told(news: feeds.News, sampler: Sampler, minutes: float) -> Json:
    return {
        "feeds": feeds.FEEDS, "interval_s": feeds.INTERVAL_S, "minutes": minutes, "seed": news.seed,
        "statuses": dict(news.statuses), "checkpoints": list(sampler.checkpoints.values()), "samples": sampler.samples,
    }  # fmt: skip


def line(told: Json) -> str:
    """How it stands, for who waits."""
    sample = told["samples"][-1]
    size, ms = ((told["checkpoints"] or [{"size": 0, "ms": 0}])[-1][key] for key in ("size", "ms"))
    return (
        f"{sample['at'] / 60:4.1f} min  {sample['articles']} articles, {sample['polls']} polls, "
        f"checkpoint {size / 1e6:.2f} MB in {ms} ms, heap {sample.get('heap_0', 0) / 1e6:.0f} MB"
    )
