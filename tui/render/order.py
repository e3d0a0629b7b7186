"""Which rows a table shows and in which order: filtered, sorted, and held still while somebody moves in it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Generic, TypeVar

from tui.render.filters import RowFilter
from tui.render.ring import RowGap
from tui.render.spec import TableSpec

R = TypeVar("R")
Key = Hashable


class RowOrder(Generic[R]):
    """The keys of the rows that are shown, in order.

    Attributes:
        keys: from the top.
        sort: the column's key; empty for the rows' own order.
        reverse: whether that is descending.
        filter: which rows pass; None for all.

    Args:
        spec: of the table.
    """

    def __init__(self, spec: TableSpec[R]) -> None:
        self._spec = spec
        self.keys: list[Key] = []
        self.places: dict[Key, int] = {}
        self.sort = spec.sort
        self.reverse = spec.reverse
        self.filter: RowFilter[R] | None = None
        self._judged: dict[Key, tuple[object, bool]] = {}

    def forget(self) -> None:
        """Judge every row anew: the filter changed."""
        self._judged.clear()

    def make(self, rows: Mapping[Key, R | RowGap], *, hold: bool) -> bool:
        """Order the rows anew; with `hold` rows that are shown keep their places. Returns whether that changed."""
        passing = [key for key, row in rows.items() if self._passes(key, row)]
        if hold and not self._spec.tail:
            wanted = set(passing)
            kept = [key for key in self.keys if key in wanted]
            known = set(kept)
            keys = kept + [key for key in passing if key not in known]
        elif self.sort and not self._spec.tail:
            keys = sorted(passing, key=lambda key: self._rank(rows[key]), reverse=self.reverse)
        else:
            keys = passing[::-1] if self.reverse else passing
        if len(self._judged) > 2 * len(rows) + 64:
            self._judged = {key: self._judged[key] for key in rows if key in self._judged}
        if keys == self.keys:
            return False
        self.keys = keys
        self.places = {key: place for place, key in enumerate(keys)}
        return True

    def _passes(self, key: Key, row: R | RowGap) -> bool:
        if self.filter is None:
            return True
        if isinstance(row, RowGap):
            return True
        known = self._judged.get(key)
        if known is None or known[0] is not row:
            known = (row, self.filter.test(row))
            self._judged[key] = known
        return known[1]

    def _rank(self, row: R | RowGap) -> tuple[bool, Any]:
        """Return what a row is sorted by; what has no value stands last in either direction."""
        value = None if isinstance(row, RowGap) else self._spec.by_key[self.sort].value(row)
        if value is None:
            return (not self.reverse, 0)
        return (self.reverse, value)
