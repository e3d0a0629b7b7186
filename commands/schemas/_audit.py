"""What `schemas register` changed goes to `system.audit`."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from alphapanda.errors import AlphaPandaError
from commands._context import Context
from commands._reading import kafka_options

if TYPE_CHECKING:
    from alphapanda.model.control import Outcome


@asynccontextmanager
async def audited(
    context: Context, action: str, target: str, *, reason: str, details: Mapping[str, str]
) -> AsyncIterator[None]:
    """Run a change and write how it ended, with the `details` that it gathered; nothing where nothing changed.

    A change that was made stands even if that cannot be written.
    """
    from alphapanda.model.control import Outcome

    outcome = Outcome.FAILED
    try:
        yield
        outcome = Outcome.DONE
    finally:
        if details or outcome is Outcome.FAILED:
            await _write(context, action, target, outcome, reason, details)


async def _write(
    context: Context, action: str, target: str, outcome: Outcome, reason: str, details: Mapping[str, str]
) -> None:
    from alphapanda.bus.kafka_log import open_log
    from alphapanda.bus.message_producer import MessageProducer
    from alphapanda.model.control import AuditRecord
    from alphapanda.model.kinds import EventType
    from topics.names import TopicName

    actor = getpass.getuser()
    record = AuditRecord(
        actor=actor, action=action, target=target, reason=reason, outcome=outcome, details=dict(details)
    )
    try:
        async with open_log(kafka_options(context, "schemas")) as log:
            producer = MessageProducer(log, "cli", context.clock)
            topic = TopicName("system", "", "audit")
            await producer.send(topic, record, key=actor, event_type=EventType.AUDIT_RECORDED)
    except AlphaPandaError as error:
        context.output.warn(f"The audit could not be written: {error.message}")
