"""Gives an operator's commands to the daemons of a broker and follows what becomes of them."""

from __future__ import annotations

from collections.abc import Collection

from alphapanda.bus.kafka_log import KafkaLog
from alphapanda.bus.message_producer import MessageProducer
from alphapanda.clock import Clock
from alphapanda.ids import BrokerId, EventId
from alphapanda.model.control import EVERYTHING, Command, ControlCommand, ControlEvent, Outcome, Scope
from alphapanda.model.kinds import EventType, TradingState
from alphapanda.toolkit.control.obedience import Obedience
from alphapanda.toolkit.control.results import Cancelled, Flattened, Obeyed, Standing
from topics.names import TopicName

PATIENCE_S = 10.0
"""Within it, daemons that run have obeyed many times over."""


class Controller:
    """Commands brokers, through the log; every act is audited, failed ones too.

    Args:
        log: where commands go, open for as long as this is used.
        clock: the time of commands.
        actor: who commands.
        source: from where: `cli`, `tui`.
    """

    def __init__(self, log: KafkaLog, clock: Clock, *, actor: str, source: str) -> None:
        self._log = log
        self._actor = actor
        self._producer = MessageProducer(log, source, clock)

    async def halt(self, broker: BrokerId, reason: str, patience_s: float = PATIENCE_S) -> Obeyed:
        """Stop a broker from trading; cancels still pass. Returns when risk and trader obeyed.

        Raises:
            DeadlineError: not all of them did within `patience_s`; those that did not will when they run.
            KafkaUnreachableError: the command may not be in the log.
        """
        return await self._switch(Command.HALT, broker, reason, patience_s)

    async def reduce(self, broker: BrokerId, reason: str, patience_s: float = PATIENCE_S) -> Obeyed:
        """Let a broker only reduce what it holds; otherwise as `halt`."""
        return await self._switch(Command.REDUCE, broker, reason, patience_s)

    async def resume(self, broker: BrokerId, reason: str, patience_s: float = PATIENCE_S) -> Obeyed:
        """Let a broker trade again; otherwise as `halt`."""
        return await self._switch(Command.RESUME, broker, reason, patience_s)

    async def standing(self, broker: BrokerId, scope: Scope = EVERYTHING) -> Standing:
        """Return what the broker may do and what it holds in scope, from the log; changes nothing."""
        raise NotImplementedError

    async def cancel(
        self, broker: BrokerId, scope: Scope, reason: str, patience_s: float = PATIENCE_S
    ) -> Cancelled:
        """Withdraw the open orders in scope. Returns when the trader obeyed; raises as `halt`.

        An order that has traded by then stays done: it is counted as too late.
        """
        raise NotImplementedError

    async def flatten(
        self, broker: BrokerId, scope: Scope, reason: str, patience_s: float = PATIENCE_S
    ) -> Flattened:
        """Close the positions in scope: reduce, cancel what works, order exits, wait until flat.

        The wait ends without an error when `patience_s` is over: `still_open` says what is held then, and the
        exits go on working. With a scope of the whole broker it is left REDUCING; with a narrower one its
        trading state stays, so a strategy may enter again.

        Raises:
            RefusedError: trading is halted, and the scope is a part of the broker.
            DeadlineError: a service did not obey; the steps that were taken stand.
            KafkaUnreachableError: as `halt`.
        """
        raise NotImplementedError

    async def _switch(self, command: Command, broker: BrokerId, reason: str, patience_s: float) -> Obeyed:
        services = {f"risk.{broker}", f"trader.{broker}"}
        command_id, events = await self._command(command, broker, reason, patience_s, services)
        state = command.leads_to or TradingState.ACTIVE
        return Obeyed(command_id=command_id, command=command, broker=broker, state=state, events=events)

    async def _command(
        self,
        command: Command,
        broker: BrokerId,
        reason: str,
        patience_s: float,
        services: Collection[str],
        scope: Scope | None = None,
    ) -> tuple[EventId, tuple[ControlEvent, ...]]:
        """Send a command, wait until `services` obeyed, audit it; return its id and what they said."""
        topic = TopicName(broker, "control", "commands")
        order = ControlCommand(command=command, broker=broker, actor=self._actor, reason=reason, scope=scope)
        start = await self._log.ends(await self._log.partitions([str(TopicName(broker, "control", "events"))]))
        sent, _ = await self._producer.send(topic, order, key=broker, event_type=EventType.CONTROL_COMMAND)
        obedience, outcome = Obedience(sent.id, services), Outcome.FAILED
        try:
            await obedience.wait(self._log, start, patience_s)
            outcome = Outcome.DONE
        finally:
            who = ",".join(sorted(event.service for event in obedience.events))
            await self._producer.audit(
                self._actor,
                command.value,
                broker,
                outcome=outcome,
                reason=reason,
                correlation_id=sent.id,
                obeyed_by=who,
            )
        return sent.id, obedience.events
