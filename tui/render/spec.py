"""What a table shows: columns over rows of one type, and what can be done with a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from tui.theme.formatter import Cell, Formatter

R = TypeVar("R")

ALWAYS, USUAL, WIDE, ASKED = 1, 2, 3, 4
"""Ranks of columns: at 80 cells, at 120, at 200, and only when chosen."""


@dataclass(frozen=True, slots=True)
class Document:
    """A row as it is inspected.

    Attributes:
        title: what it is.
        data: plain lists, dicts, strings and numbers.
        headers: of its record, if it came from the log.
        raw: the bytes that it was read from; empty when it is a fold of several.
    """

    title: str
    data: Any
    headers: tuple[tuple[str, str], ...] = ()
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn(Generic[R]):
    """One column.

    Attributes:
        key: names it in filters, exports and the remembered layout.
        title: stands over it.
        width: in cells.
        value: the raw value of a row, for sorting, filters and exports.
        cell: what is drawn; the value as text by default.
        right: whether it is aligned to the right.
        rank: which columns give way first when it gets narrow: those of the highest rank.
        grow: whether it takes the width that is left.
        most: the width up to which it grows for longer texts, where there is room; 0 for no growing.
        wish: the width that it gets before columns of a higher rank come in; 0 for no more than `width`.
        least: the width of a table from which on it is shown.
        below: the width of a table up to which it is shown, since others then say the same; 0 for any.
        scale: its values in order, the least first, so that filters can compare them; empty for numbers.
    """

    key: str
    title: str
    width: int
    value: Callable[[R], Any]
    cell: Callable[[R, Formatter], Cell] | None = None
    right: bool = False
    rank: int = ALWAYS
    grow: bool = False
    most: int = 0
    wish: int = 0
    least: int = 0
    below: int = 0
    scale: tuple[str, ...] = ()

    def draw(self, row: R, fmt: Formatter) -> Cell:
        """Return the cell of a row."""
        if self.cell is not None:
            return self.cell(row, fmt)
        value = self.value(row)
        return ("-" if value is None else str(value)), None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec(Generic[R]):
    """One table.

    Attributes:
        name: in the remembered layout.
        title: of its pane.
        noun: what a row is, for counts.
        columns: all of them.
        search: the text that plain words of a filter are looked for in.
        document: a row as it is inspected.
        empty: what stands there when there is no row, and what would bring one.
        sort: the column that it is sorted by at first; empty keeps the rows' own order.
        reverse: whether that is descending.
        tail: whether rows only come at the end, and it follows them.
        ages: whether cells show ages, which change by themselves.
        record: a row as the filter language sees it; by default its columns, under `data`.
    """

    name: str
    title: str
    columns: tuple[TableColumn[R], ...]
    search: Callable[[R], str]
    document: Callable[[R], Document]
    empty: str
    noun: str = "rows"
    sort: str = ""
    reverse: bool = False
    tail: bool = False
    ages: bool = False
    record: Callable[[R], dict[str, Any]] | None = None
    by_key: dict[str, TableColumn[R]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_key", {column.key: column for column in self.columns})

    def fields(self, row: R) -> dict[str, Any]:
        """Return the raw values of a row, by column."""
        return {column.key: column.value(row) for column in self.columns}

    def for_filter(self, row: R) -> dict[str, Any]:
        """Return a row as the filter language sees it."""
        return self.record(row) if self.record is not None else {"data": self.fields(row)}
