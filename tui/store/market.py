"""The market: the newest tick of each instrument, a trail of prices and the minutes' candles."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Final

import msgspec

from alphapanda.model.tick import Tick
from tui.theme.formatter import to_ms

TRAIL: Final = 120
"""Prices of an instrument that are kept for its sparkline."""
TRAIL_EVERY_MS: Final = 1_000
CANDLES: Final = 375
"""A session's minutes; fewer where there are very many instruments."""
FEW_CANDLES: Final = 60
MANY_INSTRUMENTS: Final = 500
MINUTE_MS: Final = 60_000


class Candle(msgspec.Struct, gc=False):
    """One minute of an instrument, in event time.

    Attributes:
        start_ms: its first millisecond, Unix.
        open: rupees; so are the others.
        volume: units traded in it.
    """

    start_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: int = 0


class InstrumentQuote(msgspec.Struct, frozen=True, gc=False):
    """The newest tick of an instrument.

    Attributes:
        tick: as it came.
        direction: of the last change of its price: 1, -1, or 0 before the first.
        updates: ticks so far.
        written_ms: when the log took it, Unix milliseconds.
    """

    tick: Tick
    direction: int
    updates: int
    written_ms: int

    @property
    def change(self) -> float | None:
        """Against the previous close, in per cent; None without one."""
        ohlc = self.tick.ohlc
        if ohlc is None or not ohlc.close:
            return None
        return (self.tick.last_price / ohlc.close - 1.0) * 100.0

    @property
    def spread_bps(self) -> float | None:
        """Between best bid and ask, in hundredths of a per cent; None without depth."""
        tick = self.tick
        if not tick.bids or not tick.asks or not tick.last_price:
            return None
        return (tick.asks[0].price - tick.bids[0].price) / tick.last_price * 10_000.0


class Market:
    """Every instrument's quote, trail and candles.

    Attributes:
        quotes: by instrument.
        updates: ticks folded.
        newest_ms: when the log took the newest tick, Unix milliseconds.
        event_ms: the newest tick's own time, Unix milliseconds.
    """

    def __init__(self) -> None:
        self.quotes: dict[str, InstrumentQuote] = {}
        self.updates = 0
        self.newest_ms: int | None = None
        self.event_ms: int | None = None
        self._trails: dict[str, array[float]] = {}
        self._trail_ms: dict[str, int] = {}
        self._candles: dict[str, list[Candle]] = {}
        self._volumes: dict[str, int] = {}

    def fold(self, ticks: Iterable[tuple[Tick, int]]) -> None:
        """Fold ticks, each with when the log took it."""
        quotes = self.quotes
        for tick, written_ms in ticks:
            name = tick.instrument
            before = quotes.get(name)
            direction, updates = 0, 1
            if before is not None:
                was, now = before.tick.last_price, tick.last_price
                direction = 1 if now > was else -1 if now < was else before.direction
                updates = before.updates + 1
            quotes[name] = InstrumentQuote(tick, direction, updates, written_ms)
            self._remember(tick, to_ms(tick.exchange_ts))
            self.updates += 1
            if self.newest_ms is None or written_ms > self.newest_ms:
                self.newest_ms = written_ms

    def _remember(self, tick: Tick, at_ms: int) -> None:
        name, price = tick.instrument, tick.last_price
        self.event_ms = at_ms if self.event_ms is None else max(at_ms, self.event_ms)
        last = self._trail_ms.get(name)
        if last is None:
            self._trails[name] = array("f", (price,))
            self._trail_ms[name] = at_ms
        elif at_ms - last >= TRAIL_EVERY_MS or at_ms < last:
            trail = self._trails[name]
            trail.append(price)
            self._trail_ms[name] = at_ms
            if len(trail) > 2 * TRAIL:
                del trail[:-TRAIL]
        self._into_candle(tick, at_ms)

    def _into_candle(self, tick: Tick, at_ms: int) -> None:
        name, price = tick.instrument, tick.last_price
        start = at_ms - at_ms % MINUTE_MS
        before = self._volumes.get(name, tick.volume)
        traded = max(0, tick.volume - before)
        self._volumes[name] = tick.volume
        held = self._candles.get(name)
        if held is None:
            held = self._candles[name] = []
        if held and held[-1].start_ms == start:
            candle = held[-1]
            candle.high = max(candle.high, price)
            candle.low = min(candle.low, price)
            candle.close = price
            candle.volume += traded
            return
        if held and start < held[-1].start_ms:
            held.clear()  # another session, or the feed began again
        held.append(Candle(start, price, price, price, price, traded))
        keep = CANDLES if len(self._candles) <= MANY_INSTRUMENTS else FEW_CANDLES
        if len(held) > keep:
            del held[: len(held) - keep]

    def trail(self, instrument: str) -> list[float]:
        """Return the last prices of an instrument, oldest first, about one a second."""
        held = self._trails.get(instrument)
        return [] if held is None else held[-TRAIL:].tolist()

    def candles(self, instrument: str) -> list[Candle]:
        """Return the minutes of an instrument, oldest first."""
        return self._candles.get(instrument, [])
