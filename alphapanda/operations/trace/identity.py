"""What an id is to the records in which it occurs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from alphapanda.model.order import OrderAccepted, OrderFilled, OrderSubmitted
from alphapanda.model.signal import Signal, SignalRejected, SignalValidated
from alphapanda.model.tick import TickRef
from alphapanda.operations.trace.report import Found


class Role(IntEnum):
    """What an id is to a record; the smallest says most."""

    EVENT = 0
    TRADE = 1
    CLIENT_ORDER = 2
    VENUE_ORDER = 3
    DECISION = 4
    TICK = 5
    CAUSE = 6
    MENTION = 7


@dataclass(frozen=True, slots=True)
class Identity:
    """The record that tells most about an id, and what the id is to it."""

    found: Found
    role: Role

    @property
    def words(self) -> str:
        """What the id is, in words."""
        event = self.found.event
        match self.role:
            case Role.EVENT if event is not None:
                words = f"event: {event.type.value}"
            case Role.TRADE:
                words = "trade id"
            case Role.CLIENT_ORDER:
                words = "client order id"
            case Role.VENUE_ORDER:
                words = "venue order id"
            case Role.DECISION:
                words = "decision id"
            case Role.TICK:
                words = "event: market_tick"
            case Role.CAUSE:
                words = "event that is no longer in the log"
            case _:
                words = "mentioned"
        return words


def role_of(asked: str, found: Found) -> Role:
    """Return what `asked` is to a record in which it occurs."""
    event = found.event
    if event is None:
        return Role.MENTION
    envelope, data = event.envelope, event.data
    tick = tick_ref_in(found)
    role = Role.MENTION
    if envelope.id == asked:
        role = Role.EVENT
    elif isinstance(data, OrderFilled) and data.fill.trade_id == asked:
        role = Role.TRADE
    elif asked in _order_ids(data):
        role = Role.CLIENT_ORDER
    elif isinstance(data, OrderAccepted) and data.venue_order_id == asked:
        role = Role.VENUE_ORDER
    elif envelope.correlation_id == asked:
        role = Role.DECISION
    elif tick is not None and tick.event_id == asked:
        role = Role.TICK
    elif envelope.causation_id == asked:
        role = Role.CAUSE
    return role


def best(asked: str, founds: Sequence[Found]) -> Identity | None:
    """Return the record to which `asked` means most; None without records."""
    if not founds:
        return None
    role, _, found = min(
        ((role_of(asked, found), place, found) for place, found in enumerate(founds)), key=lambda one: one[:2]
    )
    return Identity(found, role)


def _order_ids(data: object) -> tuple[str, ...]:
    if isinstance(data, OrderSubmitted):
        return (data.order.client_order_id,)
    order_id = getattr(data, "client_order_id", None)
    return () if order_id is None else (order_id,)


def tick_ref_in(found: Found) -> TickRef | None:
    """Return the tick that a record names: a signal was decided on it, a fill was matched with it."""
    if found.event is not None and isinstance(found.event.data, OrderFilled):
        return found.event.data.fill.tick
    signal = signal_in(found)
    return None if signal is None else signal.tick


def signal_in(found: Found) -> Signal | None:
    """Return the signal that a record carries, if it carries one."""
    data = None if found.event is None else found.event.data
    if isinstance(data, SignalValidated | SignalRejected):
        return data.signal
    return data if isinstance(data, Signal) else None
