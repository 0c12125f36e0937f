"""Dead letters: what could not be processed, kept with its reason and its whole input until someone replays it."""
