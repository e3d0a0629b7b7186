"""EMA crossover: long while the fast average is above the slow one, short while it is below."""

from __future__ import annotations

from typing import Annotated

import msgspec

from alphapanda.market.bars import Bar
from alphapanda.model.tick import Tick
from alphapanda.strategies.base import Decision, Holding, Stance, Strategy

Period = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class EmaCrossoverParams(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes.

    Attributes:
        fast: period of the fast average, in ticks or bars.
        slow: period of the slow one.
        min_gap_bps: how far apart they must be for a crossing to count, basis points of the slow one.
        enter_on_trend: whether the trend found after the warm-up is entered at once, without a crossing.
    """

    fast: Period = 12
    slow: Period = 26
    min_gap_bps: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = 0.0
    enter_on_trend: bool = False

    def __post_init__(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be less than slow ({self.slow})")


class EmaCrossoverState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The two averages, how many prices they rest on, and which is above: 1 the fast, -1 the slow, 0 unknown."""

    fast: float = 0.0
    slow: float = 0.0
    seen: int = 0
    side: int = 0


class EmaCrossover(Strategy[EmaCrossoverParams, EmaCrossoverState]):
    """Runs on ticks, or on bars' closes where `bar_seconds` is set."""

    bars_replace_ticks = True

    def __init__(self, params: EmaCrossoverParams) -> None:
        super().__init__(params)
        self._fast_weight = 2 / (params.fast + 1)
        self._slow_weight = 2 / (params.slow + 1)
        self._min_gap = params.min_gap_bps / 10_000
        self._trend_at = params.slow if params.enter_on_trend else -1

    @property
    def warm_up(self) -> int:
        """The slow period."""
        return self.params.slow

    def initial(self) -> EmaCrossoverState:
        """Nothing seen."""
        return EmaCrossoverState()

    def on_tick(
        self, state: EmaCrossoverState, tick: Tick | Bar, _holding: Holding, /
    ) -> tuple[EmaCrossoverState, Decision | None]:
        """Move both averages (as `indicators.Ema` does, flat for speed) and decide where they cross."""
        price, seen, side = tick.last_price, state.seen, state.side
        if seen == 0:
            return EmaCrossoverState(price, price, 1, 0), None
        fast, slow = state.fast, state.slow
        fast += (price - fast) * self._fast_weight
        slow += (price - slow) * self._slow_weight
        gap, least = fast - slow, slow * self._min_gap
        if gap > least:
            side = 1
        elif gap < -least:
            side = -1
        after = EmaCrossoverState(fast, slow, seen + 1, side)
        if side == state.side and seen != self._trend_at:
            return after, None
        return after, self._decide(side, crossed=state.side not in {0, side})

    on_bar = on_tick

    def _decide(self, side: int, *, crossed: bool) -> Decision | None:
        if side == 0 or not (crossed or self._trend_at >= 0):
            return None
        stance = Stance.LONG if side > 0 else Stance.SHORT
        where = "above" if side > 0 else "below"
        verb = "crossed" if crossed else "is"
        return Decision(stance, f"EMA {self.params.fast} {verb} {where} EMA {self.params.slow}")
