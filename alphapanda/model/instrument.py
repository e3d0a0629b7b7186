"""What can be traded, as an instrument file describes it (Kite Connect's 12-column CSV)."""

from __future__ import annotations

import math
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Protocol

import msgspec

from alphapanda.ids import InstrumentId


class InstrumentType(StrEnum):
    """The kinds that the instrument file names."""

    EQUITY = "EQ"
    FUTURE = "FUT"
    CALL = "CE"
    PUT = "PE"


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument. Its key is (exchange, tradingsymbol): tokens are reused after expiry.

    Attributes:
        exchange: NSE, BSE, NFO, ...
        tradingsymbol: the exchange's name for it.
        instrument_token: the feed's number for it, valid until it expires.
        name: of the company or the underlying.
        tick_size: the price grid, rupees.
        lot_size: units per lot.
        instrument_type: EQ, FUT, CE, PE.
        segment: NSE, NFO-FUT, ...
        expiry: of a derivative.
        strike: of an option, rupees.
    """

    exchange: str
    tradingsymbol: str
    instrument_token: int
    name: str = ""
    tick_size: Decimal = Decimal("0.05")
    lot_size: int = 1
    instrument_type: InstrumentType = InstrumentType.EQUITY
    segment: str = "NSE"
    expiry: date | None = None
    strike: Decimal = Decimal(0)

    @property
    def id(self) -> InstrumentId:
        """`{exchange}:{tradingsymbol}`."""
        return instrument_id(self.exchange, self.tradingsymbol)

    def round_to_tick(self, price: Decimal) -> Decimal:
        """Return `price` on the instrument's grid, half to even."""
        steps = (price / self.tick_size).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        return steps * self.tick_size

    def price_of(self, quoted: float) -> Decimal | None:
        """Return a tick's float as rupees on the grid: the one place where quotes become money.

        None for what is no price: zero, negative, infinite or not a number, before or after rounding.
        """
        if not 0.0 < quoted < math.inf:
            return None
        price = self.round_to_tick(Decimal(repr(quoted)))
        return price if price > 0 else None


def instrument_id(exchange: str, tradingsymbol: str) -> InstrumentId:
    """Return the key of an instrument."""
    return InstrumentId(f"{exchange}:{tradingsymbol}")


class InstrumentLookup(Protocol):
    """Where a stage looks instruments up: a mapping by id is one, so is the registry."""

    def get(self, key: InstrumentId, /) -> Instrument | None:
        """Return the instrument, or None when it is not known."""
        ...
