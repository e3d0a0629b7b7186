"""What the market says: ticks with depth. Prices are floats: they are only looked at."""

from __future__ import annotations

from datetime import datetime

import msgspec

from alphapanda.ids import InstrumentId


class DepthLevel(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One level of the book: rupees, units, number of orders (0 where the source has none)."""

    price: float
    quantity: int
    orders: int = 0


class Ohlc(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The session's open, high and low so far, and the previous close, in rupees."""

    open: float
    high: float
    low: float
    close: float


class Tick(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One update of one instrument.

    Attributes:
        instrument: exchange and trading symbol.
        instrument_token: the feed's number for it; the record's key.
        exchange_ts: the exchange's time, aware UTC.
        last_price: of the last trade, rupees.
        last_quantity: of the last trade, units.
        average_price: the session's volume-weighted price; 0 where the source has none.
        volume: units traded in the session so far.
        total_buy_quantity: units wanted in the whole book.
        total_sell_quantity: units offered in the whole book.
        open_interest: of a derivative, units.
        ohlc: the session's so far.
        bids: best first; empty where the source has no depth.
        asks: best first.
    """

    instrument: InstrumentId
    instrument_token: int
    exchange_ts: datetime
    last_price: float
    last_quantity: int = 0
    average_price: float = 0.0
    volume: int = 0
    total_buy_quantity: int = 0
    total_sell_quantity: int = 0
    open_interest: int = 0
    ohlc: Ohlc | None = None
    bids: tuple[DepthLevel, ...] = ()
    asks: tuple[DepthLevel, ...] = ()

    @property
    def bid(self) -> float:
        """The best bid; the last price when there is no depth."""
        return self.bids[0].price if self.bids else self.last_price

    @property
    def ask(self) -> float:
        """The best ask; the last price when there is no depth."""
        return self.asks[0].price if self.asks else self.last_price


class TickRef(msgspec.Struct, frozen=True, gc=False):
    """The tick that caused a decision: which, where in the log, and what it said.

    Attributes:
        event_id: the tick's event.
        partition: of `market.ticks`.
        offset: in that partition.
        exchange_ts: the tick's time.
        last_price: the tick's price, rupees.
    """

    event_id: str
    partition: int
    offset: int
    exchange_ts: datetime
    last_price: float


class TickFrame(msgspec.Struct, frozen=True, gc=False):
    """Consecutive ticks of one source, numbered without gaps.

    Attributes:
        first: the number of the first tick in its source, from 0; the k-th has `first + k`.
        ticks: in the source's order.
    """

    first: int
    ticks: tuple[Tick, ...]

    def __len__(self) -> int:
        return len(self.ticks)

    @property
    def next(self) -> int:
        """The number of the tick that follows this frame."""
        return self.first + len(self.ticks)

    def split(self, count: int) -> tuple[TickFrame, TickFrame]:
        """Return the first `count` ticks and the rest, each numbered as before."""
        return TickFrame(self.first, self.ticks[:count]), TickFrame(self.first + count, self.ticks[count:])
