"""Which columns fit into a width, and how wide each is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size

from tui.engine.spec import ASKED, Column

SPACE = 1
"""Cells between columns."""
EDGE = 1
"""Cells before the first column, where the cursor stands."""


def fit(
    columns: Sequence[Column[Any]], width: int, chosen: Collection[str] | None = None
) -> list[tuple[Column[Any], int]]:
    """Return the columns that fit, in order, with their widths.

    Args:
        columns: all of them.
        width: cells.
        chosen: the keys of those that the operator wants, as far as they fit; None leaves it to their ranks.
    """
    wanted = [c for c in columns if (c.rank < ASKED if chosen is None else c.key in chosen)]
    room = width - EDGE
    taken: set[str] = set()
    for column in sorted(wanted, key=lambda c: c.rank):
        need = column.width + SPACE
        if need <= room or not taken:
            taken.add(column.key)
            room -= need
    shown = [column for column in wanted if column.key in taken]
    growing = [column for column in shown if column.grow]
    extra = max(0, room) // len(growing) if growing else 0
    return [(column, column.width + (extra if column.grow else 0)) for column in shown]


def padded(text: str, width: int, *, right: bool, more: str = "…") -> str:
    """Return text in exactly `width` cells, cut with a sign that there is more."""
    if text.isascii():
        size = len(text)
        if size == width:
            return text
        if size < width:
            return text.rjust(width) if right else text.ljust(width)
        return text[: max(0, width - 1)] + more if width else ""
    size = cell_len(text)
    if size <= width:
        return " " * (width - size) + text if right else text + " " * (width - size)
    return set_cell_size(text, max(0, width - 1)) + more if width else ""
