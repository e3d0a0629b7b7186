"""The orders of one broker: their events folded by the transition table of `model.order`.

Folding is idempotent and tolerates the order in which topics are read: an event that comes too early (a fill
before its order, a cancellation before the fills it counts) waits for the events before it.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import msgspec

from alphapanda.errors import InvariantError
from alphapanda.ids import ClientOrderId, TradeId
from alphapanda.model.deduplication import RecentDigests
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType
from alphapanda.model.order import Order, OrderFilled, OrderStatus, OrderTrigger, next_status
from alphapanda.model.payloads import PAYLOADS

CLOSED_KEPT = 1_000
"""Closed orders that can still be looked at."""
CLOSED_REMEMBERED = 8_192
"""Closed orders whose events, if they come again, are known."""
EARLY_MAX = 10_000
"""Orders that events wait for; more means that the topic of submissions is not being read."""
REFUSED_KEPT = 1_024
"""Rejections of orders that were never submitted (trading was halted): they wait in vain."""
PRICE_STEP = Decimal("1e-8")
"""What average prices are rounded to, half to even."""

_TRIGGERS = {
    EventType.ORDER_ACCEPTED: OrderTrigger.ACCEPT,
    EventType.ORDER_FILLED: OrderTrigger.PARTIAL_FILL,
    EventType.ORDER_CANCELLED: OrderTrigger.CANCEL,
    EventType.ORDER_REJECTED: OrderTrigger.REJECT,
    EventType.ORDER_MODIFIED: OrderTrigger.MODIFY,
    EventType.ORDER_EXPIRED: OrderTrigger.EXPIRE,
    EventType.ORDER_UNKNOWN: OrderTrigger.LOSE,
}


class OpenOrder(msgspec.Struct, kw_only=True):
    """An open order.

    Attributes:
        order: as it stands.
        value: of its fills, rupees.
        trades: the ids of its fills.
    """

    order: Order
    value: Decimal = Decimal(0)
    trades: list[TradeId] = []


class Early(msgspec.Struct, frozen=True, kw_only=True):
    """An event that waits for those before it; the payload as its own bytes."""

    client_order_id: ClientOrderId
    kind: EventType
    ts: datetime
    payload: bytes


class OrderStoreState(msgspec.Struct, kw_only=True):
    """The state in a snapshot."""

    open: list[OpenOrder]
    closed: list[Order]
    remembered: bytes
    early: list[Early]
    refused: list[Early]


class OrderStore:
    """Orders by client order id; the closed ones are kept in bounded number.

    Args:
        closed_kept: how many closed orders stay in view.
    """

    def __init__(self, closed_kept: int = CLOSED_KEPT) -> None:
        self._closed_kept = closed_kept
        self._open: dict[ClientOrderId, OpenOrder] = {}
        self._closed: OrderedDict[ClientOrderId, Order] = OrderedDict()
        self._remembered = RecentDigests(CLOSED_REMEMBERED)
        self._early: dict[ClientOrderId, list[Early]] = {}
        self._refused: OrderedDict[ClientOrderId, Early] = OrderedDict()

    @property
    def open_count(self) -> int:
        """Orders that are not closed."""
        return len(self._open)

    def get(self, order_id: ClientOrderId) -> Order | None:
        """Return an order that is open or still in view."""
        entry = self._open.get(order_id)
        return entry.order if entry is not None else self._closed.get(order_id)

    def is_closed(self, order_id: ClientOrderId) -> bool:
        """Return whether the order is known to be closed, in view or not."""
        return order_id in self._closed or order_id in self._remembered

    def contains(self, order_id: ClientOrderId) -> bool:
        """Return whether any event of the order was folded, a refusal included."""
        return (
            order_id in self._open
            or order_id in self._early
            or order_id in self._refused
            or self.is_closed(order_id)
        )

    def orders(self) -> tuple[Order, ...]:
        """Return the open orders and the closed ones in view, by the time they were submitted."""
        known = [*self._closed.values(), *(entry.order for entry in self._open.values())]
        return tuple(sorted(known, key=lambda order: (order.submitted_at, order.client_order_id)))

    def evolve(self, event: Event) -> None:
        """Fold one event of an order; other kinds are passed over. Raises IllegalTransitionError."""
        kind, data = event.envelope.type, event.envelope.data
        if kind is EventType.ORDER_SUBMITTED:
            self._submit(data.order)
        elif kind in _TRIGGERS:
            self._move(kind, data, event.envelope.ts)

    def dump(self) -> OrderStoreState:
        """Return the state for a snapshot."""
        return OrderStoreState(
            open=list(self._open.values()),
            closed=list(self._closed.values()),
            remembered=self._remembered.dump(),
            early=[early for waiting in self._early.values() for early in waiting],
            refused=list(self._refused.values()),
        )

    def load(self, state: OrderStoreState) -> None:
        """Take a state that `dump` returned."""
        self._open = {entry.order.client_order_id: entry for entry in state.open}
        self._closed = OrderedDict((order.client_order_id, order) for order in state.closed)
        self._remembered.load(state.remembered)
        self._early = {}
        for early in state.early:
            self._early.setdefault(early.client_order_id, []).append(early)
        self._refused = OrderedDict((early.client_order_id, early) for early in state.refused)

    # ------------------------------------------------------------------ folding
    def _submit(self, order: Order) -> None:
        order_id = order.client_order_id
        if order_id in self._open or self.is_closed(order_id):
            return
        self._open[order_id] = OpenOrder(order=order)
        refused = self._refused.pop(order_id, None)
        if refused is not None:
            self._early.setdefault(order_id, []).append(refused)
        self._release(order_id)

    def _move(self, kind: EventType, data: Any, ts: datetime) -> None:
        order_id: ClientOrderId = data.client_order_id
        entry = self._open.get(order_id)
        if entry is None:
            closed = self._closed.get(order_id)
            if closed is not None:
                self._amend_closed(closed, kind, data)
            elif order_id not in self._remembered:
                self._wait(order_id, kind, data, ts)
        elif _is_due(entry, kind, data):
            self._apply(entry, kind, data, ts)
            self._release(order_id)
        else:
            self._wait(order_id, kind, data, ts)

    def _apply(self, entry: OpenOrder, kind: EventType, data: Any, ts: datetime) -> None:
        order = entry.order
        trigger = _TRIGGERS[kind]
        changes: dict[str, Any] = {"updated_at": max(ts, order.updated_at)}
        if kind is EventType.ORDER_FILLED:
            if data.fill.trade_id in entry.trades:
                return
            trigger = self._fill(entry, data, changes)
        elif kind is EventType.ORDER_ACCEPTED:
            changes["venue_order_id"] = data.venue_order_id
            if order.status not in {OrderStatus.SUBMITTED, OrderStatus.UNKNOWN}:
                # It traded before the acceptance was read, which changes nothing in its status.
                entry.order = msgspec.structs.replace(order, **changes)
                return
        elif kind is EventType.ORDER_MODIFIED:
            changes |= {
                "quantity": data.quantity,
                "limit_price": data.limit_price,
                "trigger_price": data.trigger_price,
            }
        else:
            changes["reason"] = data.reason
        if kind is EventType.ORDER_UNKNOWN and order.status is OrderStatus.UNKNOWN:
            return
        entry.order = msgspec.structs.replace(order, status=next_status(order.status, trigger), **changes)
        if entry.order.status.is_closed:
            self._close(entry.order)

    def _fill(self, entry: OpenOrder, data: OrderFilled, changes: dict[str, Any]) -> OrderTrigger:
        order, fill = entry.order, data.fill
        filled = order.filled_quantity + fill.quantity
        if filled > order.quantity:
            raise InvariantError(
                f"Fill {fill.trade_id} of {fill.quantity} brings order {order.client_order_id} "
                f"to {filled} of {order.quantity} units."
            )
        entry.trades.append(fill.trade_id)
        entry.value += fill.price * fill.quantity
        changes["filled_quantity"] = filled
        changes["average_price"] = (entry.value / filled).quantize(PRICE_STEP, ROUND_HALF_EVEN)
        return OrderTrigger.FILL if filled == order.quantity else OrderTrigger.PARTIAL_FILL

    def _amend_closed(self, order: Order, kind: EventType, data: Any) -> None:
        """Add the venue's id to an order that closed before its acceptance was read."""
        if kind is EventType.ORDER_ACCEPTED and order.venue_order_id is None:
            amended = msgspec.structs.replace(order, venue_order_id=data.venue_order_id)
            self._closed[order.client_order_id] = amended

    def _close(self, order: Order) -> None:
        order_id = order.client_order_id
        del self._open[order_id]
        self._closed[order_id] = order
        self._remembered.add(order_id)
        if len(self._closed) > self._closed_kept:
            self._closed.popitem(last=False)

    # ------------------------------------------------------------------ waiting
    def _wait(self, order_id: ClientOrderId, kind: EventType, data: Any, ts: datetime) -> None:
        early = Early(client_order_id=order_id, kind=kind, ts=ts, payload=msgspec.msgpack.encode(data))
        if kind is EventType.ORDER_REJECTED:
            self._refused[order_id] = early
            if len(self._refused) > REFUSED_KEPT:
                self._refused.popitem(last=False)
            return
        waiting = self._early.setdefault(order_id, [])
        if early not in waiting:
            waiting.append(early)
        if len(self._early) > EARLY_MAX:
            raise InvariantError(f"{EARLY_MAX} orders have events, and none of them was ever submitted.")

    def _release(self, order_id: ClientOrderId) -> None:
        """Apply what waited and can be now, until nothing more can."""
        while waiting := self._early.get(order_id):
            entry = self._open.get(order_id)
            if entry is None:
                del self._early[order_id]
                for early in waiting:
                    self._move(early.kind, _decode(early), early.ts)
                return
            due = next((early for early in waiting if _is_due(entry, early.kind, _decode(early))), None)
            if due is None:
                return
            waiting.remove(due)
            if not waiting:
                del self._early[order_id]
            self._apply(entry, due.kind, _decode(due), due.ts)


def _is_due(entry: OpenOrder, kind: EventType, data: Any) -> bool:
    """Return whether the fills that an event counts are all there."""
    filled = entry.order.filled_quantity
    if kind is EventType.ORDER_FILLED:
        return bool(data.filled_quantity <= filled + data.fill.quantity)
    if kind in {EventType.ORDER_CANCELLED, EventType.ORDER_EXPIRED}:
        return bool(data.filled_quantity <= filled)
    return True


def _decode(early: Early) -> Any:
    return msgspec.msgpack.decode(early.payload, type=PAYLOADS[early.kind])
