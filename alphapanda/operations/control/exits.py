"""Follows the orders that an operator's command withdrew, or by which it closes positions."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field

from alphapanda.ids import ClientOrderId, EventId
from alphapanda.model.control import Scope
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType
from alphapanda.model.order import OrderCancelled, client_order_id_of
from alphapanda.model.position import Position
from alphapanda.model.records import Offsets
from alphapanda.model.signal import Signal
from alphapanda.operations.control.broker_log import BrokerLog, held
from alphapanda.operations.control.results import CancelledOrder, Exit
from alphapanda.waits import up_to

CANCELLED = (EventType.ORDER_CANCELLED,)
FOLLOWED = (
    EventType.SIGNAL_VALIDATED,
    EventType.ORDER_FILLED,
    EventType.ORDER_CANCELLED,
    EventType.ORDER_REJECTED,
    EventType.ORDER_EXPIRED,
    EventType.PNL_SNAPSHOT,
)

_ENDS = frozenset({EventType.ORDER_CANCELLED, EventType.ORDER_REJECTED, EventType.ORDER_EXPIRED})


async def cancelled_orders(
    log: BrokerLog, start: Offsets, command_id: EventId, count: int, patience_s: float
) -> tuple[CancelledOrder, ...]:
    """Return the `count` orders that a command withdrew: the trader wrote them together with its obedience."""
    found: dict[ClientOrderId, CancelledOrder] = {}
    if not count:
        return ()
    async with up_to(patience_s) as limit, aclosing(log.follow(start)) as news:
        async for events in news:
            for event in events:
                if event.envelope.causation_id == command_id:
                    order = _cancelled(event.data)
                    found[order.client_order_id] = order
            if len(found) >= count or limit.expired():
                break
    return tuple(found.values())


def _cancelled(data: OrderCancelled) -> CancelledOrder:
    return CancelledOrder(
        client_order_id=data.client_order_id,
        strategy_id=data.strategy_id,
        instrument=data.instrument,
        side=data.side,
        quantity=data.quantity,
        filled_quantity=data.filled_quantity,
    )


@dataclass(slots=True, kw_only=True)
class ExitsWatch:
    """The exits of one command, as far as they were heard of, and what is held.

    Attributes:
        command_id: of the command.
        count: how many there are.
        scope: what is to be closed.
        still_open: what is held in scope.
    """

    command_id: EventId
    count: int
    scope: Scope
    still_open: tuple[Position, ...]
    _signals: dict[ClientOrderId, Signal] = field(default_factory=dict)
    _filled: dict[ClientOrderId, int] = field(default_factory=dict)
    _ended: dict[ClientOrderId, str] = field(default_factory=dict)

    @property
    def exits(self) -> tuple[Exit, ...]:
        """The exits, as they stand."""
        return tuple(self._exit(order_id, signal) for order_id, signal in self._signals.items())

    @property
    def are_over(self) -> bool:
        """Whether none of them works any more."""
        return len(self._signals) >= self.count and not any(one.is_open for one in self.exits)

    async def wait(self, log: BrokerLog, start: Offsets, patience_s: float) -> None:
        """Follow them until they are over and nothing is held, or `patience_s` is.

        When something is held though they are over, a moment in which nothing comes ends the wait.
        """
        async with up_to(patience_s) as limit, aclosing(log.follow(start)) as news:
            async for events in news:
                for event in events:
                    self.fold(event)
                if limit.expired() or (self.are_over and not (events and self.still_open)):
                    return

    def fold(self, event: Event) -> None:
        """Take an event of the broker into account."""
        data = event.data
        if event.type is EventType.SIGNAL_VALIDATED:
            if data.signal.command_id == self.command_id:
                self._signals[client_order_id_of(event.id)] = data.signal
        elif event.type is EventType.PNL_SNAPSHOT:
            self.still_open = held(data, self.scope)
        elif event.type is EventType.ORDER_FILLED:
            # Its own number of units, so that one that is read twice counts once.
            self._filled[data.client_order_id] = max(
                data.filled_quantity, self._filled.get(data.client_order_id, 0)
            )
        elif event.type in _ENDS:
            self._ended[data.client_order_id] = data.reason

    def _exit(self, order_id: ClientOrderId, signal: Signal) -> Exit:
        filled = self._filled.get(order_id, 0)
        return Exit(
            client_order_id=order_id,
            strategy_id=signal.strategy_id,
            instrument=signal.instrument,
            side=signal.side,
            quantity=signal.quantity,
            filled_quantity=filled,
            is_open=order_id not in self._ended and filled < signal.quantity,
            reason=self._ended.get(order_id, ""),
        )
