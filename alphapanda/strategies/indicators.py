"""Incremental indicators, as frozen values: `update` returns the next one, whatever the length of history.

They can be fields of a strategy's state and are written into snapshots with it. `is_ready` says when enough
was seen; `value` before that is the best there is.
"""

from __future__ import annotations

import math
from datetime import datetime

import msgspec

from alphapanda.market.calendar import ist_day
from alphapanda.model.tick import Tick


class Ema(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Exponential moving average with smoothing 2 / (period + 1), begun at the first value.

    Attributes:
        period: in values, 1 or more.
        value: the average.
        seen: how many values it has had.
    """

    period: int
    value: float = math.nan
    seen: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether it has had `period` values."""
        return self.seen >= self.period

    def update(self, value: float) -> Ema:
        """Return the average with one more value."""
        if self.seen == 0:
            return Ema(self.period, value, 1)
        return Ema(self.period, self.value + (value - self.value) * (2 / (self.period + 1)), self.seen + 1)


class Rsi(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Relative strength index (J. Welles Wilder, New Concepts in Technical Trading Systems, 1978).

    The first averages are plain means of `period` gains and losses; each later one is
    (previous × (period - 1) + new) / period.

    Attributes:
        period: in changes, 1 or more.
        last: the value before.
        average_gain: of the upward changes; while not ready, of those seen so far.
        average_loss: of the downward changes, positive.
        changes: how many it has had.
    """

    period: int
    last: float | None = None
    average_gain: float = 0.0
    average_loss: float = 0.0
    changes: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether it has had `period` changes."""
        return self.changes >= self.period

    @property
    def value(self) -> float:
        """0 to 100; 50 when nothing has moved."""
        total = self.average_gain + self.average_loss
        return 100.0 * (self.average_gain / total) if total > 0 else 50.0

    def update(self, value: float) -> Rsi:
        """Return the index with one more value."""
        if self.last is None:
            return Rsi(self.period, value)
        change = value - self.last
        gain, loss = (change, 0.0) if change > 0 else (0.0, -change)
        changes = self.changes + 1
        weight = min(changes, self.period)
        return Rsi(
            self.period,
            value,
            self.average_gain + (gain - self.average_gain) / weight,
            self.average_loss + (loss - self.average_loss) / weight,
            changes,
        )


Mark = tuple[int, float]
"""A candidate for the extreme of a window: number of the value, and the value."""


class Donchian(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Donchian channel: the highest high and the lowest low of the last `period` values.

    Only candidates are kept: a value that a later one outdoes can never be the extreme again.

    Attributes:
        period: in values, 1 or more.
        seen: how many values it has had.
        highs: candidates for the highest, the highest first, oldest first.
        lows: candidates for the lowest, the lowest first, oldest first.
    """

    period: int
    seen: int = 0
    highs: tuple[Mark, ...] = ()
    lows: tuple[Mark, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether it has had `period` values."""
        return self.seen >= self.period

    @property
    def upper(self) -> float:
        """The highest high; NaN before the first value."""
        return self.highs[0][1] if self.highs else math.nan

    @property
    def lower(self) -> float:
        """The lowest low; NaN before the first value."""
        return self.lows[0][1] if self.lows else math.nan

    @property
    def middle(self) -> float:
        """Half-way between them."""
        return (self.upper + self.lower) / 2

    def update(self, high: float, low: float) -> Donchian:
        """Return the channel with one more value."""
        number = self.seen
        oldest = number - self.period + 1
        highs, lows = self.highs, self.lows
        keep = len(highs)
        while keep and highs[keep - 1][1] <= high:
            keep -= 1
        highs = (*highs[:keep], (number, high))
        keep = len(lows)
        while keep and lows[keep - 1][1] >= low:
            keep -= 1
        lows = (*lows[:keep], (number, low))
        # One value leaves the window with each that comes, so one candidate at most is too old.
        return Donchian(
            self.period,
            number + 1,
            highs[1:] if highs[0][0] < oldest else highs,
            lows[1:] if lows[0][0] < oldest else lows,
        )


class SessionVwap(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Volume-weighted average price of the day (IST) and its spread, from ticks.

    Each growth of the session's cumulative volume weighs the tick that shows it. What was traded before the
    first tick ever seen weighs nothing; on a new day everything counts. Mean and spread are kept by the weighted
    form of Welford's method (D. H. D. West, Communications of the ACM 22/9, 1979), which stays exact where sums
    of squares do not.

    Attributes:
        value: the average; NaN before the first volume.
        volume: how much it rests on, units.
        spread_sum: sum of the weighted squared distances.
        volume_seen: the session's cumulative volume.
        day_start: midnight IST before it; None before the first tick.
        day_end: midnight IST after it.
    """

    value: float = math.nan
    volume: int = 0
    spread_sum: float = 0.0
    volume_seen: int = 0
    day_start: datetime | None = None
    day_end: datetime | None = None

    @property
    def is_ready(self) -> bool:
        """Whether any volume was seen."""
        return self.volume > 0

    @property
    def deviation(self) -> float:
        """Weighted standard deviation of the price, rupees."""
        return math.sqrt(self.spread_sum / self.volume) if self.volume else 0.0

    def update(self, tick: Tick) -> SessionVwap:
        """Return the average with one more tick; a tick of a day that is over changes nothing."""
        moment = tick.exchange_ts
        if self.day_start is None or self.day_end is None:
            day = ist_day(moment)
            return SessionVwap(volume_seen=tick.volume, day_start=day.start, day_end=day.end)
        if moment < self.day_start:
            return self
        if moment >= self.day_end:
            day = ist_day(moment)
            return SessionVwap(day_start=day.start, day_end=day.end).update(tick)
        weight = tick.volume - self.volume_seen
        if weight <= 0:
            return self
        price, volume = tick.last_price, self.volume + weight
        if self.volume == 0:
            return SessionVwap(price, volume, 0.0, tick.volume, self.day_start, self.day_end)
        distance = price - self.value
        value = self.value + distance * weight / volume
        spread_sum = self.spread_sum + weight * distance * (price - value)
        return SessionVwap(value, volume, spread_sum, tick.volume, self.day_start, self.day_end)
