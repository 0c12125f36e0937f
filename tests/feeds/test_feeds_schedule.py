"""When a feed is asked again."""

from __future__ import annotations

import pytest

from transforms.feeds.schedule import DAY_S, DEAD_AFTER, Outcome, delay_s, first_due_ms

NO_DICE = 0.0


def delay(interval: float, dice: float = NO_DICE, **outcome: int | bool | None) -> float:
    return delay_s(interval, Outcome(**outcome), lambda: dice)  # type: ignore[arg-type]


def test_a_healthy_feed_keeps_its_interval() -> None:
    assert delay(300) == delay(300, dice=0.99) == 300
    assert delay(7 * DAY_S) == 7 * DAY_S


def test_failures_back_off_gently_then_to_a_day() -> None:
    assert [delay(60, failures=n) for n in range(1, 8)] == [60, 60, 120, 240, 480, 960, 1920]
    assert delay(60, failures=DEAD_AFTER - 1) == DAY_S
    assert delay(2, failures=DEAD_AFTER) == delay(2, failures=10**6) == DAY_S, "dead, and still asked once a day"
    assert [delay(2, failures=n) for n in range(1, 60)] == sorted(delay(2, failures=n) for n in range(1, 60))


def test_jitter_only_lengthens_and_by_a_tenth() -> None:
    assert delay(60, failures=5, dice=0.999) == pytest.approx(480 * 1.0999)
    assert delay(60, failures=1, dice=0.999) == 60


def test_gone_is_asked_daily() -> None:
    assert delay(60, failures=1, gone=True) == DAY_S


@pytest.mark.parametrize(("asked", "waits"), [(None, 60), (10, 60), (900, 900), (10**8, DAY_S)])
def test_retry_after_is_honoured_to_a_day(asked: int | None, waits: float) -> None:
    assert delay(60, failures=1, retry_after_s=asked) == waits
    assert delay(60, retry_after_s=asked) == waits


def test_a_restart_never_polls_early() -> None:
    now = 1_800_000_000_000
    assert first_due_ms(None, None, 60, now) == 0
    assert first_due_ms(now + 500, now - 1000, 60, now) == now + 59_000, "killed between request and commit"
    assert first_due_ms(now + 500_000, now - 1000, 60, now) == now + 500_000, "a back-off survives"
    assert first_due_ms(now - 500, now - 90_000, 60, now) == now - 500
    assert first_due_ms(now * 2, now * 2, 60, now) <= now + 1.2 * DAY_S * 1000, "a clock that was wrong"
