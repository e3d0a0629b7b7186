"""Open orders of the paper trader: the exchange's order, and its place in the log of signals and ticks.

The names on the wire (`thread`, `match`, `withdrawal`, `arrived`) are those of the first version's snapshots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from alphapanda.exchange.matching import ExchangeOrder, OrderReport, ReportKind
from alphapanda.execution.quotes import LoggedQuote
from alphapanda.ids import BrokerId, ClientOrderId, EventId
from alphapanda.model.control import Scope
from alphapanda.model.envelope import Event, EventEnvelope
from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import EventType
from alphapanda.model.signal import Signal


class OrderOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an order ended, found by the exchange, an operator or the log.

    Attributes:
        kind: filled, cancelled or expired.
        ts: when, event time.
        quote: the quote that did it; None for a cancellation.
        price: of a fill, rupees on the grid.
        reason: of a cancellation or an expiry.
        command_id: the operator's command that cancelled it; None for what the market did.
    """

    kind: ReportKind = msgspec.field(name="outcome")
    ts: datetime
    quote: LoggedQuote | None = None
    price: Decimal | None = None
    reason: str = ""
    command_id: EventId | None = None

    @classmethod
    def of(cls, report: OrderReport, quote: LoggedQuote) -> OrderOutcome:
        """Return the exchange's report with the tick that brought it about."""
        return cls(kind=report.kind, ts=report.ts, quote=quote, price=report.price, reason=report.reason)


class Cancellation(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's cancellation of one order; quotes up to `until` still count.

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
    def outcome(self) -> OrderOutcome:
        """The outcome of an order that did not end before."""
        return OrderOutcome(kind=ReportKind.CANCEL, ts=self.ts, reason=self.reason, command_id=self.command_id)


class EventContext(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a validated signal's envelope that its order's events follow from."""

    id: EventId
    ts: datetime
    correlation_id: EventId
    trace_id: str
    broker: BrokerId

    @classmethod
    def of(cls, event: Event) -> EventContext:
        """Return the context of `event`."""
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
        """The envelope to follow from, without its payload."""
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
    """An open order of a validated signal.

    Attributes:
        order_id: ours.
        signal: the validated signal.
        context: of that signal's event.
        instrument: as it was known when the signal came.
        rank: place among the signals of its strategy and instrument.
        due: when it reaches the exchange, event time: the signal's tick plus the latency, and not before the
            order before it.
        expires: end of its session, event time.
        cursor: offset of the last tick it was matched against, in the partition of its signal's tick; of an
            order at the exchange, where it was when it was submitted.
        rests: whether it has met a quote since it reached the exchange, as of `cursor`.
        outcome: how it ended; it is open no more once its events are in the log.
        cancellation: an operator's, for which older ticks must be read before it can take effect.
    """

    order_id: ClientOrderId
    signal: Signal
    context: EventContext = msgspec.field(name="thread")
    instrument: Instrument
    rank: int
    due: datetime
    expires: datetime
    cursor: int
    rests: bool = msgspec.field(name="arrived", default=False)
    outcome: OrderOutcome | None = msgspec.field(name="match", default=None)
    cancellation: Cancellation | None = msgspec.field(name="withdrawal", default=None)

    def for_exchange(self) -> ExchangeOrder:
        """Return the order to submit."""
        return ExchangeOrder(
            order_id=self.order_id,
            instrument=self.instrument,
            side=self.signal.side,
            quantity=self.signal.quantity,
            limit_price=self.signal.limit_price,
            validity=self.signal.validity,
            arrives=self.due,
            expires=self.expires,
            rests=self.rests,
        )


OrderResult = tuple[WorkingOrder, OrderOutcome]
"""An order and its outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """An operator's command to cancel.

    Attributes:
        command_id: of the command.
        scope: which orders.
        reason: who cancels, and why.
        seen_until: event time of the newest event seen; None before the first.
    """

    command_id: EventId
    scope: Scope
    reason: str
    seen_until: datetime | None


@dataclass(frozen=True, slots=True)
class CancelledOrders:
    """The effect of a command to cancel.

    Attributes:
        results: outcomes to report at once: cancelled, or ended before.
        too_late: orders that had ended before.
        unsettled: orders that wait for older ticks: their outcome is reported after those.
    """

    results: Sequence[OrderResult]
    too_late: int
    unsettled: int
