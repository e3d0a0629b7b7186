"""Instrument files: the 12 columns of Kite Connect's dump, as CSV text, to values."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from alphapanda.errors import ConfigError
from alphapanda.market.rows import BadRow, RowError
from alphapanda.model.instrument import Instrument, InstrumentType

COLUMNS: Final = (
    "instrument_token",
    "exchange_token",
    "tradingsymbol",
    "name",
    "last_price",
    "expiry",
    "strike",
    "tick_size",
    "lot_size",
    "instrument_type",
    "segment",
    "exchange",
)
"""The columns of Kite Connect's instrument file, in its order."""

_NEEDED: Final = frozenset({"instrument_token", "tradingsymbol", "exchange"})


@dataclass(frozen=True, slots=True)
class InstrumentFile:
    """What one instrument file says.

    Attributes:
        instruments: the good rows, in the file's order.
        bad: the others.
    """

    instruments: tuple[Instrument, ...]
    bad: tuple[BadRow, ...]


def parse_instruments(lines: Iterable[str], *, file: str) -> InstrumentFile:
    """Return the instruments in the lines of a CSV file with a header.

    Columns may come in any order and others may be there; `instrument_token`, `tradingsymbol` and
    `exchange` must be. A row is bad when one of those is missing, a number is not one, or an earlier row
    has the same (exchange, tradingsymbol) or the same token.

    Raises:
        ConfigError: the header lacks a column that must be there.
    """
    reader = csv.DictReader(lines)
    missing = sorted(_NEEDED - set(reader.fieldnames or ()))
    if missing:
        raise ConfigError(
            f"{file} is no instrument file: it has no column {', '.join(missing)}.",
            hint=f"The columns are {', '.join(COLUMNS)}.",
        )
    good: list[Instrument] = []
    bad: list[BadRow] = []
    seen: set[object] = set()
    for line, row in _rows(reader, bad, file):
        try:
            instrument = _instrument(row)
            for key in (instrument.id, instrument.instrument_token):
                if key in seen:
                    raise RowError(f"{key} is in an earlier row")
        except RowError as error:
            bad.append(BadRow(file, line, str(error), ",".join(str(cell) for cell in row.values())))
        else:
            seen.update((instrument.id, instrument.instrument_token))
            good.append(instrument)
    return InstrumentFile(tuple(good), tuple(bad))


def _rows(
    reader: csv.DictReader[str], bad: list[BadRow], file: str
) -> Iterator[tuple[int, dict[str, str | None]]]:
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            bad.append(BadRow(file, reader.line_num, str(error), ""))
        else:
            yield reader.line_num, row


def _instrument(row: dict[str, str | None]) -> Instrument:
    kind = (row.get("instrument_type") or "EQ").strip()
    try:
        instrument_type = InstrumentType(kind)
    except ValueError:
        raise RowError(f"instrument_type {kind!r} is none of EQ, FUT, CE, PE") from None
    expiry = (row.get("expiry") or "").strip()
    try:
        instrument = Instrument(
            exchange=_text(row, "exchange"),
            tradingsymbol=_text(row, "tradingsymbol"),
            instrument_token=int(_text(row, "instrument_token")),
            name=(row.get("name") or "").strip(),
            tick_size=Decimal((row.get("tick_size") or "").strip() or "0.05"),
            lot_size=int((row.get("lot_size") or "").strip() or 1),
            instrument_type=instrument_type,
            segment=(row.get("segment") or "").strip() or _text(row, "exchange"),
            expiry=date.fromisoformat(expiry) if expiry else None,
            strike=Decimal((row.get("strike") or "").strip() or 0),
        )
    except (ValueError, InvalidOperation) as error:
        raise RowError(f"a cell cannot be read: {error}") from None
    if instrument.instrument_token <= 0 or instrument.lot_size <= 0 or not instrument.tick_size > 0:
        raise RowError("instrument_token, lot_size and tick_size must be above 0")
    return instrument


def _text(row: dict[str, str | None], column: str) -> str:
    value = (row.get(column) or "").strip()
    if not value:
        raise RowError(f"{column} is empty")
    return value
