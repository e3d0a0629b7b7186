"""Gives an operator's commands to the daemons of a broker and follows what becomes of them."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from alphapanda.clock import Clock
from alphapanda.errors import DependencyError, PermanentError, RefusedError
from alphapanda.ids import BrokerId
from alphapanda.kafka.client import KafkaLog
from alphapanda.model.control import EVERYTHING, Command, Done, Outcome, Scope
from alphapanda.model.kinds import TradingState
from alphapanda.operations.control.broker_log import BrokerLog
from alphapanda.operations.control.broker_status import standing_of
from alphapanda.operations.control.commands import Act, sent
from alphapanda.operations.control.exits import CANCELLED, FOLLOWED, ExitsWatch, withdrawn
from alphapanda.operations.control.results import Cancelled, Flattened, Obeyed, Standing
from alphapanda.pipeline.message_producer import MessageProducer
from alphapanda.serialization.codec import Codec, JsonCodec

PATIENCE_S = 10.0
"""Within it, daemons that run have obeyed many times over."""
SHORTEST_S = 0.5
"""What a step is given at least, however long those before it took."""


class Controller:
    """Commands brokers, through the log; every act is audited, failed ones too.

    Args:
        log: where commands go, open for as long as this is used.
        clock: the time of commands.
        actor: who commands.
        source: from where: `cli`, `tui`.
        codec: how the brokers' signals, orders and profits are written; JSON when not given.
    """

    def __init__(
        self, log: KafkaLog, clock: Clock, *, actor: str, source: str, codec: Codec | None = None
    ) -> None:
        self._log = log
        self._clock = clock
        self._actor = actor
        self._producer = MessageProducer(log, source, clock)
        self._codec = codec or JsonCodec()

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
        return await standing_of(self._broker_log(broker), scope)

    async def cancel(
        self, broker: BrokerId, scope: Scope, reason: str, patience_s: float = PATIENCE_S
    ) -> Cancelled:
        """Withdraw the open orders in scope. Returns when the trader obeyed; raises as `halt`.

        An order that has traded by then stays done: it is counted as too late.
        """
        until = self._clock.monotonic() + patience_s
        log = self._broker_log(broker)
        start = await log.ends(CANCELLED)
        async with self._sent(log, Command.CANCEL, reason, scope) as act:
            done = await _done(act, f"trader.{broker}", patience_s)
            act.details |= {"cancelled": str(done.cancelled), "too_late": str(done.too_late)}
            orders = await withdrawn(log, start, act.command_id, done.cancelled, self._left_s(until))
            act.outcome = Outcome.DONE
        return Cancelled(
            command_id=act.command_id,
            broker=broker,
            scope=scope,
            orders=orders,
            too_late=done.too_late,
            unsettled=done.unsettled,
        )

    async def flatten(
        self, broker: BrokerId, scope: Scope, reason: str, patience_s: float = PATIENCE_S
    ) -> Flattened:
        """Close the positions in scope: reduce, cancel what works, order exits, wait until flat.

        Each step is safe if nothing follows it. The wait ends without an error when `patience_s` is over:
        `still_open` says what is held then, and the exits go on working. With a scope of the whole broker it is
        left REDUCING; with a narrower one its trading state stays, so a strategy may enter again.

        Raises:
            RefusedError: trading is halted, and the scope is a part of the broker.
            DeadlineError: a service did not obey; the steps that were taken stand.
            KafkaUnreachableError: as `halt`.
        """
        until = self._clock.monotonic() + patience_s
        before = await self._standing_if_known(broker, scope)
        if scope.is_everything:
            state = (await self.reduce(broker, reason, self._left_s(until))).state
        elif before.state is TradingState.HALTED:
            raise await self._refused(broker, scope, reason, before.why)
        else:
            state = before.state
        cancelled = await self.cancel(broker, scope, reason, self._left_s(until))
        log = self._broker_log(broker)
        start = await log.ends(FOLLOWED)
        async with sent(
            self._producer, log, Command.FLATTEN, actor=self._actor, reason=reason, scope=scope
        ) as act:
            done = await _done(act, f"risk.{broker}", self._left_s(until))
            act.details["exits"] = str(done.exits)
            if done.denied:
                act.outcome = Outcome.REFUSED
                raise _halted(broker, "HALTED meanwhile")
            watch = ExitsWatch(
                command_id=act.command_id, count=done.exits, scope=scope, still_open=before.positions
            )
            await watch.wait(log, start, self._left_s(until))
            act.details["still_open"] = str(len(watch.still_open))
            act.outcome = Outcome.FAILED if watch.still_open else Outcome.DONE
        return Flattened(
            command_id=act.command_id,
            broker=broker,
            scope=scope,
            state=state,
            before=before.positions,
            cancelled=cancelled,
            exits=watch.exits,
            still_open=watch.still_open,
        )

    async def _switch(self, command: Command, broker: BrokerId, reason: str, patience_s: float) -> Obeyed:
        log = self._broker_log(broker)
        async with self._sent(log, command, reason) as act:
            events = await act.obeyed({f"risk.{broker}", f"trader.{broker}"}, patience_s)
            act.outcome = Outcome.DONE
        state = command.leads_to or events[-1].after
        return Obeyed(command_id=act.command_id, command=command, broker=broker, state=state, events=events)

    def _sent(
        self, log: BrokerLog, command: Command, reason: str, scope: Scope | None = None
    ) -> AbstractAsyncContextManager[Act]:
        return sent(self._producer, log, command, actor=self._actor, reason=reason, scope=scope)

    async def _standing_if_known(self, broker: BrokerId, scope: Scope) -> Standing:
        """Return how the broker stands; what cannot be read is no reason not to act."""
        try:
            return await self.standing(broker, scope)
        except (DependencyError, PermanentError):
            return Standing(broker=broker, state=TradingState.ACTIVE, why=TradingState.ACTIVE, positions=())

    async def _refused(self, broker: BrokerId, scope: Scope, reason: str, why: str) -> RefusedError:
        """Audit that positions were not closed, and return the error to raise."""
        await self._producer.audit(
            self._actor,
            Command.FLATTEN.value,
            broker,
            outcome=Outcome.REFUSED,
            reason=reason,
            scope=str(scope),
            refused=why,
        )
        return _halted(broker, why)

    def _broker_log(self, broker: BrokerId) -> BrokerLog:
        return BrokerLog(self._log, broker, self._codec)

    def _left_s(self, until: float) -> float:
        return max(SHORTEST_S, until - self._clock.monotonic())


async def _done(act: Act, service: str, patience_s: float) -> Done:
    """Wait until the one service that a command is for obeyed; return what it did."""
    (event,) = await act.obeyed({service}, patience_s)
    return event.done or Done()


def _halted(broker: BrokerId, why: str) -> RefusedError:
    return RefusedError(
        f"{broker} is {why}: no order passes, so nothing was closed.",
        hint=f"Let exits pass: alphapanda halt {broker} --reduce --reason …",
    )
