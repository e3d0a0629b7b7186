"""The lines of a table, as strips of cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.render.layout import SPACE, padded
from tui.render.ring import RowGap
from tui.render.spec import TableColumn
from tui.theme.formatter import Formatter
from tui.theme.glyphs import plain

Placed = Sequence[tuple[TableColumn[Any], int]]
"""Columns with their widths."""


def row_line(
    row: object,
    columns: Placed,
    fmt: Formatter,
    width: int,
    *,
    shift: int = 0,
    words: Sequence[str] = (),
    needed: Callable[[str, int], None] | None = None,
) -> Strip:
    """Return a row's line.

    Args:
        row: of the table; a gap is told across the whole width.
        columns: in view.
        fmt: of the moment.
        width: cells.
        shift: cells that long lines are moved to the left.
        words: that are marked where they stand, in lower case.
        needed: told of a column whose text is longer than the column, and how long.
    """
    if isinstance(row, RowGap):
        text = f"{fmt.glyphs.gap} {fmt.count(row.count)} {row.why} {fmt.glyphs.gap}"
        return Strip([Segment(text.center(width), fmt.palette.warn)]).adjust_cell_length(width)
    segments = [Segment(" ")]
    for column, size in columns:
        text, style = column.draw(row, fmt)
        if column.most > size and needed is not None and len(text) > size and (length := cell_len(text)) > size:
            needed(column.key, length)
        if column.grow and shift:
            text = text[shift:]
        text = padded(text, size, right=column.right)
        if not fmt.glyphs.is_braille:
            text = plain(text)
        segments += _marked(text, style, words, fmt) if words else (Segment(text, style),)
        segments.append(Segment(" " * SPACE))
    return Strip(segments).adjust_cell_length(width)


def _marked(text: str, style: Style | None, words: Sequence[str], fmt: Formatter) -> Iterator[Segment]:
    """Yield a text with the words in it marked."""
    folded, at = text.casefold(), 0
    while len(folded) == len(text):
        found = [(place, -len(word)) for word in words if (place := folded.find(word, at)) >= 0]
        if not found:
            break
        place, size = min(found)
        if place > at:
            yield Segment(text[at:place], style)
        at = place - size
        yield Segment(text[place:at], fmt.palette.found)
    yield Segment(text[at:], style)


def title_line(columns: Placed, fmt: Formatter, width: int, *, sort: str, reverse: bool) -> Strip:
    """Return the columns' titles, the one that is sorted by with an arrow; none for an empty `sort`."""
    segments = [Segment(" ")]
    arrow = fmt.glyphs.sorted_down if reverse else fmt.glyphs.sorted_up
    for column, size in columns:
        mine = column.key == sort
        title = f"{column.title}{arrow}" if mine else column.title
        style = fmt.palette.accent if mine else fmt.palette.head
        segments.append(Segment(padded(title, size, right=column.right), style))
        segments.append(Segment(" " * SPACE))
    return Strip(segments).adjust_cell_length(width)


def message_line(lines: Sequence[str], y: int, fmt: Formatter, width: int, height: int) -> Strip:
    """Return a line of what an empty table says, in its middle."""
    first = max(0, (height - len(lines)) // 2)
    if not first <= y < first + len(lines):
        return Strip.blank(width)
    style = fmt.palette.text if y == first else fmt.palette.dim
    text = padded(lines[y - first], min(width, len(lines[y - first])), right=False)
    return Strip([Segment(text.center(width), style)]).adjust_cell_length(width)
