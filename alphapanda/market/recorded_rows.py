"""The two kinds of recorded rows: a tick with depth becomes one tick, an OHLCV bar becomes four."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Final

from alphapanda.clock import IST
from alphapanda.market.calendar import SESSION_SECONDS, TradingSession
from alphapanda.market.csv_rows import (
    RowError,
    read_level_price,
    read_price,
    read_quantity,
    read_symbol,
    read_time,
)
from alphapanda.market.instruments import Listing, Symbols
from alphapanda.model.tick import DepthLevel, Ohlc, Tick

TICK_COLUMNS: Final = ("symbol", "exchange_timestamp", "last_price")
DEPTH_LEVELS: Final = 5

_PRICE = attrgetter("price")
BAR_COLUMNS: Final = ("timestamp", "open", "high", "low", "close")
TICKS_PER_BAR: Final = 4

_MIDNIGHT: Final = time(0, 0)
_LAST_SECOND: Final = timedelta(seconds=1)
_DEFAULT_SPAN: Final = timedelta(minutes=1)


class TickRows:
    """Reads the rows of one file; see `alphapanda.market.recording` for what is bad.

    Args:
        columns: where each column stands, by its name in lower case.
        symbols: what a symbol's instrument and token are.
    """

    def __init__(self, columns: Mapping[str, int], symbols: Symbols) -> None:
        self._symbols = symbols
        self._symbol, self._time, self._price = (columns[name] for name in TICK_COLUMNS)
        self._columns = columns
        self._bids = _levels(columns, "bid")
        self._asks = _levels(columns, "ask")

    def read(self, cells: Sequence[str]) -> tuple[Tick, ...]:
        """Return the row's tick; raises RowError."""
        exchange = self._text(cells, "exchange") or None
        listing = self._symbols.resolve(read_symbol(cells[self._symbol]), exchange)
        at = read_time(cells[self._time])
        price = read_price("last_price", cells[self._price])
        bids, asks = _sides(_depth(cells, self._bids), _depth(cells, self._asks))
        token = self._quantity(cells, "instrument_token") or listing.token
        return (
            Tick(
                instrument=listing.id,
                instrument_token=token,
                exchange_ts=at,
                last_price=price,
                last_quantity=self._quantity(cells, "last_traded_quantity"),
                average_price=read_level_price("average_price", self._text(cells, "average_price")),
                volume=self._quantity(cells, "volume_traded"),
                total_buy_quantity=self._quantity(cells, "total_buy_qty"),
                total_sell_quantity=self._quantity(cells, "total_sell_qty"),
                open_interest=self._quantity(cells, "open_interest"),
                bids=bids,
                asks=asks,
            ),
        )

    def _text(self, cells: Sequence[str], name: str) -> str:
        index = self._columns.get(name)
        return "" if index is None else cells[index].strip()

    def _quantity(self, cells: Sequence[str], name: str) -> int:
        return read_quantity(name, self._text(cells, name))


_Level = tuple[str, int, str, int]
"""Name and place of a level's price, and of its quantity."""


def _levels(columns: Mapping[str, int], side: str) -> tuple[_Level, ...]:
    names = [(f"{side}_price_{level}", f"{side}_qty_{level}") for level in range(1, DEPTH_LEVELS + 1)]
    return tuple(
        (price, columns[price], quantity, columns[quantity])
        for price, quantity in names
        if price in columns and quantity in columns
    )


def _depth(cells: Sequence[str], levels: Sequence[_Level]) -> list[DepthLevel]:
    found = []
    for price_name, price_at, quantity_name, quantity_at in levels:
        price = read_level_price(price_name, cells[price_at])
        quantity = read_quantity(quantity_name, cells[quantity_at])
        if price and quantity:
            found.append(DepthLevel(price, quantity))
    return found


def _sides(
    bids: list[DepthLevel], asks: list[DepthLevel]
) -> tuple[tuple[DepthLevel, ...], tuple[DepthLevel, ...]]:
    """Return both sides, best first.

    Some recorders write the best ask into the second bid's columns and leave all the asks at 0. A bid
    above the best bid cannot be one, so it is read as the ask that it is.
    """
    if not asks and len(bids) > 1 and bids[1].price > bids[0].price:
        return (bids[0],), (bids[1],)
    return tuple(sorted(bids, key=_PRICE, reverse=True)), tuple(sorted(asks, key=_PRICE))


class BarRows:
    """Reads the rows of one file; see `alphapanda.market.recording` for what is bad.

    A bar's time is its start. A bar of a whole day has its ticks between 09:15 and 15:30, another
    between its start and its last second: a third of the way apart.

    Args:
        columns: where each column stands, by its name in lower case.
        listing: whose bars these are.
        span: how long each bar is; None for bars of a day.
    """

    def __init__(self, columns: Mapping[str, int], listing: Listing, span: timedelta | None) -> None:
        self._columns = columns
        self._listing = listing
        self._span = span
        self._day: TradingSession | None = None
        self._previous_close = 0.0
        self._close = 0.0
        self._open = self._high = self._low = 0.0
        self._volume = 0

    def read(self, cells: Sequence[str]) -> tuple[Tick, ...]:
        """Return the row's four ticks; raises RowError."""
        columns = self._columns
        at = read_time(cells[columns["timestamp"]])
        open_, high, low, close = (read_price(name, cells[columns[name]]) for name in BAR_COLUMNS[1:])
        if high < max(open_, close, low):
            raise RowError(f"high {high} is below another price of its bar")
        if low > min(open_, close):
            raise RowError(f"low {low} is above another price of its bar")
        volume = read_quantity("volume", cells[columns["volume"]]) if "volume" in columns else 0
        interest = read_quantity("oi", cells[columns["oi"]]) if "oi" in columns else 0
        self._enter(TradingSession(at.astimezone(IST).date()), open_)
        middle = (low, high) if close >= open_ else (high, low)
        share = volume // TICKS_PER_BAR
        shares = (share, share, share, volume - 3 * share)
        path = zip(self._times(at), (open_, *middle, close), shares, strict=True)
        return tuple([self._tick(when, price, quantity, interest) for when, price, quantity in path])

    def _enter(self, day: TradingSession, opening: float) -> None:
        if day != self._day:
            self._previous_close = self._close or opening
            self._day = day
            self._open = self._high = self._low = opening
            self._volume = 0

    def _times(self, at: datetime) -> tuple[datetime, ...]:
        if self._span is None:
            at, span = TradingSession(at.astimezone(IST).date()).opens, timedelta(seconds=SESSION_SECONDS)
        else:
            span = self._span
        last = max(span - _LAST_SECOND, span / 2)
        return tuple(at + last * step / 3 for step in range(TICKS_PER_BAR))

    def _tick(self, at: datetime, price: float, quantity: int, interest: int) -> Tick:
        self._high = max(self._high, price)
        self._low = min(self._low, price)
        self._close = price
        self._volume += quantity
        return Tick(
            instrument=self._listing.id,
            instrument_token=self._listing.token,
            exchange_ts=at,
            last_price=price,
            last_quantity=quantity,
            volume=self._volume,
            open_interest=interest,
            ohlc=Ohlc(self._open, self._high, self._low, self._previous_close),
        )


def span_of(times: Iterable[datetime]) -> timedelta | None:
    """Return how long bars that start at these times are; None for bars of a day.

    It is the shortest step between neighbours; one minute where there is none.
    """
    moments = list(times)
    if moments and all(moment.astimezone(IST).time() == _MIDNIGHT for moment in moments):
        return None
    steps = [after - before for before, after in pairwise(moments) if after > before]
    return min(steps, default=_DEFAULT_SPAN)
