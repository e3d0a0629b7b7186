"""The envelope around every event, and where in the log an event was read.

Times: `ts` is the time of what happened, in event time: a tick's is the exchange's, and what
follows from a tick carries the tick's. When a record was written is Kafka's own timestamp. So a
recording that is fed twice gives the same bytes twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from alphapanda.ids import BrokerId, EventId, derive_event_id
from alphapanda.model.kinds import EventType

T = TypeVar("T")


class EventEnvelope(msgspec.Struct, Generic[T], frozen=True, kw_only=True, gc=False):
    """What every event carries.

    Attributes:
        id: UUIDv7 for what enters from outside, derived for what we decide.
        type: the kind; bound to one topic.
        ts: when it happened, aware UTC.
        key: the key of its record: instrument token, strategy id, client order id or broker.
        source: the service that made it.
        version: of the payload's schema.
        broker: the broker it belongs to; `market` or `system` for what is shared.
        correlation_id: one for all that follows from one decision, across brokers.
        causation_id: the id of the event it follows from; None for what enters from outside.
        trace_id: 32 hex digits (W3C trace context).
        data: the payload.
    """

    id: EventId
    type: EventType
    ts: datetime
    key: str
    source: str
    version: int = 1
    broker: BrokerId
    correlation_id: EventId
    causation_id: EventId | None = None
    trace_id: str
    data: T


class LogPosition(msgspec.Struct, frozen=True, order=True, gc=False):
    """Where in the log a record stands."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


class Event(msgspec.Struct, frozen=True, gc=False):
    """What a stage sees or decides: an envelope, and its place in the log if it was read from there."""

    envelope: EventEnvelope[Any]
    at: LogPosition | None = None

    @property
    def id(self) -> EventId:
        """The envelope's id."""
        return self.envelope.id

    @property
    def type(self) -> EventType:
        """The envelope's type."""
        return self.envelope.type

    @property
    def data(self) -> Any:
        """The payload."""
        return self.envelope.data


def trace_id_of(event_id: EventId) -> str:
    """Return the W3C trace id of a chain that begins with `event_id`: its 32 hex digits."""
    return event_id.replace("-", "")


def follow(
    cause: EventEnvelope[Any],
    event_type: EventType,
    data: object,
    *,
    key: str,
    source: str,
    broker: BrokerId,
    name: str,
    n: int = 0,
    correlation_id: EventId | None = None,
    ts: datetime | None = None,
) -> Event:
    """Return the event that follows from `cause`: derived id, the cause's time, correlation and trace.

    Args:
        cause: what it follows from.
        event_type: its kind.
        data: its payload.
        key: its record's key.
        source: the service that decides it.
        broker: whose it is.
        name: what this decision is called, unique among the decisions that one service takes from one cause.
        n: which of several of that name.
        correlation_id: a new correlation, where one begins; otherwise the cause's.
        ts: another event time than the cause's.
    """
    envelope = EventEnvelope(
        id=derive_event_id(cause.id, f"{broker}/{name}", n),
        type=event_type,
        ts=ts or cause.ts,
        key=key,
        source=source,
        broker=broker,
        correlation_id=correlation_id or cause.correlation_id,
        causation_id=cause.id,
        trace_id=cause.trace_id,
        data=data,
    )
    return Event(envelope)
