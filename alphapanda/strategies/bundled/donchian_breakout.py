"""Donchian breakout: follow a price that leaves the channel of the past, leave when a narrower one breaks."""

from __future__ import annotations

from typing import Annotated

import msgspec

from alphapanda.market.bars import Bar
from alphapanda.model.tick import Tick
from alphapanda.strategies.base import Decision, Holding, Stance, Strategy
from alphapanda.strategies.indicators import Donchian

Period = Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class DonchianBreakoutParams(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes.

    Attributes:
        entry: length of the channel whose break is entered, in ticks or bars.
        exit: length of the channel whose opposite break is the way out; not longer than `entry`.
    """

    entry: Period = 20
    exit: Period = 10

    def __post_init__(self) -> None:
        if self.exit > self.entry:
            raise ValueError(f"exit ({self.exit}) must not be longer than entry ({self.entry})")


class DonchianBreakoutState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The two channels, of what came before."""

    entry: Donchian
    exit: Donchian


class DonchianBreakout(Strategy[DonchianBreakoutParams, DonchianBreakoutState]):
    """Runs on bars (closes against channels of highs and lows), or on ticks."""

    bars_replace_ticks = True

    @property
    def warm_up(self) -> int:
        """The entry channel's length."""
        return self.params.entry

    def initial(self) -> DonchianBreakoutState:
        """Nothing seen."""
        return DonchianBreakoutState(Donchian(self.params.entry), Donchian(self.params.exit))

    def on_tick(
        self, state: DonchianBreakoutState, tick: Tick, holding: Holding, /
    ) -> tuple[DonchianBreakoutState, Decision | None]:
        """Decide on the tick's price."""
        price = tick.last_price
        return self._after(state, price, price), self._decide(state, price, holding.quantity)

    def on_bar(
        self, state: DonchianBreakoutState, bar: Bar, holding: Holding, /
    ) -> tuple[DonchianBreakoutState, Decision | None]:
        """Decide on the bar's close; its high and low then widen the channels."""
        return self._after(state, bar.high, bar.low), self._decide(state, bar.close, holding.quantity)

    @staticmethod
    def _after(state: DonchianBreakoutState, high: float, low: float) -> DonchianBreakoutState:
        return DonchianBreakoutState(state.entry.update(high, low), state.exit.update(high, low))

    def _decide(self, state: DonchianBreakoutState, price: float, held: int) -> Decision | None:
        entry, way_out = state.entry, state.exit
        if price > entry.upper:
            return Decision(Stance.LONG, f"{price:g} broke the {entry.period}-high {entry.upper:g}")
        if price < entry.lower:
            return Decision(Stance.SHORT, f"{price:g} broke the {entry.period}-low {entry.lower:g}")
        if held > 0 and price < way_out.lower:
            return Decision(Stance.FLAT, f"{price:g} broke the {way_out.period}-low {way_out.lower:g}")
        if held < 0 and price > way_out.upper:
            return Decision(Stance.FLAT, f"{price:g} broke the {way_out.period}-high {way_out.upper:g}")
        return None
