"""The index: where articles, stories, alerts and feed health are kept and read."""
