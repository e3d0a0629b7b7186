"""The exposure that risk allowed, by strategy and instrument, less the units that orders left undone.

It counts validated units, not filled ones: so an exit is judged alike whether or not the fills of its entry
have come back yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from alphapanda.ids import ClientOrderId, InstrumentId, StrategyId
from alphapanda.model.control import Scope
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType, Product, Side
from alphapanda.model.order import (
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderRejected,
    client_order_id_of,
)
from alphapanda.model.signal import Signal, SignalIntent
from alphapanda.model.tick import TickRef
from alphapanda.risk.checks.context import DuplicateKey

Key = tuple[StrategyId, InstrumentId]


class Exposure(msgspec.Struct, kw_only=True):
    """The exposure of one strategy in one instrument.

    Attributes:
        strategy_id: the strategy.
        instrument: the instrument.
        net_units: validated units, signed, less those left undone.
        newest: event time of its newest signal.
        last_like: the last signal that passed, if that was an entry.
        last_ts: event time of it.
        tick: the newest tick that its signals named.
        product: of the last signal that passed.
    """

    strategy_id: StrategyId
    instrument: InstrumentId
    net_units: int = 0
    newest: datetime | None = None
    last_like: DuplicateKey | None = None
    last_ts: datetime | None = None
    tick: TickRef | None = None
    product: Product = Product.MIS


class Pending(msgspec.Struct, kw_only=True):
    """An allowed order that is not known to be closed; one of an older snapshot has no intent.

    `reduced_units` is the most, positive, that an exit may have reduced before the fills that were reported since.
    """

    client_order_id: ClientOrderId
    strategy_id: StrategyId
    instrument: InstrumentId
    side: Side
    quantity_units: int
    filled_units: int = 0
    intent: SignalIntent | None = None
    reduced_units: int = 0

    @property
    def undone_units(self) -> int:
        """Units that are not known to be done, signed."""
        return self.side.sign * (self.quantity_units - self.filled_units)


class Held(NamedTuple):
    """The most that may be held, however the orders end that are not known to be closed.

    Attributes:
        long: units at most, 0 when it cannot be long.
        short: units at most, positive, 0 when it cannot be short.
    """

    long: int
    short: int

    @classmethod
    def of(cls, net_units: int, pending: Iterable[Pending]) -> Held:
        """Return the bounds of an exposure that is `net_units` once all `pending` orders are done."""
        orders = tuple(pending)
        known = net_units - sum(order.undone_units for order in orders)
        return cls(_most(known, orders, Side.BUY), _most(-known, orders, Side.SELL))


def _most(known: int, pending: Iterable[Pending], side: Side) -> int:
    """Return the most that can be held on `side`'s side of zero, from `known` units on that side.

    Exits only bring what is under zero up to it, unless they did so before a fill that is known.
    """
    mine = [order for order in pending if order.side is side]
    exits = [order for order in mine if order.intent is not SignalIntent.ENTRY]
    entries = sum(abs(order.undone_units) for order in mine if order.intent is not SignalIntent.EXIT)
    before = known + sum(min(order.reduced_units, abs(order.undone_units)) for order in exits)
    lifted = min(0, known + sum(abs(order.undone_units) for order in exits)) if before < 0 else before
    return max(0, lifted + entries)


class ExposureBook:
    """Folds verdicts and orders; each order's end counts once."""

    def __init__(self) -> None:
        self._exposures: dict[Key, Exposure] = {}
        self._pending: dict[ClientOrderId, Pending] = {}
        self._open = 0

    @property
    def open_positions(self) -> int:
        """Pairs of strategy and instrument that are not flat."""
        return self._open

    def exposure(self, signal: Signal) -> Exposure:
        """Return the exposure of a signal's strategy and instrument; a new one is not kept."""
        found = self._exposures.get((signal.strategy_id, signal.instrument))
        return found or Exposure(strategy_id=signal.strategy_id, instrument=signal.instrument)

    def held(self, scope: Scope) -> list[tuple[Exposure, Held]]:
        """Return the exposures in scope with the most they may hold, flat ones left out."""
        pending: dict[Key, list[Pending]] = {}
        for order in self._pending.values():
            pending.setdefault((order.strategy_id, order.instrument), []).append(order)
        found = [
            (exposure, Held.of(exposure.net_units, pending.get(key, ())))
            for key, exposure in sorted(self._exposures.items())
            if scope.covers(*key)
        ]
        return [(exposure, held) for exposure, held in found if held.long or held.short]

    def on_signal(self, signal: Signal, ts: datetime, *, is_new: bool) -> None:
        """Remember the event time of a signal, allowed or not, and the tick of one that is new."""
        exposure = self._keep(signal.strategy_id, signal.instrument)
        exposure.newest = ts if exposure.newest is None else max(exposure.newest, ts)
        if is_new:
            exposure.tick = signal.tick

    def on_validated(self, event: Event) -> None:
        """Count a SIGNAL_VALIDATED."""
        signal: Signal = event.data.signal
        order_id = client_order_id_of(event.id)
        if order_id in self._pending:
            return
        self._pending[order_id] = Pending(
            client_order_id=order_id,
            strategy_id=signal.strategy_id,
            instrument=signal.instrument,
            side=signal.side,
            quantity_units=signal.quantity,
            intent=signal.intent,
        )
        exposure = self._add(signal.strategy_id, signal.instrument, signal.side.sign * signal.quantity)
        exposure.last_like = DuplicateKey.of(signal) if signal.intent is SignalIntent.ENTRY else None
        exposure.last_ts = event.envelope.ts
        exposure.product = signal.product

    def on_order_event(self, event: Event) -> None:
        """Fold an event of an order; one of an order that is closed, or not ours, changes nothing."""
        order_id: ClientOrderId | None = getattr(event.data, "client_order_id", None)
        pending = self._pending.get(order_id) if order_id is not None else None
        if pending is None:
            return
        self._remember_reductions(pending)
        match event.type, event.data:
            case EventType.ORDER_FILLED, OrderFilled() as filled:
                pending.filled_units = max(pending.filled_units, filled.filled_quantity)
                if filled.leaves_quantity <= 0:
                    del self._pending[pending.client_order_id]
            case EventType.ORDER_MODIFIED, OrderModified() as modified:
                self._resize(pending, modified.quantity)
            case EventType.ORDER_CANCELLED | EventType.ORDER_EXPIRED, OrderCancelled() | OrderExpired() as ended:
                self._end(pending, ended.quantity - ended.filled_quantity)
            case EventType.ORDER_REJECTED, OrderRejected():
                self._end(pending, pending.quantity_units - pending.filled_units)
            case _:
                pass

    def dump(self) -> tuple[list[Exposure], list[Pending]]:
        """Return the state for a snapshot."""
        return list(self._exposures.values()), list(self._pending.values())

    def load(self, exposures: list[Exposure], pending: list[Pending]) -> None:
        """Take a state that `dump` returned."""
        self._exposures = {(exposure.strategy_id, exposure.instrument): exposure for exposure in exposures}
        self._pending = {order.client_order_id: order for order in pending}
        self._open = sum(exposure.net_units != 0 for exposure in exposures)

    def _remember_reductions(self, reported: Pending) -> None:
        """Remember how much the exits beside an order that is reported on may have reduced until now."""
        key = reported.strategy_id, reported.instrument
        pending = [order for order in self._pending.values() if (order.strategy_id, order.instrument) == key]
        exits = [order for order in pending if order.intent is SignalIntent.EXIT and order is not reported]
        if not exits:
            return
        held = Held.of(self._keep(*key).net_units, pending)
        for order in exits:
            against = held.short if order.side is Side.BUY else held.long
            order.reduced_units = max(order.reduced_units, min(abs(order.undone_units), against))

    def _end(self, pending: Pending, undone: int) -> None:
        del self._pending[pending.client_order_id]
        self._add(pending.strategy_id, pending.instrument, -pending.side.sign * undone)

    def _resize(self, pending: Pending, quantity: int) -> None:
        change = quantity - pending.quantity_units
        pending.quantity_units = quantity
        self._add(pending.strategy_id, pending.instrument, pending.side.sign * change)

    def _add(self, strategy_id: StrategyId, instrument: InstrumentId, units: int) -> Exposure:
        exposure = self._keep(strategy_id, instrument)
        was_open = exposure.net_units != 0
        exposure.net_units += units
        self._open += (exposure.net_units != 0) - was_open
        return exposure

    def _keep(self, strategy_id: StrategyId, instrument: InstrumentId) -> Exposure:
        return self._exposures.setdefault(
            (strategy_id, instrument), Exposure(strategy_id=strategy_id, instrument=instrument)
        )
