"""Puts single events into the log that no stage decides: operators' commands, audits, alerts."""

from __future__ import annotations

from typing import Any

from alphapanda.clock import Clock
from alphapanda.errors import MisroutedError, UsageError
from alphapanda.ids import BrokerId, EventId, generate_event_id
from alphapanda.kafka.log import Log
from alphapanda.model.control import AuditRecord, Outcome
from alphapanda.model.envelope import EventEnvelope, LogPosition, trace_id_of
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Outgoing, envelope_headers
from alphapanda.serialization.codec import encode
from topics.names import TopicName

_TICKS = TopicName("market", "", "ticks")
_AUDIT = TopicName("system", "", "audit")


class MessageProducer:
    """Wraps payloads and writes them, one by one, each acknowledged before `send` returns.

    Args:
        log: where to.
        source: our name, e.g. `cli`.
        clock: the time of events that enter here.
    """

    def __init__(self, log: Log, source: str, clock: Clock) -> None:
        self._log = log
        self._source = source
        self._clock = clock

    async def send(
        self,
        topic: TopicName,
        data: Any,
        *,
        key: str,
        event_type: EventType | None = None,
        correlation_id: EventId | None = None,
    ) -> tuple[EventEnvelope[Any], LogPosition]:
        """Write one event and return it, with its place in the log.

        Args:
            topic: where it belongs; its scope is the event's broker.
            data: the payload.
            key: of the record.
            event_type: its type; may be left out for ticks alone.
            correlation_id: of the chain that it belongs to; its own id at the start of a chain.

        Raises:
            UsageError: no event type.
            MisroutedError: the payload names another broker than the topic.
        """
        if event_type is None:
            if topic != _TICKS:
                raise UsageError(f"An event for {topic} needs its type.")
            event_type = EventType.MARKET_TICK
        broker = BrokerId(topic.scope)
        inner = getattr(data, "broker", None)
        if inner is not None and not topic.is_shared and inner != broker:
            raise MisroutedError(f"An event of {inner} does not belong on {topic}.")
        event_id = generate_event_id()
        envelope = EventEnvelope(
            id=event_id,
            type=event_type,
            ts=self._clock.now(),
            key=key,
            source=self._source,
            broker=broker,
            correlation_id=correlation_id or event_id,
            trace_id=trace_id_of(event_id),
            data=data,
        )
        record = Outgoing(str(topic), key.encode(), encode(envelope), envelope_headers(envelope))
        (position,) = await self._log.append([record])
        return envelope, position

    async def audit(
        self,
        actor: str,
        action: str,
        target: str,
        *,
        outcome: Outcome,
        reason: str = "",
        correlation_id: EventId | None = None,
        **details: str,
    ) -> None:
        """Write one act: its actor, target, reason and outcome."""
        record = AuditRecord(
            actor=actor, action=action, target=target, reason=reason, outcome=outcome, details=details
        )
        await self.send(
            _AUDIT, record, key=actor, event_type=EventType.AUDIT_RECORDED, correlation_id=correlation_id
        )
