"""Composes, configures and runs the news monitor. `graph.py` is the whole flow; `cli.py` the commands."""
