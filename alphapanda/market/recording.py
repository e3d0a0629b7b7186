"""Recorded market data as CSV: ticks with depth, or OHLCV bars. Real data: what is bad is said and skipped.

A tick row becomes one tick. A bar row becomes four: its open, its extremes in the likely order and its
close, so that bars built from these ticks are the recorded ones again.

A row is **bad** when it has another number of cells than the header, no symbol, a time that cannot be
read or lies outside 1990 to 2100, a price that is not a number above 0, a quantity that is not a whole
number of at least 0, a depth cell that is no number, or (bars) a high or low that another price passes.
A row is **good** when it is out of order, repeats an earlier one, or lacks depth or other optional cells.
Ticks keep the order of their rows, which is that of their arrival at the recorder.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import chain, islice
from pathlib import PurePath
from typing import Final, Protocol

from alphapanda.errors import ConfigError
from alphapanda.market.csv_rows import BadRow, RowError, read_symbol, read_time
from alphapanda.market.instruments import Symbols
from alphapanda.market.recorded_rows import BAR_COLUMNS, TICK_COLUMNS, BarRows, TickRows, span_of
from alphapanda.model.tick import Tick

_PEEK: Final = 256
"""Rows that are looked at to see how long a bar is."""

_HINT: Final = (
    "A recording of ticks has the columns Symbol, exchange_timestamp and last_price (others may follow); "
    "one of bars has timestamp, open, high, low, close."
)


class RecordingKind(StrEnum):
    """What a file's rows are."""

    TICKS = "ticks"
    BARS = "bars"


class _Rows(Protocol):
    def read(self, cells: Sequence[str]) -> tuple[Tick, ...]: ...


class RecordingFile:
    """The ticks in one CSV file.

    Attributes:
        name: the file's, without folders.
        kind: what its rows are.
        rows: how many rows were read so far, the bad among them; the header and empty lines are none.
        bad: how many of them were bad.

    Args:
        name: the file's; bars belong to the symbol that its stem names.
        lines: its lines, with or without their ends.
        symbols: what a symbol's instrument and token are.
        on_bad: told of each bad row.

    Raises:
        ConfigError: the header is that of neither kind.
    """

    def __init__(
        self, name: str, lines: Iterable[str], symbols: Symbols, on_bad: Callable[[BadRow], None]
    ) -> None:
        self.name = name
        self.rows = 0
        self.bad = 0
        self._symbols = symbols
        self._on_bad = on_bad
        self._lines = iter(lines)
        self._columns = _columns(next(self._lines, ""), name)
        self.kind = _kind(self._columns, name)

    def ticks(self) -> Iterator[Tick]:
        """Return the ticks of the good rows, in the order of the rows. Can be called once."""
        numbered = enumerate(self._lines, start=2)
        if self.kind is RecordingKind.TICKS:
            return self._read(TickRows(self._columns, self._symbols), numbered)
        head = list(islice(numbered, _PEEK))
        span = span_of(self._times(head))
        symbol = _symbol_of(self.name)
        listing = self._symbols.resolve(symbol, None)
        return self._read(BarRows(self._columns, listing, span), chain(head, numbered))

    def _times(self, head: Iterable[tuple[int, str]]) -> Iterator[datetime]:
        at = self._columns["timestamp"]
        for _, line in head:
            cells = _cells(line)
            if len(cells) == len(self._columns):
                try:
                    yield read_time(cells[at])
                except RowError:
                    continue  # reported when the row is read

    def _read(self, rows: _Rows, numbered: Iterable[tuple[int, str]]) -> Iterator[Tick]:
        width = len(self._columns)
        for number, line in numbered:
            if not line.strip():
                continue
            self.rows += 1
            cells = _cells(line)
            if len(cells) != width:
                self._refuse(number, f"{len(cells)} cells instead of {width}", line)
                continue
            try:
                ticks = rows.read(cells)
            except RowError as error:
                self._refuse(number, str(error), line)
                continue
            yield from ticks

    def _refuse(self, number: int, reason: str, line: str) -> None:
        self.bad += 1
        self._on_bad(BadRow(self.name, number, reason, line.strip()))


def kind_of(header: str, name: str) -> RecordingKind:
    """Return what the rows under this header are; raises ConfigError when it is none that is known."""
    return _kind(_columns(header, name), name)


def merge(files: Sequence[RecordingFile]) -> Iterator[Tick]:
    """Return the ticks of all files in order of time.

    Within a file the order of the rows stays: a row that is out of order counts as late as the latest
    before it. Equal times come in the order of the files.
    """
    if len(files) == 1:
        return files[0].ticks()
    streams = [_watermarked(file.ticks(), index) for index, file in enumerate(files)]
    return (tick for _, _, tick in heapq.merge(*streams, key=lambda item: item[:2]))


def _watermarked(ticks: Iterator[Tick], index: int) -> Iterator[tuple[datetime, int, Tick]]:
    latest: datetime | None = None
    for tick in ticks:
        latest = tick.exchange_ts if latest is None else max(latest, tick.exchange_ts)
        yield latest, index, tick


def _cells(line: str) -> list[str]:
    # Not csv.reader: a stray quotation mark must spoil its own row only.
    return [cell.strip('"') for cell in line.rstrip("\r\n").split(",")]


def _columns(header: str, name: str) -> Mapping[str, int]:
    names = [cell.strip().lower() for cell in _cells(header.lstrip("\ufeff"))]
    doubled = sorted({each for each in names if names.count(each) > 1})
    if doubled:
        raise ConfigError(f"{name} has two columns called {doubled[0]!r}.", hint=_HINT)
    return {each: index for index, each in enumerate(names)}


def _kind(columns: Mapping[str, int], name: str) -> RecordingKind:
    if columns.keys() >= set(TICK_COLUMNS):
        return RecordingKind.TICKS
    if columns.keys() >= set(BAR_COLUMNS):
        return RecordingKind.BARS
    raise ConfigError(f"{name} is no recording: its first line is not a header that is known.", hint=_HINT)


def _symbol_of(name: str) -> str:
    try:
        return read_symbol(PurePath(name).stem)
    except RowError:
        raise ConfigError(
            f"{name} holds bars, but its name is no symbol.", hint="Name it after it: INFY.csv."
        ) from None
