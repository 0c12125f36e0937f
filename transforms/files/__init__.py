"""Articles in files of JSON lines: the record's schema, the reading of a line, and the reading of a file."""
