"""From the outbox into the log: audit records to `system.audit`, alerts to `system.alerts`."""

from __future__ import annotations

import asyncio
from itertools import islice

from alphapanda.errors import AlphaPandaError
from alphapanda.ids import SYSTEM
from alphapanda.infra.control.outbox import Outbox, OutboxEvent
from alphapanda.kafka.log import Log
from alphapanda.model.control import AuditRecord
from alphapanda.model.envelope import EventEnvelope, trace_id_of
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Outgoing, envelope_headers
from alphapanda.serialization.codec import encode
from alphapanda.telemetry.log import Logger
from topics.services import ALERTS, AUDIT

EVERY_S = 0.5
BATCH = 200


class OutboxPublisher:
    """Writes the events of an outbox to the log, in order, and removes each once it is acknowledged.

    Args:
        outbox: the queue.
        log: the Kafka log.
        logger: told when Kafka cannot be written.
    """

    def __init__(self, outbox: Outbox, log: Log, logger: Logger) -> None:
        self._outbox = outbox
        self._log = log
        self._logger = logger
        self._failing = False

    async def run(self) -> None:
        """Publish what arrives, until cancelled."""
        while True:
            await self.publish()
            await asyncio.sleep(EVERY_S)

    async def publish(self) -> None:
        """Publish all that waits; while Kafka cannot be written the events stay in the outbox."""
        while batch := list(islice(self._outbox.waiting(), BATCH)):
            try:
                await self._log.append([record_of(event) for event in batch])
            except AlphaPandaError as error:
                if not self._failing:
                    self._logger.warning("audit records and alerts wait for Kafka", reason=str(error))
                self._failing = True
                return
            self._failing = False
            for event in batch:
                self._outbox.remove(event)


def record_of(event: OutboxEvent) -> Outgoing:
    """Return the record of an event, with the id it has in the outbox."""
    payload = event.payload
    if isinstance(payload, AuditRecord):
        topic, kind, key = AUDIT, EventType.AUDIT_RECORDED, payload.actor
    else:
        topic, kind, key = ALERTS, EventType.ALERT_RAISED, payload.source
    envelope = EventEnvelope(
        id=event.id,
        type=kind,
        ts=event.at,
        key=key,
        source=event.source,
        broker=SYSTEM,
        correlation_id=event.id,
        trace_id=trace_id_of(event.id),
        data=payload,
    )
    return Outgoing(topic, key.encode(), encode(envelope), envelope_headers(envelope))
