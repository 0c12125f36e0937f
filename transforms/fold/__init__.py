"""Folding: which articles tell one text, who had it first, and who copied how much.

`shingles` makes a fingerprint of a text, `postings` finds candidates for it, `verdict` compares two, `stories` turns
links into stories and roles, `memory` keeps it all for one shard, `stage` is the keyed Beam stage around the memory.
"""
