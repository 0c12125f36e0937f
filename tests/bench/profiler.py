"""Where a process spends its time: every thread that it starts is profiled, waiting left out."""

from __future__ import annotations

import cProfile
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

_OURS = re.compile(r"/((?:transforms|pipeline)/(?:\w+/)?)(\w+)\.py$")
_LIBRARY = re.compile(r"/site-packages/(\w+)")
# What does nothing but wait. Grpc's and Beam's own waiting loops sit in compiled code under these functions.
_WAITS = re.compile(
    r"method '(acquire|wait|poll|get|join|recv|accept)'|time\.sleep|select|channel_spin|consume_request_iterator"
    r"|_MultiThreadedRendezvous\._next|_wait_once_until|_server\.py:\d+ _serve|_poll_connectivity"
)
_MARKS = ("/site-packages/", "/transforms/", "/pipeline/", "/tests/")


@dataclass(slots=True)
class Report:
    """Seconds: by stage or library, and by function (its own time, without what it calls)."""

    groups: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)

    @property
    def seconds(self) -> float:
        """All of it."""
        return sum(self.functions.values())

    def since(self, before: Report) -> Report:
        """What came on top of `before`."""
        return Report(self.groups - before.groups, self.functions - before.functions)


class Profiler:
    """From `__enter__` to `__exit__` each new thread has a cProfile of its own.

    Beam keeps its worker threads from job to job, so enter before the first. Compiled code without profile events
    (Beam's operations and coders, pickling inside them) counts for the Python function that called it. Profiling
    slows calls, so small functions look dearer than they are.
    """

    def __init__(self) -> None:
        self._profiles: list[cProfile.Profile] = []

    def __enter__(self) -> Profiler:
        threading.setprofile(self._begin)
        return self

    def __exit__(self, *_: object) -> None:
        threading.setprofile(None)  # type: ignore[arg-type]

    def _begin(self, _frame: FrameType, _event: str, _arg: Any) -> None:
        profile = cProfile.Profile()
        self._profiles.append(profile)
        profile.enable()

    def report(self) -> Report:
        """What was seen so far, of running threads too."""
        return _report(self._profiles)

    def alone(self, function: Callable[..., Any], *args: Any) -> Report:
        """Where a call in this thread spends its time."""
        profile = cProfile.Profile()
        profile.runcall(function, *args)
        return _report([profile])


def _report(profiles: Iterable[cProfile.Profile]) -> Report:
    report = Report()
    for profile in list(profiles):
        for entry in profile.getstats():
            _add(report, entry)
    return report


def _add(report: Report, entry: Any) -> None:
    name = _name(entry.code)
    if _WAITS.search(name):
        return
    report.functions[name] += entry.inlinetime
    report.groups[_group(entry.code)] += entry.inlinetime
    for call in entry.calls or ():
        # What a built-in costs belongs to the code that called it.
        if isinstance(call.code, str) and not _WAITS.search(call.code):
            report.groups[_group(call.code)] -= call.inlinetime
            report.groups[_group(entry.code)] += call.inlinetime


def _group(code: Any) -> str:
    if isinstance(code, str):
        return "built-in"
    if found := _LIBRARY.search(code.co_filename):
        return found[1]
    if found := _OURS.search(code.co_filename):
        folder, name = found.groups()
        return folder.rstrip("/") if folder.count("/") > 1 else folder + name
    return "standard library"


def _name(code: Any) -> str:
    if isinstance(code, str):
        return code
    path = code.co_filename.rpartition("/lib/")[2]
    for mark in _MARKS:
        _, found, tail = code.co_filename.rpartition(mark)
        if found:
            path = tail if mark == "/site-packages/" else mark[1:] + tail
            break
    return f"{path}:{code.co_firstlineno} {code.co_qualname}"
