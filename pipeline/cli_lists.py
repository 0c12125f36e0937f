"""The commands for lists of names: lists import, lists check."""
