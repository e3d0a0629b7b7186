"""The rules by which one order meets one quote, first cut: whole fills at the touch, in event time."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from alphapanda.execution.quotes import MatchingQuote
from alphapanda.ids import BrokerId, ClientOrderId, EventId
from alphapanda.model.envelope import Event, EventEnvelope
from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import EventType, Side, Validity
from alphapanda.model.signal import Signal


class OutcomeKind(StrEnum):
    """What a quote does to an order."""

    FILL = "fill"
    CANCEL = "cancel"
    EXPIRE = "expire"


class OrderOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """That it happened, when, at which price, or why.

    Attributes:
        outcome: what happens.
        ts: when, event time.
        quote: the quote that did it; None for an order whose ticks are lost.
        price: of a fill, rupees on the grid.
        reason: of a cancellation or an expiry.
        command_id: of the operator's command that brought it about; None for what the market did.
    """

    outcome: OutcomeKind
    ts: datetime
    quote: MatchingQuote | None = None
    price: Decimal | None = None
    reason: str = ""
    command_id: EventId | None = None


class Cancellation(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's cancellation of an order; what the order met until then still counts.

    Attributes:
        command_id: of the command.
        until: offset of the last tick that counts, in the order's partition.
        ts: when it takes effect, event time.
        reason: who cancelled, and why.
    """

    command_id: EventId
    until: int
    ts: datetime
    reason: str

    @property
    def match(self) -> OrderOutcome:
        """What becomes of an order to which nothing happened until then."""
        return OrderOutcome(outcome=OutcomeKind.CANCEL, ts=self.ts, reason=self.reason, command_id=self.command_id)


class EventContext(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of the validated signal's envelope, so that all that follows hangs on it."""

    id: EventId
    ts: datetime
    correlation_id: EventId
    trace_id: str
    broker: BrokerId

    @classmethod
    def of(cls, event: Event) -> EventContext:
        """Return the thread that begins with `event`."""
        envelope = event.envelope
        return cls(
            id=envelope.id,
            ts=envelope.ts,
            correlation_id=envelope.correlation_id,
            trace_id=envelope.trace_id,
            broker=envelope.broker,
        )

    @property
    def envelope(self) -> EventEnvelope[None]:
        """The envelope to follow from; its payload is not needed for that."""
        return EventEnvelope(
            id=self.id,
            type=EventType.SIGNAL_VALIDATED,
            ts=self.ts,
            key="",
            source="",
            broker=self.broker,
            correlation_id=self.correlation_id,
            trace_id=self.trace_id,
            data=None,
        )


class WorkingOrder(msgspec.Struct, kw_only=True):
    """An order at the simulated exchange.

    Attributes:
        order_id: ours.
        signal: the validated signal it follows from.
        thread: of that signal's event.
        instrument: as it was known when the order came, so that its grid does not change under it.
        rank: place among the signals of its strategy and instrument.
        due: when it reaches the exchange, event time: the signal's tick plus the latency, and not before the
            order before it.
        expires: end of its session, event time.
        cursor: offset of the last tick it was held against, in the partition of its signal's tick.
        arrived: whether it has met a quote since it reached the exchange: from then on it rests.
        match: what became of it, once a quote did something.
        withdrawal: an operator's cancellation, for which ticks must be read again before it can be told.
    """

    order_id: ClientOrderId
    signal: Signal
    thread: EventContext
    instrument: Instrument
    rank: int
    due: datetime
    expires: datetime
    cursor: int
    arrived: bool = False
    match: OrderOutcome | None = None
    withdrawal: Cancellation | None = None

    def meet(self, quote: MatchingQuote) -> None:
        """Hold it against the next quote of its instrument; does nothing once something has become of it."""
        if self.match is not None or quote.offset <= self.cursor:
            return
        if self.withdrawal is not None and quote.offset > self.withdrawal.until:
            self.match = self.withdrawal.match
            return
        self.match = examine(self, quote)
        self.arrived = self.arrived or (quote.exchange_ts >= self.due and _touch(self.signal.side, quote) > 0.0)
        self.cursor = quote.offset


def examine(order: WorkingOrder, quote: MatchingQuote) -> OrderOutcome | None:
    """Return what `quote` does to `order`; None when it stands as it did.

    BUY meets the ask, SELL the bid, or the last price where there is no depth. MARKET takes it; LIMIT takes
    it if it is no worse than the limit. One that rested before is filled at its limit: the market came to it.
    """
    if quote.offset <= order.cursor or quote.exchange_ts < order.due:
        return None
    if quote.exchange_ts >= order.expires:
        reason = f"the session ended at {order.expires.isoformat()}"
        return OrderOutcome(outcome=OutcomeKind.EXPIRE, ts=quote.exchange_ts, quote=quote, reason=reason)
    return _trade(order, quote)


def _trade(order: WorkingOrder, quote: MatchingQuote) -> OrderOutcome | None:
    signal, limit = order.signal, order.signal.limit_price
    touch = _touch(signal.side, quote)
    if limit is not None and signal.validity is not Validity.IOC and _is_far(order, touch, limit):
        return None
    price = order.instrument.price_of(touch)
    if price is None:
        return None
    if limit is None or (price - limit) * signal.side.sign <= 0:
        at = limit if limit is not None and order.arrived else price
        return OrderOutcome(outcome=OutcomeKind.FILL, ts=quote.exchange_ts, quote=quote, price=at)
    if signal.validity is Validity.IOC:
        reason = f"IOC: {price} is worse than the limit {limit}"
        return OrderOutcome(outcome=OutcomeKind.CANCEL, ts=quote.exchange_ts, quote=quote, reason=reason)
    return None


def _touch(side: Side, quote: MatchingQuote) -> float:
    return quote.ask if side is Side.BUY else quote.bid


def _is_far(order: WorkingOrder, touch: float, limit: Decimal) -> bool:
    """Tell cheaply, for every tick that a resting order meets, that rounding cannot bring it to the limit."""
    return (touch - float(limit)) * order.signal.side.sign > float(order.instrument.tick_size)
