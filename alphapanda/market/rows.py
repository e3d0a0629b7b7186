"""Rows of files that people and recorders wrote: those that cannot be used are kept to be reported."""

from __future__ import annotations

from dataclasses import dataclass


class RowError(ValueError):
    """Why a row cannot be used; its text is the reason that is reported."""


@dataclass(frozen=True, slots=True, order=True)
class BadRow:
    """One row that was skipped.

    Attributes:
        file: its name, without folders.
        line: from 1, the header's being 1.
        reason: what is wrong with it.
        text: the row as it stands, cut to 200 characters.
    """

    file: str
    line: int
    reason: str
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text[:200])
