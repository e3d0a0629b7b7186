"""Orders as they stand: folded from their events, and taken from the trader's view where that knows more."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from alphapanda.errors import IllegalTransitionError
from alphapanda.model.envelope import Event
from alphapanda.model.order import (
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderRejected,
    OrderStatus,
    OrderSubmitted,
    OrderTrigger,
    OrderUnknown,
    next_status,
)
from alphapanda.model.records import Record

KEPT = 3_000
EARLY = 256


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order.

    Attributes:
        order: as it stands.
        sent_ms: when the log took it, Unix milliseconds; None when it was read from the view alone.
        changed_ms: when the log took its newest event; None likewise.
        correlation_id: of the decision behind it.
        record: its newest event's; None likewise.
    """

    order: Order
    sent_ms: int | None = None
    changed_ms: int | None = None
    correlation_id: str = ""
    record: Record | None = None

    @property
    def is_open(self) -> bool:
        """Whether something can still follow."""
        return not self.order.status.is_closed


class Orders:
    """The newest orders of all brokers.

    Attributes:
        rows: by client order id, oldest first.
        changes: events folded.
        odd: events that the lifecycle has no place for.
    """

    def __init__(self) -> None:
        self.rows: dict[str, OrderRow] = {}
        self.changes = 0
        self.odd = 0
        self._early: dict[str, list[tuple[Event, Record]]] = {}

    @property
    def open_count(self) -> int:
        """How many can still change."""
        return sum(row.is_open for row in self.rows.values())

    @property
    def unknown_count(self) -> int:
        """How many have an outcome that nobody knows."""
        return sum(row.order.status is OrderStatus.UNKNOWN for row in self.rows.values())

    def fold(self, event: Event, record: Record) -> None:
        """Fold an event of an order."""
        data = event.data
        self.changes += 1
        if isinstance(data, OrderSubmitted):
            key = str(data.order.client_order_id)
            known = self.rows.get(key)
            if known is None:
                self._put(key, self._row(data.order, None, event, record))
            elif known.sent_ms is None:  # the view knew it before the log was read
                self._put(key, self._row(known.order, None, event, record))
            for later, its_record in self._early.pop(key, ()):
                self.fold(later, its_record)
            return
        key = str(data.client_order_id)
        before = self.rows.get(key)
        if before is None:
            # Its submission is still to be read, or older than what is held; then the view may know it.
            self._early.setdefault(key, []).append((event, record))
            if len(self._early) > EARLY:
                del self._early[next(iter(self._early))]
            return
        try:
            order = _after(before.order, event)
        except IllegalTransitionError:
            # Read after a view that was newer already: what the view said stays.
            self.odd += 1
            order = before.order
        self._put(key, self._row(order, before, event, record))

    def fold_view(self, orders: Iterable[Order]) -> None:
        """Take the trader's view: what it knows and the log's end does not, and what is newer there."""
        for order in orders:
            key = str(order.client_order_id)
            before = self.rows.get(key)
            if before is None:
                self._put(key, OrderRow(order=order, correlation_id=str(order.decision_id)))
            elif order.updated_at > before.order.updated_at:
                self.rows[key] = msgspec.structs.replace(before, order=order)
        self._trim()

    def _row(self, order: Order, before: OrderRow | None, event: Event, record: Record) -> OrderRow:
        return OrderRow(
            order=order,
            sent_ms=record.timestamp_ms if before is None else before.sent_ms,
            changed_ms=record.timestamp_ms,
            correlation_id=str(event.envelope.correlation_id),
            record=record,
        )

    def _put(self, key: str, row: OrderRow) -> None:
        self.rows[key] = row
        self._trim()

    def _trim(self) -> None:
        while len(self.rows) > KEPT:
            oldest = next((key for key, row in self.rows.items() if not row.is_open), next(iter(self.rows)))
            del self.rows[oldest]


def _after(order: Order, event: Event) -> Order:
    data, ts = event.data, event.envelope.ts
    changes: dict[str, object] = {"updated_at": ts}
    match data:
        case OrderAccepted():
            trigger = OrderTrigger.ACCEPT
            changes["venue_order_id"] = data.venue_order_id
        case OrderFilled():
            trigger = OrderTrigger.FILL if data.leaves_quantity == 0 else OrderTrigger.PARTIAL_FILL
            done = order.filled_quantity
            spent = (order.average_price or 0) * done + data.fill.price * data.fill.quantity
            changes["filled_quantity"] = data.filled_quantity
            changes["average_price"] = spent / (done + data.fill.quantity)
        case OrderCancelled():
            trigger = OrderTrigger.CANCEL
            changes |= {"reason": data.reason, "filled_quantity": data.filled_quantity}
        case OrderRejected():
            trigger = OrderTrigger.REJECT
            changes["reason"] = data.reason
        case OrderExpired():
            trigger = OrderTrigger.EXPIRE
            changes |= {"reason": data.reason, "filled_quantity": data.filled_quantity}
        case OrderModified():
            trigger = OrderTrigger.MODIFY
            changes |= {"limit_price": data.limit_price, "trigger_price": data.trigger_price}
        case OrderUnknown():
            trigger = OrderTrigger.LOSE
            changes["reason"] = data.reason
        case _:
            return order
    if order.status is OrderStatus.FILLED and trigger is OrderTrigger.ACCEPT:
        return order  # the fill's report outran the acceptance
    changes["status"] = next_status(order.status, trigger)
    return msgspec.structs.replace(order, **changes)
