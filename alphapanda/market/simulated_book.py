"""One instrument on the simulated exchange during one session: its price, its book, its totals."""

from __future__ import annotations

import math
from datetime import datetime
from statistics import NormalDist
from typing import Final

from alphapanda.market.universe import Personality
from alphapanda.model.tick import DepthLevel, Ohlc, Tick

_MASK: Final = (1 << 64) - 1
_MIX: Final = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio: spreads nearby numbers (Knuth, TAOCP 6.4)
LEVELS: Final = 5

NORMAL: Final = tuple(NormalDist().inv_cdf((index + 0.5) / 1024) for index in range(1024))
"""The standard normal distribution in 1024 equally likely values: ten random bits make one draw."""

_SIZES: Final = tuple(math.exp(0.9 * NORMAL[4 * index + 2]) for index in range(256))
"""Sizes of trades relative to the typical one: log-normal, a few are many times it."""

_SPREAD_SHARE: Final = 3e-5
"""The usual half spread of a liquid instrument as a share of its price, where the grid allows it."""


class SimulatedBook:
    """The state of one instrument in one session. Every number follows from the random bits it is given.

    Args:
        who: how it behaves.
        previous_close: rupees, on the grid.
        opening: rupees.
        drift: its own return from open to close, which the session's path ends at.
    """

    __slots__ = (
        "_base_depth", "_beta", "_drift", "_elapsed", "_grid", "_high", "_id", "_last", "_lot", "_low", "_open",
        "_open_interest", "_opening", "_own", "_previous_close", "_quantity", "_spread", "_tick_steps", "_token",
        "_turnover", "_vol", "_volume", "_wide",
    )  # fmt: skip

    def __init__(self, who: Personality, previous_close: float, opening: float, drift: float) -> None:
        instrument = who.instrument
        self._id = instrument.id
        self._token = instrument.instrument_token
        self._grid = float(instrument.tick_size)
        self._lot = instrument.lot_size
        self._beta = who.beta
        self._vol = who.daily_vol
        self._drift = drift
        self._opening = opening
        self._previous_close = previous_close
        self._base_depth = who.typical_quantity
        self._spread = max(1, round(opening * _SPREAD_SHARE / self._grid))
        self._open_interest = who.open_interest
        self._own = 0.0
        self._elapsed = 0.0
        self._open = 0.0
        self._high = 0.0
        self._low = 0.0
        self._last = 0.0
        self._volume = 0
        self._turnover = 0.0
        self._quantity = 0
        self._tick_steps = 0
        self._wide = 1

    def trade(self, elapsed: float, market: float, bits: int) -> None:
        """Move the price to where `market` and its own path lead, and trade once there.

        Args:
            elapsed: how much of the session's activity is over, 0 to 1.
            market: the market's return since the open.
            bits: 64 random bits; those above the lowest 20 are used.
        """
        passed = elapsed - self._elapsed
        if passed > 0.0:
            # A Brownian bridge, sampled as it goes: it ends the session at `drift`.
            pull = passed / (1.0 - self._elapsed)
            noise = self._vol * math.sqrt(passed) * NORMAL[bits >> 20 & 1023]
            self._own += (self._drift - self._own) * pull + noise
            self._elapsed = elapsed
        fair = self._opening * (1.0 + self._beta * market + self._own)
        self._wide = self._spread + (bits >> 30 & 7 == 0) + (bits >> 33 & 31 == 0)
        best_bid = max(1, int(fair / self._grid) - self._wide // 2)
        lifted = bits >> 38 & 1
        self._tick_steps = best_bid + self._wide * lifted
        lots = max(1, round(self._base_depth * _SIZES[bits >> 40 & 255] / self._lot))
        self._quantity = lots * self._lot
        self._count(round(self._tick_steps * self._grid, 2), self._quantity * (1 + (bits >> 48 & 1)))
        if self._open_interest:
            self._open_interest += ((bits >> 49 & 3) - (bits >> 51 & 3)) * self._lot
        # The book's best bid is what the next line of depth starts from, whoever was the aggressor.
        self._tick_steps = best_bid

    def auction(self, price: float, bits: int) -> None:
        """Trade the auction's volume at one price."""
        steps = max(1, round(price / self._grid))
        self._tick_steps = steps
        self._wide = self._spread
        self._quantity = max(1, round(self._base_depth * 40 * _SIZES[bits >> 40 & 255] / self._lot)) * self._lot
        self._count(round(steps * self._grid, 2), self._quantity)

    def _count(self, price: float, quantity: int) -> None:
        if not self._volume:
            self._open = self._high = self._low = price
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._volume += quantity
        self._turnover += price * quantity
        self._last = price

    def tick(self, at: datetime, bits: int) -> Tick:
        """Return what a subscriber sees after the last trade, with five levels on each side."""
        grid = self._grid
        bid = self._tick_steps
        ask = bid + self._wide
        buys = bits * _MIX & _MASK
        sells = buys * _MIX & _MASK
        base = self._base_depth
        lot = self._lot
        bids = tuple(
            [
                DepthLevel(
                    round((bid - level) * grid, 2),
                    (base * (16 + (buys >> 8 * level & 255)) * (level + 2) >> 7) // lot * lot + lot,
                    1 + (buys >> 40 + 4 * level & 15),
                )
                for level in _DEPTH
            ]
        )
        asks = tuple(
            [
                DepthLevel(
                    round((ask + level) * grid, 2),
                    (base * (16 + (sells >> 8 * level & 255)) * (level + 2) >> 7) // lot * lot + lot,
                    1 + (sells >> 40 + 4 * level & 15),
                )
                for level in _DEPTH
            ]
        )
        return Tick(
            self._id,
            self._token,
            at,
            self._last,
            self._quantity,
            round(self._turnover / self._volume, 2),
            self._volume,
            base * (400 + (buys >> 56)) // lot * lot,
            base * (400 + (sells >> 56)) // lot * lot,
            self._open_interest,
            Ohlc(self._open, self._high, self._low, self._previous_close),
            bids,
            asks,
        )


_DEPTH: Final = range(LEVELS)
