"""What an id is to the records in which it occurs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from alphapanda.model.order import OrderAccepted, OrderFilled, OrderSubmitted
from alphapanda.model.signal import Signal, SignalRejected, SignalValidated
from alphapanda.model.tick import TickRef
from alphapanda.operations.trace.report import DecodedRecord


class IdRole(IntEnum):
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
class TracedId:
    """The record that tells most about an id, and what the id is to it."""

    found: DecodedRecord
    role: IdRole

    @property
    def words(self) -> str:
        """What the id is, in words."""
        event = self.found.event
        match self.role:
            case IdRole.EVENT if event is not None:
                words = f"event: {event.type.value}"
            case IdRole.TRADE:
                words = "trade id"
            case IdRole.CLIENT_ORDER:
                words = "client order id"
            case IdRole.VENUE_ORDER:
                words = "venue order id"
            case IdRole.DECISION:
                words = "decision id"
            case IdRole.TICK:
                words = "event: market_tick"
            case IdRole.CAUSE:
                words = "event that is no longer in the log"
            case _:
                words = "mentioned"
        return words


def role_of(asked: str, found: DecodedRecord) -> IdRole:
    """Return what `asked` is to a record in which it occurs."""
    event = found.event
    if event is None:
        return IdRole.MENTION
    envelope, data = event.envelope, event.data
    tick = tick_ref_in(found)
    role = IdRole.MENTION
    if envelope.id == asked:
        role = IdRole.EVENT
    elif isinstance(data, OrderFilled) and data.fill.trade_id == asked:
        role = IdRole.TRADE
    elif asked in _order_ids(data):
        role = IdRole.CLIENT_ORDER
    elif isinstance(data, OrderAccepted) and data.venue_order_id == asked:
        role = IdRole.VENUE_ORDER
    elif envelope.correlation_id == asked:
        role = IdRole.DECISION
    elif tick is not None and tick.event_id == asked:
        role = IdRole.TICK
    elif envelope.causation_id == asked:
        role = IdRole.CAUSE
    return role


def most_telling(asked: str, founds: Sequence[DecodedRecord]) -> TracedId | None:
    """Return the record to which `asked` means most; None without records."""
    if not founds:
        return None
    role, _, found = min(
        ((role_of(asked, found), place, found) for place, found in enumerate(founds)), key=lambda one: one[:2]
    )
    return TracedId(found, role)


def _order_ids(data: object) -> tuple[str, ...]:
    if isinstance(data, OrderSubmitted):
        return (data.order.client_order_id,)
    order_id = getattr(data, "client_order_id", None)
    return () if order_id is None else (order_id,)


def tick_ref_in(found: DecodedRecord) -> TickRef | None:
    """Return the tick that a record names: a signal was decided on it, a fill was matched with it."""
    if found.event is not None and isinstance(found.event.data, OrderFilled):
        return found.event.data.fill.tick
    signal = signal_in(found)
    return None if signal is None else signal.tick


def signal_in(found: DecodedRecord) -> Signal | None:
    """Return the signal that a record carries, if it carries one."""
    data = None if found.event is None else found.event.data
    if isinstance(data, SignalValidated | SignalRejected):
        return data.signal
    return data if isinstance(data, Signal) else None
