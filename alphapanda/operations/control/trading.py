"""The acts on a broker, one class each: change its trading state, cancel orders, flatten positions."""

from __future__ import annotations

from alphapanda.errors import DependencyError, PermanentError, RefusedError
from alphapanda.ids import BrokerId
from alphapanda.model.control import Command, Outcome, Scope
from alphapanda.model.kinds import TradingState
from alphapanda.operations.audit import AuditedAct
from alphapanda.operations.control.exits import CANCELLED, FOLLOWED, ExitsWatch, cancelled_orders
from alphapanda.operations.control.results import BrokerStatus, Cancelled, Flattened, Obeyed
from alphapanda.operations.control.session import PATIENCE_S, ControlSession
from topics.services import obeying, risk_of, trader_of

SHORTEST_S = 0.5
"""The least time for a step, however long the steps before it took."""


class ChangeTradingState:
    """Halts, reduces or resumes a broker.

    Args:
        session: the surroundings.
        command: HALT, REDUCE or RESUME.
    """

    def __init__(self, session: ControlSession, command: Command) -> None:
        self._session = session
        self._command = command

    async def run(self, broker: BrokerId, reason: str, patience_s: float = PATIENCE_S) -> Obeyed:
        """Change the state; returns when risk and trader obeyed.

        Raises:
            RefusedError: the policy does not permit it.
            DeadlineError: not all of them obeyed within `patience_s`; the others will when they run.
            KafkaUnreachableError: the command may not be in the log.
        """
        async with self._session.audited(self._command, broker, reason) as act:
            self._session.check(self._command, broker, f"{self._command.capitalize()} {broker}")
            sent = await self._session.send(self._command, broker, act)
            events = await sent.obeyed({service.name for service in obeying(broker)}, patience_s)
        state = self._command.leads_to or events[-1].after
        return Obeyed(command_id=sent.command_id, command=self._command, broker=broker, state=state, events=events)


class CancelOrders:
    """Cancels the open orders of a broker that are in a scope.

    Args:
        session: the surroundings.
    """

    def __init__(self, session: ControlSession) -> None:
        self._session = session

    async def run(
        self,
        broker: BrokerId,
        scope: Scope,
        reason: str,
        patience_s: float = PATIENCE_S,
        *,
        question: str = "",
    ) -> Cancelled:
        """Cancel them; returns when the trader obeyed. An order that has traded by then counts as too late.

        Args:
            broker: whose orders.
            scope: which of them.
            reason: why.
            patience_s: how long to wait.
            question: what is about to be done, for whoever is asked.

        Raises:
            RefusedError: the policy does not permit it.
            DeadlineError: the trader did not obey within `patience_s`; it will when it runs.
            KafkaUnreachableError: the command may not be in the log.
        """
        async with self._session.audited(Command.CANCEL, broker, reason, scope) as act:
            self._session.check(Command.CANCEL, broker, question or f"Cancel orders of {broker} ({scope})")
            return await self._cancel(broker, scope, act, patience_s)

    async def _cancel(self, broker: BrokerId, scope: Scope, act: AuditedAct, patience_s: float) -> Cancelled:
        clock = self._session.clock
        until = clock.monotonic() + patience_s
        log = self._session.broker_log(broker)
        start = await log.ends(CANCELLED)
        sent = await self._session.send(Command.CANCEL, broker, act, scope)
        done = await sent.obeyed_by(trader_of(broker).name, patience_s)
        act.details |= {"cancelled": str(done.cancelled), "too_late": str(done.too_late)}
        left_s = max(SHORTEST_S, until - clock.monotonic())
        return Cancelled(
            command_id=sent.command_id,
            broker=broker,
            scope=scope,
            orders=await cancelled_orders(log, start, sent.command_id, done.cancelled, left_s),
            too_late=done.too_late,
            unsettled=done.unsettled,
        )


class FlattenPositions:
    """Closes the positions of a broker that are in a scope: reduce, cancel open orders, order exits, wait.

    Args:
        session: the surroundings.
    """

    def __init__(self, session: ControlSession) -> None:
        self._session = session

    async def run(self, broker: BrokerId, scope: Scope, reason: str, patience_s: float = PATIENCE_S) -> Flattened:
        """Close them; each step is safe if nothing follows it.

        The wait ends without an error when `patience_s` is over: `still_open` has the positions held then, and the
        exits go on working. With a scope of the whole broker it is left REDUCING; with a narrower one its trading
        state stays, so a strategy may enter again.

        Raises:
            RefusedError: the policy does not permit it; or trading is halted, and the scope a part of the broker.
            DeadlineError: a service did not obey; the steps that were taken stand.
            KafkaUnreachableError: the last command may not be in the log.
        """
        async with self._session.audited(Command.FLATTEN, broker, reason, scope) as act:
            self._session.check(Command.FLATTEN, broker, f"Flatten {broker} ({scope})")
            return await self._flatten(broker, scope, act, patience_s)

    async def _flatten(self, broker: BrokerId, scope: Scope, act: AuditedAct, patience_s: float) -> Flattened:
        session = self._session
        until = session.clock.monotonic() + patience_s

        def left_s() -> float:
            return max(SHORTEST_S, until - session.clock.monotonic())

        before = await self._status_if_known(broker, scope)
        if scope.is_everything:
            reduce = ChangeTradingState(session.permitted(), Command.REDUCE)
            state = (await reduce.run(broker, act.reason, left_s())).state
        elif before.state is TradingState.HALTED:
            act.details["refused"] = before.why
            raise _halted(broker, before.why)
        else:
            state = before.state
        cancelled = await CancelOrders(session.permitted()).run(broker, scope, act.reason, left_s())
        log = session.broker_log(broker)
        start = await log.ends(FOLLOWED)
        sent = await session.send(Command.FLATTEN, broker, act, scope)
        done = await sent.obeyed_by(risk_of(broker).name, left_s())
        act.details["exits"] = str(done.exits)
        if done.denied:
            raise _halted(broker, "HALTED meanwhile")
        watch = ExitsWatch(command_id=sent.command_id, count=done.exits, scope=scope, still_open=before.positions)
        await watch.wait(log, start, left_s())
        act.details["still_open"] = str(len(watch.still_open))
        act.outcome = Outcome.FAILED if watch.still_open else Outcome.DONE
        return Flattened(
            command_id=sent.command_id,
            broker=broker,
            scope=scope,
            state=state,
            before=before.positions,
            cancelled=cancelled,
            exits=watch.exits,
            still_open=watch.still_open,
        )

    async def _status_if_known(self, broker: BrokerId, scope: Scope) -> BrokerStatus:
        """Return the broker's state and positions; one that cannot be read is no reason not to act."""
        try:
            return await self._session.broker_log(broker).status(scope)
        except (DependencyError, PermanentError):
            active = TradingState.ACTIVE
            return BrokerStatus(broker=broker, state=active, why=active, positions=())


def _halted(broker: BrokerId, why: str) -> RefusedError:
    return RefusedError(
        f"{broker} is {why}: no order passes, so nothing was closed.",
        hint=f"Let exits pass: alphapanda halt {broker} --reduce --reason …",
    )
