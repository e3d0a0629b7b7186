"""The events of an order on paper; each follows from its validated signal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from alphapanda.exchange.matching import ReportKind
from alphapanda.execution.working_orders import EventContext, OrderOutcome, WorkingOrder
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
    signal, context = working.signal, working.context
    order = Order(
        client_order_id=working.order_id,
        signal_id=context.id,
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
        submitted_at=context.ts,
        updated_at=context.ts,
    )
    payload = OrderSubmitted(broker=signal.broker, trading_mode=signal.trading_mode, order=order)
    return _event(working, service, EventType.ORDER_SUBMITTED, payload, "order/submitted", context.ts)


def accepted(working: WorkingOrder, service: str) -> Event:
    """Return ORDER_ACCEPTED, at the time at which the order reaches the exchange."""
    venue_order_id = VenueOrderId(derive_event_id(working.order_id, "venue"))
    payload = OrderAccepted(**_common(working.order_id, working.signal), venue_order_id=venue_order_id)
    ts = max(working.context.ts, working.due)
    return _event(working, service, EventType.ORDER_ACCEPTED, payload, "order/accepted", ts)


def refused(order_id: ClientOrderId, signal: Signal, context: EventContext, service: str, reason: str) -> Event:
    """Return ORDER_REJECTED for an order that is not submitted at all."""
    return follow(
        context.envelope,
        EventType.ORDER_REJECTED,
        OrderRejected(**_common(order_id, signal), reason=reason),
        key=order_id,
        source=service,
        broker=context.broker,
        name="order/ended",
    )


def filled(working: WorkingOrder, outcome: OrderOutcome, quantity: int, service: str) -> Event:
    """Return ORDER_FILLED for `quantity` units, the only fill that an order has here."""
    if outcome.price is None or outcome.quote is None:
        raise TypeError(f"{outcome} is no fill.")
    signal = working.signal
    fill = Fill(
        trade_id=TradeId(derive_event_id(working.order_id, "trade")),
        client_order_id=working.order_id,
        strategy_id=signal.strategy_id,
        instrument=signal.instrument,
        instrument_token=signal.instrument_token,
        side=signal.side,
        quantity=quantity,
        price=outcome.price,
        product=signal.product,
        ts=outcome.ts,
        tick=outcome.quote.ref,
    )
    payload = OrderFilled(
        **_common(working.order_id, signal),
        fill=fill,
        filled_quantity=quantity,
        leaves_quantity=signal.quantity - quantity,
    )
    return _event(working, service, EventType.ORDER_FILLED, payload, "order/filled", outcome.ts)


def ended(working: WorkingOrder, outcome: OrderOutcome, done: int, reason: str, service: str) -> Event:
    """Return ORDER_EXPIRED or ORDER_CANCELLED, with `done` units filled before."""
    common = _common(working.order_id, working.signal)
    if outcome.kind is ReportKind.EXPIRE:
        expired = OrderExpired(**common, filled_quantity=done, reason=reason)
        return _event(working, service, EventType.ORDER_EXPIRED, expired, "order/ended", outcome.ts)
    cancelled = OrderCancelled(**common, filled_quantity=done, reason=reason)
    event = _event(working, service, EventType.ORDER_CANCELLED, cancelled, "order/ended", outcome.ts)
    if outcome.command_id is None:
        return event
    # An order ends once, so the id stays that of its end; but it follows from the command.
    return Event(msgspec.structs.replace(event.envelope, causation_id=outcome.command_id))


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
        working.context.envelope,
        event_type,
        payload,
        key=working.order_id,
        source=service,
        broker=working.context.broker,
        name=name,
        ts=ts,
    )
