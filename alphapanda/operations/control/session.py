"""What the acts on a broker share: policy and audit around them, commands in the log, waiting until obeyed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field, replace

from alphapanda.clock import Clock
from alphapanda.errors import DeadlineError
from alphapanda.ids import BrokerId, EventId
from alphapanda.kafka.client import KafkaLog
from alphapanda.model.control import Command, ControlCommand, ControlEvent, Done, Scope
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.records import Offsets
from alphapanda.operations.audit import Audit, AuditedAct
from alphapanda.operations.control.broker_log import BrokerLog
from alphapanda.operations.policy import Permit, Target, permit_all
from alphapanda.pipeline.message_producer import MessageProducer
from alphapanda.serialization.codec import Codec, JsonCodec
from alphapanda.waits import up_to
from topics.names import TopicName

PATIENCE_S = 10.0
"""Within it, daemons that run have obeyed many times over."""


class Obedience:
    """Which services obeyed a command so far.

    Args:
        command_id: the command's event.
        services: those that are waited for.
    """

    def __init__(self, command_id: EventId, services: Collection[str]) -> None:
        self._command_id = command_id
        self._waiting = set(services)
        self._events: list[ControlEvent] = []

    @property
    def events(self) -> tuple[ControlEvent, ...]:
        """What they reported, in the order in which they obeyed."""
        return tuple(self._events)

    @property
    def services(self) -> str:
        """The services that obeyed, by name."""
        return ",".join(sorted(event.service for event in self._events))

    async def wait(self, log: BrokerLog, start: Offsets, patience_s: float) -> None:
        """Read `control.events` from `start` on until all of them obeyed; raises DeadlineError."""
        async with up_to(patience_s) as limit, aclosing(log.follow(start)) as news:
            async for events in news:
                if limit.expired():
                    break
                for event in events:
                    self._fold(event.data)
                if not self._waiting:
                    return
        raise DeadlineError(
            f"{' and '.join(sorted(self._waiting))} did not obey within {patience_s:g} s; the command is in the"
            " log and takes effect when they run.",
            hint="Run: alphapanda status",
        )

    def _fold(self, event: ControlEvent) -> None:
        if event.command_id == self._command_id and event.service in self._waiting:
            self._waiting.discard(event.service)
            self._events.append(event)


@dataclass(slots=True, kw_only=True)
class SentCommand:
    """A command in the log.

    Attributes:
        command_id: its event.
        act: its audit.
    """

    command_id: EventId
    act: AuditedAct
    _log: BrokerLog
    _start: Offsets

    async def obeyed(self, services: Collection[str], patience_s: float) -> tuple[ControlEvent, ...]:
        """Wait until `services` obeyed and return what they reported; raises DeadlineError."""
        obedience = Obedience(self.command_id, services)
        try:
            await obedience.wait(self._log, self._start, patience_s)
        finally:
            self.act.details["obeyed_by"] = obedience.services
        return obedience.events

    async def obeyed_by(self, service: str, patience_s: float) -> Done:
        """Wait until the one service that the command is for obeyed; return what it did."""
        (event,) = await self.obeyed({service}, patience_s)
        return event.done or Done()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSession:
    """The surroundings of acts on brokers.

    Attributes:
        log: where commands go, open for as long as this is used.
        clock: the time.
        audit: records each act, refused and failed ones too.
        permit: lets an act through the policy, or raises RefusedError.
        modes: of the configured brokers; one that is not among them counts as live.
        codec: of the brokers' signals, orders and profits.
    """

    log: KafkaLog
    clock: Clock
    audit: Audit
    permit: Permit
    modes: Mapping[str, TradingMode] = field(default_factory=dict)
    codec: Codec = field(default_factory=JsonCodec)

    def broker_log(self, broker: BrokerId) -> BrokerLog:
        """Return what reads the broker's topics."""
        return BrokerLog(self.log, broker, self.codec)

    def permitted(self) -> ControlSession:
        """Return the session of the parts of an act that was permitted."""
        return replace(self, permit=permit_all)

    def check(self, command: Command, broker: BrokerId, question: str) -> None:
        """Let an act through the policy; raises RefusedError."""
        self.permit(command.value, Target(broker, broker, self.modes.get(broker, TradingMode.LIVE)), question)

    def audited(
        self, command: Command, broker: BrokerId, reason: str, scope: Scope | None = None
    ) -> AbstractAsyncContextManager[AuditedAct]:
        """Record how the act in the block ends."""
        details = {} if scope is None else {"scope": str(scope)}
        return self.audit.audited(command.value, broker, reason=reason, details=details)

    async def send(
        self, command: Command, broker: BrokerId, act: AuditedAct, scope: Scope | None = None
    ) -> SentCommand:
        """Write a command to the log; raises KafkaUnreachableError: it may not be there."""
        log = self.broker_log(broker)
        start = await log.ends([EventType.CONTROL_EVENT])
        order = ControlCommand(
            command=command, broker=broker, actor=self.audit.actor, reason=act.reason, scope=scope
        )
        producer = MessageProducer(self.log, self.audit.source, self.clock)
        topic = TopicName(broker, "control", "commands")
        envelope, _ = await producer.send(topic, order, key=broker, event_type=EventType.CONTROL_COMMAND)
        act.run_id = envelope.id
        return SentCommand(command_id=envelope.id, act=act, _log=log, _start=start)
