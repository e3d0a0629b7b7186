"""All strategies on one instrument, fed by its ticks and by the bars made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from alphapanda.ids import InstrumentId, StrategyId
from alphapanda.market import bars
from alphapanda.market.bars import Bar, BarState
from alphapanda.model.tick import Tick
from alphapanda.strategies.base import Decision
from alphapanda.strategies.instance import Instance, check_returned


class Outlook(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one tick.

    Attributes:
        decisions: with the instance of each, in the configured order.
        failed: exceptions, with the instance of each.
    """

    decisions: tuple[tuple[Instance, Decision], ...] = ()
    failed: tuple[tuple[Instance, Exception], ...] = ()


QUIET = Outlook()


class InstrumentGroup:
    """One instrument: its strategies and its bars in progress.

    `look_ahead` computes the outcome of a tick and keeps the next states beside the present ones;
    `advance` puts them in place. Bars of one length are built once for all strategies that want them.
    """

    def __init__(self, instrument: InstrumentId, instances: tuple[Instance, ...]) -> None:
        self.instrument = instrument
        self.instances = instances
        self.bars: dict[int, BarState | None] = {
            i.config.bar_seconds: None for i in instances if i.config.bar_seconds is not None
        }
        self.has_begun = False
        self._bars_ahead = dict(self.bars)
        self._running = instances
        self._fenced: tuple[Instance, ...] = ()

    def instance_of(self, strategy_id: StrategyId) -> Instance | None:
        """Return the strategy's instance for this instrument; None without one."""
        return next((i for i in self.instances if i.config.id == strategy_id), None)

    def fence(self, is_fenced: Callable[[StrategyId], bool]) -> None:
        """Stop the instances that are fenced off, and run the others."""
        self._running = tuple(i for i in self.instances if not is_fenced(i.config.id))
        self._fenced = tuple(i for i in self.instances if is_fenced(i.config.id))

    def look_ahead(self, tick: Tick) -> Outlook:
        """Return the outcome of `tick`; the present states stay as they are."""
        closed = self._build_bars(tick) if self.bars else {}
        wanted: list[tuple[Instance, Decision]] | None = None
        failed: list[tuple[Instance, Exception]] | None = None
        for instance in self._running:
            try:
                shortcut = instance.shortcut
                if shortcut is not None:
                    state, decision = shortcut(instance.state, tick, instance.holding)
                    if decision is not None or state.__class__ is not instance.state_type:
                        check_returned(state, instance.state_type, decision)
                    instance.ahead = state
                elif instance.sleeps_between_bars and instance.config.bar_seconds not in closed:
                    instance.discard()
                    continue
                else:
                    decision = self._in_full(instance, tick, closed)
            except Exception as error:  # noqa: BLE001 - a strategy may raise anything: this is its fence
                instance.discard()
                failed = [*(failed or ()), (instance, error)]
                continue
            if decision is not None:
                wanted = [*(wanted or ()), (instance, decision)]
        if self._fenced:
            wanted = [*(wanted or ()), *self._square_off_fenced(tick.exchange_ts)]
        if wanted is None and failed is None:
            return QUIET
        return Outlook(tuple(wanted or ()), tuple(failed or ()))

    def advance(self) -> None:
        """Put in place what `look_ahead` computed."""
        self.has_begun = True
        for instance in self._running:
            instance.state = instance.ahead
            if instance.shortcut is None:
                instance.advance_warm_up()
        if self.bars:
            self.bars.update(self._bars_ahead)

    def _build_bars(self, tick: Tick) -> dict[int, Bar]:
        closed: dict[int, Bar] = {}
        for seconds, state in self.bars.items():
            self._bars_ahead[seconds], bar = bars.step(state, tick, seconds)
            if bar is not None:
                closed[seconds] = bar
        return closed

    @staticmethod
    def _in_full(instance: Instance, tick: Tick, closed: Mapping[int, Bar]) -> Decision | None:
        seconds = instance.config.bar_seconds
        bar = closed.get(seconds) if seconds is not None else None
        decision = instance.look_ahead(tick, bar)
        return instance.apply_square_off(tick.exchange_ts, decision)

    def _square_off_fenced(self, moment: datetime) -> list[tuple[Instance, Decision]]:
        wanted = ((instance, instance.apply_square_off(moment, None)) for instance in self._fenced)
        return [(instance, decision) for instance, decision in wanted if decision is not None]
