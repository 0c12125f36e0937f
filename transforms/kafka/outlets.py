"""The outlets of this process, one for each cluster, and how they do together."""

from __future__ import annotations

from collections import Counter

from transforms.kafka.outlet import Outlet
from transforms.kafka.specs import OutputSpec
from transforms.perprocess import PerProcess

_outlets: PerProcess[Outlet] = PerProcess()


def open_outlet(spec: OutputSpec) -> Outlet:
    """The outlet of this cluster: the same for every caller of the process."""
    return _outlets.get(spec.key, lambda: Outlet(spec))


def begin() -> None:
    """A run begins: outlets that a former run gave up on are opened anew."""
    _outlets.drop(lambda outlet: outlet.gone)


def trouble() -> str | None:
    """Why writing to Kafka waits at this moment; None where it does not."""
    return next((told for outlet in _outlets.values() if (told := outlet.trouble())), None)


def stats() -> Counter[str]:
    """The counts of all outlets of this process together."""
    return sum((outlet.stats for outlet in _outlets.values()), Counter())


def give_up() -> None:
    """The run is about to end: whoever waits, now or later, gets KafkaAway."""
    for outlet in _outlets.values():
        outlet.give_up()
