"""The events by which the paper trader tells what becomes of an order; all hang on its validated signal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from alphapanda.exchange.matching import EventContext, OrderOutcome, OutcomeKind, WorkingOrder
from alphapanda.ids import ClientOrderId, TradeId, VenueOrderId, derive_event_id
from alphapanda.model.envelope import Event, follow
from alphapanda.model.fill import Fill
from alphapanda.model.kinds import EventType
from alphapanda.model.order import (
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
)
from alphapanda.model.signal import Signal

TAG_LENGTH = 20
"""Longest tag that Kite Connect takes; the same on paper, so that one order looks alike at both."""


def submitted(working: WorkingOrder, service: str) -> Event:
    """Return ORDER_SUBMITTED."""
    signal, thread = working.signal, working.thread
    order = Order(
        client_order_id=working.order_id,
        signal_id=thread.id,
        decision_id=signal.decision_id,
        strategy_id=signal.strategy_id,
        broker=signal.broker,
        trading_mode=signal.trading_mode,
        instrument=signal.instrument,
        instrument_token=signal.instrument_token,
        side=signal.side,
        quantity=signal.quantity,
        order_type=signal.order_type,
        limit_price=signal.limit_price,
        product=signal.product,
        validity=signal.validity,
        tag=working.order_id.replace("-", "")[:TAG_LENGTH],
        submitted_at=thread.ts,
        updated_at=thread.ts,
    )
    payload = OrderSubmitted(broker=signal.broker, trading_mode=signal.trading_mode, order=order)
    return _event(working, service, EventType.ORDER_SUBMITTED, payload, "order/submitted", thread.ts)


def accepted(working: WorkingOrder, service: str) -> Event:
    """Return ORDER_ACCEPTED, at the time at which the order reaches the exchange."""
    venue_order_id = VenueOrderId(derive_event_id(working.order_id, "venue"))
    payload = OrderAccepted(**_common(working.order_id, working.signal), venue_order_id=venue_order_id)
    ts = max(working.thread.ts, working.due)
    return _event(working, service, EventType.ORDER_ACCEPTED, payload, "order/accepted", ts)


def refused(order_id: ClientOrderId, signal: Signal, thread: EventContext, service: str, reason: str) -> Event:
    """Return ORDER_REJECTED for an order that is not submitted at all."""
    return follow(
        thread.envelope,
        EventType.ORDER_REJECTED,
        OrderRejected(**_common(order_id, signal), reason=reason),
        key=order_id,
        source=service,
        broker=thread.broker,
        name="order/ended",
    )


def filled(working: WorkingOrder, match: OrderOutcome, quantity: int, service: str) -> Event:
    """Return ORDER_FILLED for `quantity` units, the only fill that an order has here."""
    if match.price is None or match.quote is None:
        raise TypeError(f"{match} is no fill.")
    signal = working.signal
    fill = Fill(
        trade_id=TradeId(derive_event_id(working.order_id, "trade")),
        client_order_id=working.order_id,
        strategy_id=signal.strategy_id,
        instrument=signal.instrument,
        instrument_token=signal.instrument_token,
        side=signal.side,
        quantity=quantity,
        price=match.price,
        product=signal.product,
        ts=match.ts,
        tick=match.quote.ref,
    )
    payload = OrderFilled(
        **_common(working.order_id, signal),
        fill=fill,
        filled_quantity=quantity,
        leaves_quantity=signal.quantity - quantity,
    )
    return _event(working, service, EventType.ORDER_FILLED, payload, "order/filled", match.ts)


def ended(working: WorkingOrder, match: OrderOutcome, done: int, reason: str, service: str) -> Event:
    """Return ORDER_EXPIRED or ORDER_CANCELLED, with `done` units filled before."""
    common = _common(working.order_id, working.signal)
    if match.outcome is OutcomeKind.EXPIRE:
        expired = OrderExpired(**common, filled_quantity=done, reason=reason)
        return _event(working, service, EventType.ORDER_EXPIRED, expired, "order/ended", match.ts)
    cancelled = OrderCancelled(**common, filled_quantity=done, reason=reason)
    event = _event(working, service, EventType.ORDER_CANCELLED, cancelled, "order/ended", match.ts)
    if match.command_id is None:
        return event
    # An order ends once, so the id stays that of its end; but it follows from the command.
    return Event(msgspec.structs.replace(event.envelope, causation_id=match.command_id))


def _common(order_id: ClientOrderId, signal: Signal) -> dict[str, Any]:
    return {
        "client_order_id": order_id,
        "strategy_id": signal.strategy_id,
        "broker": signal.broker,
        "trading_mode": signal.trading_mode,
        "instrument": signal.instrument,
        "side": signal.side,
        "quantity": signal.quantity,
    }


def _event(
    working: WorkingOrder, service: str, event_type: EventType, payload: object, name: str, ts: datetime
) -> Event:
    return follow(
        working.thread.envelope,
        event_type,
        payload,
        key=working.order_id,
        source=service,
        broker=working.thread.broker,
        name=name,
        ts=ts,
    )
