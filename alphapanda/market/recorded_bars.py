"""Recorded OHLCV bars: one CSV row, four ticks whose bar is the recorded one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Final

from alphapanda.clock import IST
from alphapanda.market.calendar import SESSION_SECONDS, TradingSession
from alphapanda.market.cells import read_price, read_quantity, read_time
from alphapanda.market.instruments import Listing
from alphapanda.market.rows import RowError
from alphapanda.model.tick import Ohlc, Tick

NEEDED: Final = ("timestamp", "open", "high", "low", "close")
TICKS_PER_BAR: Final = 4

_MIDNIGHT: Final = time(0, 0)
_LAST_SECOND: Final = timedelta(seconds=1)
_DEFAULT_SPAN: Final = timedelta(minutes=1)


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
        open_, high, low, close = (read_price(name, cells[columns[name]]) for name in NEEDED[1:])
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
