"""Which columns fit into a width, and how wide each is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size

from tui.render.spec import ASKED, USUAL, TableColumn

SPACE = 1
"""Cells between columns."""
EDGE = 1
"""Cells before the first column, where the cursor stands."""


def fit(
    columns: Sequence[TableColumn[Any]],
    width: int,
    chosen: Collection[str] | None = None,
    needs: Mapping[str, int] | None = None,
) -> list[tuple[TableColumn[Any], int]]:
    """Return the columns that fit, in order, with their widths.

    Args:
        columns: all of them.
        width: cells.
        chosen: the keys of those that the operator wants, as far as they fit; None leaves it to their ranks.
        needs: how wide a column's longest text is, where that is more than the column; given where there is room.
    """
    wanted = [c for c in columns if (_is_usual(c, width) if chosen is None else c.key in chosen)]
    room = width - EDGE
    sizes: dict[str, int] = {}
    needs = needs or {}

    def give_room() -> None:
        """Widen the columns that are in: to their texts first, then to their wishes."""
        nonlocal room
        taken = [column for column in wanted if column.key in sizes]
        aims = [(c.key, min(c.most, needs.get(c.key, 0))) for c in taken] + [(c.key, c.wish) for c in taken]
        for key, size in aims:
            more = max(0, min(size - sizes[key], room))
            sizes[key] += more
            room -= more

    for rank in sorted({column.rank for column in wanted}):
        if rank > USUAL:
            give_room()
        for column in wanted:
            need = column.width + SPACE
            if column.rank == rank and (need <= room or not sizes):
                sizes[column.key] = column.width
                room -= need
    give_room()
    shown = [column for column in wanted if column.key in sizes]
    growing = [column for column in shown if column.grow]
    extra = max(0, room) // len(growing) if growing else 0
    return [(column, sizes[column.key] + (extra if column.grow else 0)) for column in shown]


def _is_usual(column: TableColumn[Any], width: int) -> bool:
    return column.rank < ASKED and column.least <= width and (not column.below or width < column.below)


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
