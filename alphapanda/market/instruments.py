"""Instrument files: the 12 columns of Kite Connect's dump, as CSV text, to values."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, Protocol

from alphapanda.errors import ConfigError
from alphapanda.ids import InstrumentId
from alphapanda.market.csv_rows import BadRow, RowError
from alphapanda.model.instrument import Instrument, InstrumentType, instrument_id

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
            _refuse_seen(instrument, seen)
        except RowError as error:
            bad.append(BadRow(file, line, str(error), ",".join(str(cell) for cell in row.values())))
        else:
            seen.update((instrument.id, instrument.instrument_token))
            good.append(instrument)
    return InstrumentFile(tuple(good), tuple(bad))


def _refuse_seen(instrument: Instrument, seen: set[object]) -> None:
    for key in (instrument.id, instrument.instrument_token):
        if key in seen:
            raise RowError(f"{key} is in an earlier row")


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


@dataclass(frozen=True, slots=True)
class Listing:
    """What a symbol stands for.

    Attributes:
        id: `{exchange}:{tradingsymbol}`.
        token: the feed's number for it.
    """

    id: InstrumentId
    token: int


class Symbols(Protocol):
    """Knows which instrument a recording's symbol is."""

    def resolve(self, symbol: str, exchange: str | None) -> Listing:
        """Return the instrument of `symbol`, on `exchange` where the recording says so."""
        ...


DEFAULT_EXCHANGE: Final = "NSE"
"""Of symbols that no instrument file knows and whose recording names no exchange."""

_ASSIGNED_FROM: Final = 1 << 30
"""Tokens of ours start here: above every token that a venue has given out so far, below 2^31."""


def assigned_token(instrument: InstrumentId) -> int:
    """Return a token for an instrument that has none: the same on every machine, for ever.

    It is 2^30 plus 30 bits of BLAKE2b over the instrument's id.
    """
    digest = hashlib.blake2b(instrument.encode(), digest_size=4).digest()
    return _ASSIGNED_FROM | int.from_bytes(digest, "big") & _ASSIGNED_FROM - 1


class InstrumentTable:
    """The known instruments, by symbol; others get a token of ours.

    Args:
        instruments: in order of preference: a symbol that several exchanges list is the first one's.
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._by_id: dict[InstrumentId, Instrument] = {}
        self._by_symbol: dict[str, Instrument] = {}
        for each in instruments:
            self._by_id.setdefault(each.id, each)
            self._by_symbol.setdefault(each.tradingsymbol, each)

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._by_id.values())

    def get(self, instrument: InstrumentId) -> Instrument | None:
        """Return a known instrument, None for another."""
        return self._by_id.get(instrument)

    def describe(self, instrument: InstrumentId) -> Instrument:
        """Return a known instrument, or one with the assigned token, a grid of 0.05 and single units."""
        known = self._by_id.get(instrument)
        if known is not None:
            return known
        exchange, _, symbol = instrument.partition(":")
        return Instrument(
            exchange=exchange, tradingsymbol=symbol, instrument_token=assigned_token(instrument), segment=exchange
        )

    def resolve(self, symbol: str, exchange: str | None) -> Listing:
        """Return the known instrument of that symbol, else one of ours with an assigned token."""
        known = (
            self._by_symbol.get(symbol) if exchange is None else self._by_id.get(instrument_id(exchange, symbol))
        )
        if known is not None:
            return Listing(known.id, known.instrument_token)
        new = instrument_id(exchange or DEFAULT_EXCHANGE, symbol)
        return Listing(new, assigned_token(new))
