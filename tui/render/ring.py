"""A bounded list of what came last, with a place for what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

R = TypeVar("R")


class RowGap(msgspec.Struct, frozen=True):
    """Rows that are not here.

    Attributes:
        count: how many.
        why: in one word: dropped, skipped.
    """

    count: int
    why: str = "dropped"


class Ring(Generic[R]):
    """The last rows, numbered from the first ever; backed by a list, so that any row is reached at once.

    Args:
        limit: how many rows are kept.
        max_bytes: how much they may hold together, as `add` is told; 0 for no limit.
    """

    def __init__(self, limit: int, max_bytes: int = 0) -> None:
        self._limit = limit
        self._max_bytes = max_bytes
        self._rows: dict[int, R | RowGap] = {}
        self._sizes: dict[int, int] = {}
        self._bytes = 0
        self._next = 0
        self._first = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R | RowGap]:
        return iter(self._rows.values())

    @property
    def rows(self) -> dict[int, R | RowGap]:
        """The rows by number, oldest first; the ring's own, so not to be changed."""
        return self._rows

    @property
    def added(self) -> int:
        """How many rows ever came."""
        return self._next

    def add(self, row: R, size: int = 0) -> int:
        """Add a row, let the oldest go, and return its number."""
        number = self._put(row)
        if self._max_bytes:
            self._sizes[number] = size
            self._bytes += size
        while len(self._rows) > self._limit or (self._bytes > self._max_bytes > 0 and len(self._rows) > 1):
            self._pop()
        return number

    def lost(self, count: int, why: str = "dropped") -> None:
        """Say that rows are missing here; a gap right before it takes them in."""
        last = self._rows.get(self._next - 1)
        if isinstance(last, RowGap) and last.why == why:
            self._rows[self._next - 1] = RowGap(last.count + count, why)
        else:
            self._put(RowGap(count, why))
            if len(self._rows) > self._limit:
                self._pop()

    def clear(self) -> None:
        """Forget all; numbers go on."""
        self._rows.clear()
        self._sizes.clear()
        self._bytes = 0
        self._first = self._next

    def _put(self, row: R | RowGap) -> int:
        number = self._next
        self._rows[number] = row
        self._next += 1
        return number

    def _pop(self) -> None:
        del self._rows[self._first]
        self._bytes -= self._sizes.pop(self._first, 0)
        self._first += 1
