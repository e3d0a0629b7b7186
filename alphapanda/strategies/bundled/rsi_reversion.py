"""RSI mean reversion: buy what has fallen too fast, sell what has risen too fast, leave when it is over."""

from __future__ import annotations

from typing import Annotated

import msgspec

from alphapanda.market.bars import Bar
from alphapanda.model.tick import Tick
from alphapanda.strategies.base import Decision, Holding, Stance, Strategy
from alphapanda.strategies.indicators import Rsi

Level = Annotated[float, msgspec.Meta(ge=0, le=100)]


class RsiReversionParams(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes.

    Attributes:
        period: of the index, in ticks or bars.
        oversold: long when the index falls to it.
        overbought: short when it rises to it.
        exit_level: out when it comes back to it.
    """

    period: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 14
    oversold: Level = 30.0
    overbought: Level = 70.0
    exit_level: Level = 50.0

    def __post_init__(self) -> None:
        if not self.oversold < self.exit_level < self.overbought:
            raise ValueError(
                f"oversold ({self.oversold:g}) < exit_level ({self.exit_level:g}) < overbought "
                f"({self.overbought:g}) must hold"
            )


class RsiReversionState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The index."""

    rsi: Rsi


class RsiReversion(Strategy[RsiReversionParams, RsiReversionState]):
    """Runs on ticks, or on bars' closes where `bar_seconds` is set."""

    bars_replace_ticks = True

    @property
    def warm_up(self) -> int:
        """As many values as give `period` changes."""
        return self.params.period + 1

    def initial(self) -> RsiReversionState:
        """Nothing seen."""
        return RsiReversionState(Rsi(self.params.period))

    def on_tick(
        self, state: RsiReversionState, tick: Tick | Bar, holding: Holding, /
    ) -> tuple[RsiReversionState, Decision | None]:
        """Decide where the index enters one of its zones, and where it comes back."""
        rsi = state.rsi.update(tick.last_price)
        return RsiReversionState(rsi), self._decide(state.rsi.value, rsi.value, holding.quantity)

    on_bar = on_tick

    def _decide(self, before: float, now: float, held: int) -> Decision | None:
        params = self.params
        if now <= params.oversold < before:
            return Decision(Stance.LONG, f"RSI {params.period} fell to {now:.1f}")
        if now >= params.overbought > before:
            return Decision(Stance.SHORT, f"RSI {params.period} rose to {now:.1f}")
        if (held > 0 and now >= params.exit_level) or (held < 0 and now <= params.exit_level):
            return Decision(Stance.FLAT, f"RSI {params.period} came back to {now:.1f}")
        return None
