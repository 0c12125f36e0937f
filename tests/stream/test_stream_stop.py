"""How polling stops: what is under way is still put out, and nothing polls on."""

from __future__ import annotations

import time
from pathlib import Path

from tests.stream import plan as plans
from tests.stream.feeds import serving
from tests.stream.plan import host, name
from transforms.feeds.poller import Poller
from transforms.feeds.read import Polling, _running, stop_polling
from transforms.feeds.specs import FeedSpec, FetchPolicy
from transforms.index.embedded import EmbeddedIndex
from transforms.records import Poll, Source

ASKED = range(5)


def test_polls_under_way_are_put_out_and_no_other_poller_takes_over(tmp_path: Path) -> None:
    index = EmbeddedIndex(str(tmp_path / "news.db"))
    with serving(plans.make(1)) as (feeds, _):
        feeds.slow_s = 0.5
        specs = [FeedSpec(name(feed), f"http://{host(feed)}/", Source(name(feed)), 0.2) for feed in ASKED]
        policy = FetchPolicy(("127.0.0.0/8",), feeds.hosts(), use_proxies=False)
        polling = Polling("stopped", lambda once: Poller(specs, index, policy, once))
        poller = _running(polling).poller
        until = time.monotonic() + 10
        while feeds.busy() < len(ASKED) and time.monotonic() < until:
            time.sleep(0.01)
        assert stop_polling("stopped") is poller
        records = poller.drain()
        polls = [record for record in records if isinstance(record, Poll)]
        assert {poll.reader for poll in polls} == {spec.reader for spec in specs}
        assert sum(poll.entries for poll in polls) == len(records) - len(polls)
        assert not poller.committed
        for poll in polls:
            index.commit_poll(poll.reader, poll.batch, poll.progress)
        assert poller.committed
        # The source comes back for more, as it does until the job is cancelled.
        assert _running(polling).poller is poller
        time.sleep(0.5)
        assert len(feeds.requests) == len(ASKED)
    index.close()


def test_a_poll_that_hangs_is_given_up_and_not_waited_for(tmp_path: Path) -> None:
    index = EmbeddedIndex(str(tmp_path / "news.db"))
    with serving(plans.make(1)) as (feeds, _):
        feeds.slow_s = 20.0
        spec = FeedSpec(name(0), f"http://{host(0)}/", Source(name(0)), 0.2)
        poller = Poller([spec], index, FetchPolicy(("127.0.0.0/8",), feeds.hosts(), use_proxies=False))
        poller.start()
        while not feeds.busy():
            time.sleep(0.01)
        poller.stop(0.2)
        assert poller.committed
        assert poller.drain() == []
    index.close()
