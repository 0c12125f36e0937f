"""Figures of the process that any runner's workers share."""

from __future__ import annotations

# Python's defaults (700, 10, 10) walk a young generation 25 times while 100 articles pass, and each old one walks all
# rules, names and patterns: 5 to 10 % of the time.
COLLECT_AFTER = (10_000, 20, 20)
# Without this cache every read of state is a round trip to the runner (Beam's default is 0).
STATE_CACHE_MB = 256
