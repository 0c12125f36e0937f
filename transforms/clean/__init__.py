"""Entries become articles: plain text, canonical links, times, and nothing of the page around the story."""
