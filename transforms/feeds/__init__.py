"""From feed URLs to entries, outside any Beam bundle: guarded fetching, parsing, scheduling, full text, polling."""
