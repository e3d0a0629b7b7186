"""Orders: their state machine, whose table is the documentation, and the events that move them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

import msgspec

from alphapanda.errors import IllegalTransitionError
from alphapanda.ids import (
    BrokerId,
    ClientOrderId,
    EventId,
    InstrumentId,
    StrategyId,
    VenueOrderId,
    derive_event_id,
)
from alphapanda.model.fill import Fill
from alphapanda.model.kinds import OrderType, Product, Side, TradingMode, Validity, Variety


class OrderStatus(StrEnum):
    """Where an order stands."""

    SUBMITTED = "SUBMITTED"
    """In the log, on its way: the venue may or may not have it."""
    ACCEPTED = "ACCEPTED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    PENDING_MODIFY = "PENDING_MODIFY"
    PENDING_CANCEL = "PENDING_CANCEL"
    UNKNOWN = "UNKNOWN"
    """The outcome is not known: only a report settles it."""
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    """The venue's word. (Denied is ours, and never becomes an order.)"""
    EXPIRED = "EXPIRED"

    @property
    def is_closed(self) -> bool:
        """Whether nothing can follow."""
        return self in CLOSED


class OrderTrigger(StrEnum):
    """What moves an order."""

    ACCEPT = "accept"
    PARTIAL_FILL = "partial_fill"
    FILL = "fill"
    REQUEST_MODIFY = "request_modify"
    MODIFY = "modify"
    REFUSE_MODIFY = "refuse_modify"
    REQUEST_CANCEL = "request_cancel"
    REFUSE_CANCEL = "refuse_cancel"
    CANCEL = "cancel"
    REJECT = "reject"
    EXPIRE = "expire"
    LOSE = "lose"
    """The outcome of a call to the venue was ambiguous."""


CLOSED = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED})

_S, _T = OrderStatus, OrderTrigger

TRANSITIONS: Mapping[tuple[OrderStatus, OrderTrigger], OrderStatus] = MappingProxyType(
    {
        (_S.SUBMITTED, _T.ACCEPT): _S.ACCEPTED,
        (_S.SUBMITTED, _T.REJECT): _S.REJECTED,
        (_S.SUBMITTED, _T.LOSE): _S.UNKNOWN,
        (_S.SUBMITTED, _T.PARTIAL_FILL): _S.PARTIALLY_FILLED,  # a fill's report can outrun the acceptance
        (_S.SUBMITTED, _T.FILL): _S.FILLED,
        (_S.SUBMITTED, _T.CANCEL): _S.CANCELLED,  # IOC, or cancelled at the venue before we heard of it
        (_S.SUBMITTED, _T.EXPIRE): _S.EXPIRED,
        (_S.ACCEPTED, _T.PARTIAL_FILL): _S.PARTIALLY_FILLED,
        (_S.ACCEPTED, _T.FILL): _S.FILLED,
        (_S.ACCEPTED, _T.REQUEST_MODIFY): _S.PENDING_MODIFY,
        (_S.ACCEPTED, _T.MODIFY): _S.ACCEPTED,  # modified at the venue by somebody else
        (_S.ACCEPTED, _T.REQUEST_CANCEL): _S.PENDING_CANCEL,
        (_S.ACCEPTED, _T.CANCEL): _S.CANCELLED,
        (_S.ACCEPTED, _T.REJECT): _S.REJECTED,  # the exchange may reject what the broker took
        (_S.ACCEPTED, _T.EXPIRE): _S.EXPIRED,
        (_S.ACCEPTED, _T.LOSE): _S.UNKNOWN,
        (_S.PARTIALLY_FILLED, _T.PARTIAL_FILL): _S.PARTIALLY_FILLED,
        (_S.PARTIALLY_FILLED, _T.FILL): _S.FILLED,
        (_S.PARTIALLY_FILLED, _T.REQUEST_MODIFY): _S.PENDING_MODIFY,
        (_S.PARTIALLY_FILLED, _T.MODIFY): _S.PARTIALLY_FILLED,
        (_S.PARTIALLY_FILLED, _T.REQUEST_CANCEL): _S.PENDING_CANCEL,
        (_S.PARTIALLY_FILLED, _T.CANCEL): _S.CANCELLED,
        (_S.PARTIALLY_FILLED, _T.EXPIRE): _S.EXPIRED,
        (_S.PARTIALLY_FILLED, _T.LOSE): _S.UNKNOWN,
        (_S.PENDING_MODIFY, _T.MODIFY): _S.ACCEPTED,
        (_S.PENDING_MODIFY, _T.REFUSE_MODIFY): _S.ACCEPTED,
        (_S.PENDING_MODIFY, _T.PARTIAL_FILL): _S.PENDING_MODIFY,  # it trades while the answer is awaited
        (_S.PENDING_MODIFY, _T.FILL): _S.FILLED,
        (_S.PENDING_MODIFY, _T.REQUEST_CANCEL): _S.PENDING_CANCEL,
        (_S.PENDING_MODIFY, _T.CANCEL): _S.CANCELLED,
        (_S.PENDING_MODIFY, _T.EXPIRE): _S.EXPIRED,
        (_S.PENDING_MODIFY, _T.LOSE): _S.UNKNOWN,
        (_S.PENDING_CANCEL, _T.CANCEL): _S.CANCELLED,
        (_S.PENDING_CANCEL, _T.REFUSE_CANCEL): _S.ACCEPTED,
        (_S.PENDING_CANCEL, _T.PARTIAL_FILL): _S.PENDING_CANCEL,
        (_S.PENDING_CANCEL, _T.FILL): _S.FILLED,
        (_S.PENDING_CANCEL, _T.EXPIRE): _S.EXPIRED,
        (_S.PENDING_CANCEL, _T.LOSE): _S.UNKNOWN,
        (_S.UNKNOWN, _T.ACCEPT): _S.ACCEPTED,
        (_S.UNKNOWN, _T.PARTIAL_FILL): _S.PARTIALLY_FILLED,
        (_S.UNKNOWN, _T.FILL): _S.FILLED,
        (_S.UNKNOWN, _T.CANCEL): _S.CANCELLED,
        (_S.UNKNOWN, _T.REJECT): _S.REJECTED,
        (_S.UNKNOWN, _T.EXPIRE): _S.EXPIRED,
    }
)
"""(status, trigger) → status. A pair that is not here is illegal."""


def next_status(status: OrderStatus, trigger: OrderTrigger) -> OrderStatus:
    """Return where `trigger` leads from `status`; raises IllegalTransitionError."""
    try:
        return TRANSITIONS[status, trigger]
    except KeyError:
        raise IllegalTransitionError(f"An order that is {status} cannot {trigger.replace('_', ' ')}.") from None


def client_order_id_of(signal_id: EventId) -> ClientOrderId:
    """Return the id of the order that follows from the validated signal with that event id."""
    return ClientOrderId(derive_event_id(signal_id, "order"))


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it stands now.

    Attributes:
        client_order_id: ours, derived from the signal.
        venue_order_id: theirs, once they have it.
        signal_id: the validated signal it follows from.
        decision_id: the strategy's decision, shared with the other brokers' orders.
        strategy_id: whose it is.
        broker: where it goes.
        trading_mode: of that broker.
        instrument: what.
        instrument_token: the feed's number for it.
        side: BUY or SELL.
        quantity: units.
        filled_quantity: units done.
        average_price: of the fills, rupees; None before the first.
        order_type: MARKET, LIMIT, SL, SL-M.
        limit_price: rupees.
        trigger_price: rupees.
        product: CNC, MIS, NRML.
        variety: regular.
        validity: DAY, IOC, TTL.
        tag: what the venue echoes back.
        status: where it stands.
        reason: why it was rejected, cancelled, expired or lost.
        submitted_at: event time.
        updated_at: event time of the last event.
    """

    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId | None = None
    signal_id: EventId
    decision_id: EventId
    strategy_id: StrategyId
    broker: BrokerId
    trading_mode: TradingMode
    instrument: InstrumentId
    instrument_token: int
    side: Side
    quantity: int
    filled_quantity: int = 0
    average_price: Decimal | None = None
    order_type: OrderType
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    product: Product
    variety: Variety = Variety.REGULAR
    validity: Validity
    tag: str = ""
    status: OrderStatus = OrderStatus.SUBMITTED
    reason: str = ""
    submitted_at: datetime
    updated_at: datetime

    @property
    def leaves_quantity(self) -> int:
        """Units still to be done; 0 once it is closed."""
        return 0 if self.status.is_closed else self.quantity - self.filled_quantity


class OrderEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What every event of an order carries: enough to read it without the events before it."""

    client_order_id: ClientOrderId
    strategy_id: StrategyId
    broker: BrokerId
    trading_mode: TradingMode
    instrument: InstrumentId
    side: Side
    quantity: int


class OrderSubmitted(msgspec.Struct, frozen=True, kw_only=True):
    """The order is in the log; only after this may it go to the venue."""

    broker: BrokerId
    trading_mode: TradingMode
    order: Order


class OrderAccepted(OrderEvent, frozen=True, kw_only=True):
    """The venue has it."""

    venue_order_id: VenueOrderId


class OrderFilled(OrderEvent, frozen=True, kw_only=True):
    """It traded, in part or whole.

    Attributes:
        fill: this execution.
        filled_quantity: units done, this fill included.
        leaves_quantity: units still to be done.
    """

    fill: Fill
    filled_quantity: int
    leaves_quantity: int


class OrderCancelled(OrderEvent, frozen=True, kw_only=True):
    """It was withdrawn; `filled_quantity` stays done."""

    filled_quantity: int
    reason: str


class OrderRejected(OrderEvent, frozen=True, kw_only=True):
    """The venue refused it."""

    reason: str


class OrderModified(OrderEvent, frozen=True, kw_only=True):
    """The venue changed it as asked; `quantity` is the new one."""

    limit_price: Decimal | None
    trigger_price: Decimal | None


class OrderExpired(OrderEvent, frozen=True, kw_only=True):
    """Its validity ran out."""

    filled_quantity: int
    reason: str


class OrderUnknown(OrderEvent, frozen=True, kw_only=True):
    """What became of it is not known; it locks its intent until a report settles it."""

    reason: str
