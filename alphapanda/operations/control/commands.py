"""One command on its way: sent, obeyed, and audited however it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from alphapanda.ids import EventId
from alphapanda.model.control import Command, ControlCommand, ControlEvent, Outcome, Scope
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Offsets
from alphapanda.operations.control.broker_log import BrokerLog
from alphapanda.operations.control.obedience import Obedience
from alphapanda.pipeline.message_producer import MessageProducer
from topics.names import TopicName


@dataclass(slots=True, kw_only=True)
class Act:
    """A command that was sent.

    Attributes:
        command_id: its event.
        outcome: how it ended, as the audit will tell.
        details: what the audit will tell besides.
    """

    command_id: EventId
    outcome: Outcome = Outcome.FAILED
    details: dict[str, str] = field(default_factory=dict)
    _log: BrokerLog
    _heard_from: Offsets

    async def obeyed(self, services: Collection[str], patience_s: float) -> tuple[ControlEvent, ...]:
        """Wait until `services` obeyed and return what they said; raises DeadlineError."""
        obedience = Obedience(self.command_id, services)
        try:
            await obedience.wait(self._log, self._heard_from, patience_s)
        finally:
            self.details["obeyed_by"] = obedience.services
        return obedience.events


@asynccontextmanager
async def sent(
    producer: MessageProducer,
    log: BrokerLog,
    command: Command,
    *,
    actor: str,
    reason: str,
    scope: Scope | None = None,
) -> AsyncIterator[Act]:
    """Send a command to the log's broker; when the block is left, however that is, it is audited."""
    broker = log.broker
    heard_from = await log.ends([EventType.CONTROL_EVENT])
    order = ControlCommand(command=command, broker=broker, actor=actor, reason=reason, scope=scope)
    topic = TopicName(broker, "control", "commands")
    envelope, _ = await producer.send(topic, order, key=broker, event_type=EventType.CONTROL_COMMAND)
    act = Act(command_id=envelope.id, _log=log, _heard_from=heard_from)
    if scope is not None:
        act.details["scope"] = str(scope)
    try:
        yield act
    finally:
        await producer.audit(
            actor,
            command.value,
            broker,
            outcome=act.outcome,
            reason=reason,
            correlation_id=act.command_id,
            **act.details,
        )
