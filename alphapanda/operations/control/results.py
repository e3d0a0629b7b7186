"""What became of an operator's command."""

from __future__ import annotations

from dataclasses import dataclass

from alphapanda.ids import BrokerId, ClientOrderId, EventId, InstrumentId, StrategyId
from alphapanda.model.control import Command, ControlEvent, Scope
from alphapanda.model.kinds import Side, TradingState
from alphapanda.model.position import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Obeyed:
    """A broker's trading state was changed.

    Attributes:
        command_id: the command's event.
        command: what was commanded.
        broker: whose state.
        state: the state now.
        events: what each service said, in the order in which they obeyed.
    """

    command_id: EventId
    command: Command
    broker: BrokerId
    state: TradingState
    events: tuple[ControlEvent, ...]

    @property
    def words(self) -> str:
        """The same in one line."""
        services = " and ".join(sorted(event.service for event in self.events))
        return f"{self.broker} is {self.state}: {services} obeyed."


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelledOrder:
    """An order that was withdrawn.

    Attributes:
        client_order_id: which.
        strategy_id: whose it was.
        instrument: of what.
        side: BUY or SELL.
        quantity: units ordered.
        filled_quantity: units that are done all the same.
    """

    client_order_id: ClientOrderId
    strategy_id: StrategyId
    instrument: InstrumentId
    side: Side
    quantity: int
    filled_quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """Open orders were withdrawn.

    Attributes:
        command_id: the command's event.
        broker: whose orders.
        scope: which of them.
        orders: those that were withdrawn.
        too_late: how many had traded already.
        unsettled: how many the trader has to read older ticks for, before it can tell what became of them.
    """

    command_id: EventId
    broker: BrokerId
    scope: Scope
    orders: tuple[CancelledOrder, ...]
    too_late: int = 0
    unsettled: int = 0

    @property
    def words(self) -> str:
        """The same in one line."""
        if not (self.orders or self.too_late or self.unsettled):
            return f"No order of {self.broker} was open ({self.scope})."
        parts = [f"{_orders(len(self.orders))} cancelled"]
        if self.too_late:
            parts.append(f"{self.too_late} had traded already")
        if self.unsettled:
            parts.append(f"{self.unsettled} will be settled when older ticks are read")
        return f"{self.broker}: {', '.join(parts)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """An order by which a position is closed.

    Attributes:
        client_order_id: which.
        strategy_id: whose position.
        instrument: of what.
        side: BUY or SELL.
        quantity: units ordered.
        filled_quantity: units done so far.
        is_open: whether it still works.
        reason: why it ended without being done in full.
    """

    client_order_id: ClientOrderId
    strategy_id: StrategyId
    instrument: InstrumentId
    side: Side
    quantity: int
    filled_quantity: int = 0
    is_open: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flattened:
    """Positions were closed, as far as the market let them.

    Attributes:
        command_id: the event of the command that ordered the exits.
        broker: whose positions.
        scope: which of them.
        state: the broker's trading state now.
        before: what was held.
        cancelled: what was withdrawn first.
        exits: the orders by which they are closed.
        still_open: what is held now.
    """

    command_id: EventId
    broker: BrokerId
    scope: Scope
    state: TradingState
    before: tuple[Position, ...]
    cancelled: Cancelled
    exits: tuple[Exit, ...]
    still_open: tuple[Position, ...]

    @property
    def is_flat(self) -> bool:
        """Whether nothing is held any more."""
        return not self.still_open

    @property
    def words(self) -> str:
        """The same in one line."""
        if not self.is_flat:
            held = ", ".join(f"{one.quantity:+d} {one.instrument} ({one.strategy_id})" for one in self.still_open)
            working = sum(one.is_open for one in self.exits)
            return f"{self.broker} still holds {held}; {_orders(working)} working to close it."
        closed = sum(one.filled_quantity > 0 for one in self.exits)
        what = f"{closed} position{'' if closed == 1 else 's'} closed" if closed else "nothing was held"
        return f"{self.broker} is flat ({self.scope}): {what}."


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerStatus:
    """A broker's trading state and positions, as they are shown before a command is given.

    Attributes:
        broker: which.
        state: what it may do.
        why: the same, with who brought it about and for which reason.
        positions: what is held in scope, flat ones left out.
    """

    broker: BrokerId
    state: TradingState
    why: str
    positions: tuple[Position, ...]


def _orders(count: int) -> str:
    return f"{count} order{'' if count == 1 else 's'}"
