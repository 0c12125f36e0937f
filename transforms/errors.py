"""Errors that a person can act on: each names where, what and the remedy."""

from __future__ import annotations


class DataError(ValueError):
    """A mistake in a data or config file that an editor can mend.

    `file` and `key` say where, `problem` what, `remedy` what to write instead.
    """

    def __init__(self, file: str, key: str, problem: str, remedy: str) -> None:
        super().__init__(file, key, problem, remedy)
        self.file, self.key, self.problem, self.remedy = file, key, problem, remedy

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: {self.problem}; {self.remedy}"


class MissingPart(RuntimeError):
    """A part that the command needs is not there (exit code 3); the message names the command that gets it."""


class Refused(RuntimeError):
    """Something that cannot be done now, for a reason that a person can act on (exit code 1)."""
