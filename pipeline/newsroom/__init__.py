"""A sample newsroom of our own writing: its day's feeds, served on the loopback, and what should come of them.

All events, people and companies in it are invented. The texts and the day plan are YAML files beside this one.
"""

from __future__ import annotations

from pipeline.newsroom.expected import expected
from pipeline.newsroom.load import load_plan
from pipeline.newsroom.server import Hit, Newsroom

__all__ = ["Hit", "Newsroom", "expected", "load_plan"]
