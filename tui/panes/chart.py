"""Lines over time, in braille dots: two across and four down in each cell."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rich.segment import Segment
from rich.style import Style

from tui.panes.canvas import Line
from tui.render.layout import padded
from tui.theme.formatter import Formatter, from_ms

_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille cell by row and column (Unicode block 2800)."""
_ASCII_MARKS: Final = "*+ox"
AXIS: Final = 11
"""Cells of the labels at the left."""
NEAR: Final = 0.25
"""A line whose height is a smaller part of its level is shown without zero, else it would be flat."""
LABEL_ROWS: Final = 4
"""Rows from one label of the axis to the next, about."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart.

    Attributes:
        name: in the legend.
        points: (Unix milliseconds, value), oldest first.
        style: its colour.
    """

    name: str
    points: Sequence[tuple[int, float]]
    style: Style


class Canvas:
    """Dots on a grid of cells.

    Args:
        width: cells.
        height: cells.
    """

    def __init__(self, width: int, height: int, *, braille: bool) -> None:
        self.width = width
        self.height = height
        self._braille = braille
        self._columns, self._rows = (2, 4) if braille else (1, 1)
        self._cells: dict[tuple[int, int], tuple[int, Style, str]] = {}

    @property
    def dots(self) -> tuple[int, int]:
        """How many dots there are across and down."""
        return self.width * self._columns, self.height * self._rows

    def dot(self, x: int, y: int, style: Style, mark: str) -> None:
        """Set a dot; the last line through a cell gives its colour."""
        cell = (x // self._columns, y // self._rows)
        if not (0 <= cell[0] < self.width and 0 <= cell[1] < self.height):
            return
        bit = _DOTS[y % 4][x % 2] if self._braille else 1
        bits = self._cells.get(cell, (0, style, mark))[0]
        self._cells[cell] = (bits | bit, style, mark)

    def line(self, start: tuple[int, int], end: tuple[int, int], style: Style, mark: str) -> None:
        """Join two dots."""
        (x0, y0), (x1, y1) = start, end
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for step in range(steps + 1):
            self.dot(round(x0 + (x1 - x0) * step / steps), round(y0 + (y1 - y0) * step / steps), style, mark)

    def row(self, y: int, empty: tuple[str, Style | None]) -> Line:
        """Return a row of cells."""
        segments: Line = []
        for x in range(self.width):
            cell = self._cells.get((x, y))
            if cell is None:
                segments.append(Segment(*empty))
            else:
                segments.append(Segment(chr(0x2800 + cell[0]) if self._braille else cell[2], cell[1]))
        return list(Segment.simplify(segments))


def plot(series: Sequence[Series], fmt: Formatter, width: int, height: int) -> list[Line]:
    """Return a chart with its axes and legend; nothing when there are no points."""
    drawing = [one for one in series if len(one.points) > 1]
    if not drawing or width < AXIS + 8 or height < 4:
        return []
    values = [value for one in drawing for _, value in one.points]
    low, high = min(values), max(values)
    if high - low > NEAR * max(abs(low), abs(high)):
        low, high = min(low, 0.0), max(high, 0.0)
    if high == low:
        high = low + 1.0
    first = min(one.points[0][0] for one in drawing)
    last = max(*(one.points[-1][0] for one in drawing), first + 1)
    rows, columns = height - 2, width - AXIS - 1
    canvas = Canvas(columns, rows, braille=fmt.glyphs.is_braille)
    across, down = canvas.dots

    def place(at: int, value: float) -> tuple[int, int]:
        x = round((at - first) / (last - first) * (across - 1))
        return x, round((high - value) / (high - low) * (down - 1))

    for number, one in enumerate(drawing):
        mark = _ASCII_MARKS[number % len(_ASCII_MARKS)]
        dots = list(dict(place(at, value) for at, value in one.points).items())  # the last of each column
        for start, end in itertools.pairwise(dots):
            canvas.line(start, end, one.style, mark)
    labelled = {round((high - level) / (high - low) * (rows - 1)): level for level in levels(low, high, rows)}
    lines = [_legend(drawing, fmt, width)]
    for y in range(rows):
        label = _label(labelled[y], fmt) if y in labelled else ""
        edge = Segment(f"{padded(label, AXIS - 1, right=True)} {fmt.glyphs.bar}", fmt.palette.dim)
        rule = fmt.glyphs.line if labelled.get(y) == 0.0 else fmt.glyphs.rule
        lines.append([edge, *canvas.row(y, (rule, fmt.palette.faint) if y in labelled else (" ", None))])
    lines.append(_times(first, last, fmt, width))
    return lines


def levels(low: float, high: float, rows: int) -> list[float]:
    """Return round values between two, about one for every four rows: 1, 2 or 5 times a power of ten apart."""
    rough = (high - low) / max(2, rows // LABEL_ROWS)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 9) for number in range(first, last + 1)]


def _legend(series: Sequence[Series], fmt: Formatter, width: int) -> Line:
    """Return the names of the lines, with their last values where there is room for all."""
    pieces, short = [Segment(" " * (AXIS + 1))], [Segment(" " * (AXIS + 1))]
    for number, one in enumerate(series):
        mark = fmt.glyphs.line * 2 if fmt.glyphs.is_braille else _ASCII_MARKS[number % len(_ASCII_MARKS)]
        text, style = fmt.gain(Decimal(str(round(one.points[-1][1], 2))))
        name = Segment(f"{mark} {one.name} ", one.style)
        pieces += [name, Segment(f"{text}   ", style)]
        short += [name, Segment(" ")]
    return pieces if sum(len(piece.text) for piece in pieces) - 3 <= width else short


def _label(value: float, fmt: Formatter) -> str:
    if fmt.hidden:
        return fmt.glyphs.rupee + fmt.mask
    amount = Decimal(round(value))
    return fmt.money(amount, compact=True).removesuffix(".00")


def _times(first: int, last: int, fmt: Formatter, width: int) -> Line:
    left, right = fmt.clock(from_ms(first)), fmt.clock(from_ms(last))
    middle = fmt.clock(from_ms((first + last) // 2))
    room = width - AXIS - 1
    text = left + middle.center(max(0, room - len(left) - len(right))) + right
    return [Segment(" " * (AXIS + 1) + padded(text, room, right=False), fmt.palette.dim)]
