"""One strategy running on one instrument."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import msgspec

from alphapanda.ids import EventId, InstrumentId
from alphapanda.market.bars import Bar
from alphapanda.market.calendar import IstDay, ist_day
from alphapanda.model.kinds import Side
from alphapanda.model.signal import Signal, SignalIntent
from alphapanda.model.tick import Tick
from alphapanda.strategies.base import NOTHING, Decision, Holding, Stance, Strategy
from alphapanda.strategies.config import Direction, StrategyConfig
from alphapanda.strategies.loader import BoundStrategy


class SignalIntention(msgspec.Struct, frozen=True, gc=False):
    """A signal to send: side, quantity, entry or exit, and the reason."""

    side: Side
    quantity: int
    intent: SignalIntent
    reason: str
    limit_price: float | None = None


def intentions(config: StrategyConfig, holding: Holding, decision: Decision) -> tuple[SignalIntention, ...]:
    """Return the signals from `holding` to the stance of `decision`: none, one, or an exit and an entry."""
    wanted = allowed(decision.stance, config.direction)
    if wanted is holding.stance:
        return ()
    steps: list[SignalIntention] = []
    if holding.quantity:
        side = Side.SELL if holding.quantity > 0 else Side.BUY
        steps.append(SignalIntention(side, abs(holding.quantity), SignalIntent.EXIT, decision.reason))
    if wanted is not Stance.FLAT:
        side = Side.BUY if wanted is Stance.LONG else Side.SELL
        steps.append(
            SignalIntention(side, config.quantity, SignalIntent.ENTRY, decision.reason, decision.limit_price)
        )
    return tuple(steps)


def allowed(stance: Stance, direction: Direction) -> Stance:
    """Return `stance`, or flat where the strategy may not hold that side."""
    if direction is Direction.BOTH or stance is Stance.FLAT:
        return stance
    return stance if stance.value == direction.value else Stance.FLAT


def held_after(holding: Holding, signal: Signal) -> Holding:
    """Return the position once `signal` is done."""
    change = signal.side.sign * signal.quantity
    if signal.intent is SignalIntent.EXIT:
        rest = holding.quantity + change
        return NOTHING if rest == 0 else Holding(rest, holding.entry_price, holding.entered_at)
    quantity = holding.quantity + change
    return Holding(quantity, signal.tick.last_price, signal.tick.exchange_ts)


def check_returned(state: object, state_type: type[msgspec.Struct], decision: object) -> None:
    """Raise TypeError or ValueError when a strategy returned something else than it may."""
    if state.__class__ is not state_type:
        raise TypeError(f"the state returned is a {type(state).__name__}, not a {state_type.__name__}")
    if decision is None:
        return
    if not isinstance(decision, Decision):
        raise TypeError(f"the decision returned is a {type(decision).__name__}, not a Decision or None")
    stance: object = decision.stance
    reason: object = decision.reason
    if not isinstance(stance, Stance) or not isinstance(reason, str):
        raise TypeError(f"the decision returned is {decision!r}: a Stance and a text make one")
    price = decision.limit_price
    if price is not None and not (math.isfinite(price) and price > 0):
        raise ValueError(f"the limit price returned is {price!r}: it must be rupees above 0")


class Instance:
    """One strategy running on one instrument: its state, its position, and its state after the tick in hand.

    `ahead` and `ahead_warm` are scratch: what the last look ahead computed, put in place by `advance`.
    `shortcut` is `on_tick` when nothing but calling it is to be done on a tick: no bars, no warm-up, no
    square-off time.
    """

    __slots__ = (
        "_day",
        "ahead",
        "ahead_warm",
        "config",
        "decided",
        "decided_on",
        "holding",
        "instrument",
        "on_bar",
        "on_tick",
        "shortcut",
        "sleeps_between_bars",
        "state",
        "state_type",
        "warm",
    )

    def __init__(self, bound: BoundStrategy, instrument: InstrumentId) -> None:
        strategy = bound.strategy
        kind = type(strategy)
        self.config = bound.config
        self.instrument = instrument
        has_bars = bound.config.bar_seconds is not None
        takes_ticks = kind.on_tick is not Strategy.on_tick and not (has_bars and kind.bars_replace_ticks)
        self.on_tick = strategy.on_tick if takes_ticks else None
        self.on_bar = strategy.on_bar if has_bars else None
        self.sleeps_between_bars = self.on_tick is None and bound.config.square_off is None
        self.state_type = kind.state_type
        self.state: Any = strategy.initial()
        self.holding = NOTHING
        self.warm = strategy.warm_up
        self.decided_on = EventId("")
        self.decided: tuple[EventId, ...] = ()
        self.ahead: Any = self.state
        self.ahead_warm = self.warm
        self._day: IstDay | None = None
        self.shortcut = self._shortcut()

    def look_ahead(self, tick: Tick, bar: Bar | None) -> Decision | None:
        """Compute the next state into `ahead`, and return what is wanted; whatever a strategy raises passes."""
        state, decision, warm = self.state, None, self.warm
        if bar is not None and self.on_bar is not None:
            state, decision = self.on_bar(state, bar, self.holding)
            warm -= warm > 0
        if self.on_tick is not None:
            state, wanted = self.on_tick(state, tick, self.holding)
            decision = decision if wanted is None else wanted
            warm -= warm > 0 and self.on_bar is None
        check_returned(state, self.state_type, decision)
        self.ahead, self.ahead_warm = state, warm
        return decision if self.warm == 0 else None

    def apply_square_off(self, moment: datetime, decision: Decision | None) -> Decision | None:
        """Return the decision, or from the day's square-off time on the one to close the position."""
        square_off = self.config.square_off
        if square_off is None:
            return decision
        day = self._day
        if day is None or not day.start <= moment < day.end:
            day = self._day = ist_day(moment)
        if moment < day.at(square_off):
            return decision
        if self.holding.quantity:
            return Decision(Stance.FLAT, f"square-off at {square_off:%H:%M} IST")
        return None

    def advance_warm_up(self) -> None:
        """Put the rest of the warm-up in place that `look_ahead` computed."""
        if self.warm != self.ahead_warm:
            self.warm = self.ahead_warm
            self.shortcut = self._shortcut()

    def discard(self) -> None:
        """Discard what `look_ahead` computed: the next state is the present one."""
        self.ahead = self.state
        self.ahead_warm = self.warm

    def resume(self, state: Any, warm: int) -> None:
        """Continue from a saved state."""
        self.state, self.warm = state, warm
        self.shortcut = self._shortcut()
        self.discard()

    def fold(self, signal: Signal) -> None:
        """Fold one of our own signals; its copies for further brokers change nothing more."""
        if self.decided_on != signal.tick.event_id:
            self.decided_on, self.decided = EventId(signal.tick.event_id), ()
        if signal.decision_id in self.decided:
            return
        self.decided = (*self.decided, signal.decision_id)
        self.holding = held_after(self.holding, signal)

    def _shortcut(self) -> Any:
        is_plain = self.on_bar is None and self.config.square_off is None and not self.warm
        return self.on_tick if is_plain else None
