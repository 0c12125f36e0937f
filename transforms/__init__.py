"""The stages of the news monitor: pure functions, and the thin PTransforms that wrap them.

Each sub-package is one stage or one store. Inside it, `stage.py` (or `read.py`, `write.py`) is the only
module that imports Beam; the others take plain values and return plain values.
"""
