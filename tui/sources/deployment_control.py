"""The dashboard's acts on a deployment: the same use cases, policy and audit as the command line's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.ids import BrokerId
from alphapanda.kafka.client import open_log
from alphapanda.model.control import Command, Scope
from alphapanda.operations.audit import Audit, AuditSource
from alphapanda.operations.control.restart import RestartProcesses, restart_target
from alphapanda.operations.control.session import ControlSession
from alphapanda.operations.control.trading import CancelOrders, ChangeTradingState, FlattenPositions
from alphapanda.operations.policy import ACTS, Confirmation, Missing, StrictPermit, Target, decide
from alphapanda.operations.servers import kafka_options, open_control_session
from alphapanda.settings import Settings
from alphapanda.settings.calendar_file import load_calendar
from tui.sources.control import ActionResult, Disposition, Ending, PreparedAction, Selection

FLAT_S = 20.0
"""How long an exit may take; after that it is told as still working."""
READY_S = 60.0


@dataclass
class UnwrittenAudit:
    """Why acts could not be recorded.

    Attributes:
        reasons: one for each.
    """

    reasons: list[str] = field(default_factory=list)

    def add_to(self, told: ActionResult) -> ActionResult:
        """Return the result of an act, with a note where it could not be recorded: the act itself stands."""
        if not self.reasons:
            return told
        return replace(
            told, text=f"{told.text} The audit was not written: {self.reasons[0]}", ending=Ending.PARTLY
        )


class DeploymentControl:
    """Implements `tui.sources.control.Control` on a real deployment.

    Args:
        deployment: the folder.
        settings: its settings.
        clock: the time.
        letters: prepares acts on dead letters.
        names: names that were typed before the dashboard opened.
    """

    def __init__(
        self,
        deployment: Deployment,
        settings: Settings,
        clock: Clock,
        letters: Callable[[Selection, Disposition], AbstractAsyncContextManager[PreparedAction]],
        names: frozenset[str] = frozenset(),
    ) -> None:
        self._deployment = deployment
        self._settings = settings
        self._clock = clock
        self._letters = letters
        self._names = names
        self._modes = {name: settings.brokers[name].kind.mode for name in settings.active_brokers}

    def missing(self, act: str, name: str, broker: str) -> tuple[Missing, ...]:
        """Return what the policy demands before an act."""
        target = Target(name, broker, self._modes.get(broker))
        given = Confirmation(names=self._names)
        return decide(
            ACTS[act],
            self._settings.safety,
            self._deployment.root.name,
            target,
            given,
            exchange_open=self._exchange_trades(),
        )

    async def halt(self, broker: str, confirmation: Confirmation) -> ActionResult:
        """Stop a broker from trading."""
        return await self._change(Command.HALT, broker, confirmation)

    async def reduce(self, broker: str, confirmation: Confirmation) -> ActionResult:
        """Let a broker only reduce what it holds."""
        return await self._change(Command.REDUCE, broker, confirmation)

    async def resume(self, broker: str, confirmation: Confirmation) -> ActionResult:
        """Let a broker trade again."""
        return await self._change(Command.RESUME, broker, confirmation)

    async def _change(self, command: Command, broker: str, confirmation: Confirmation) -> ActionResult:
        unwritten = UnwrittenAudit()
        async with self._session(confirmation, unwritten) as session:
            obeyed = await ChangeTradingState(session, command).run(BrokerId(broker), confirmation.reason)
        return unwritten.add_to(ActionResult(obeyed.words))

    async def cancel(self, broker: str, scope: Scope, confirmation: Confirmation) -> ActionResult:
        """Cancel open orders."""
        unwritten = UnwrittenAudit()
        async with self._session(confirmation, unwritten) as session:
            done = await CancelOrders(session).run(BrokerId(broker), scope, confirmation.reason)
        return unwritten.add_to(ActionResult(done.words, ending=Ending.PARTLY if done.unsettled else Ending.WHOLE))

    async def flatten(self, broker: str, scope: Scope, confirmation: Confirmation) -> ActionResult:
        """Close positions."""
        unwritten = UnwrittenAudit()
        async with self._session(confirmation, unwritten) as session:
            flatten = FlattenPositions(session)
            done = await flatten.run(BrokerId(broker), scope, confirmation.reason, FLAT_S)
        if done.is_flat:
            return unwritten.add_to(ActionResult(done.words))
        hint = f"See Orders (4), or: alphapanda positions {broker}"
        return unwritten.add_to(ActionResult(done.words, hint, Ending.PARTLY))

    async def restart(self, daemon: str, confirmation: Confirmation) -> ActionResult:
        """Stop a daemon, start it again, and wait until it is ready."""
        unwritten = UnwrittenAudit()
        audit = Audit(
            lambda: open_log(kafka_options(self._deployment, self._settings, self._clock, "audit")),
            self._clock,
            source=AuditSource.TUI,
            on_unwritten=unwritten.reasons.append,
        )
        restart = RestartProcesses(self._deployment, audit, self._permit(confirmation))
        target = restart_target((daemon,), self._modes)
        readiness = await restart.run((daemon,), target, confirmation.reason, READY_S)
        if not readiness.stuck:
            return unwritten.add_to(ActionResult(f"{daemon} was restarted and is ready."))
        stuck = readiness.stuck[0]
        words = f"{daemon} is {stuck.state}: {stuck.reason or stuck.last_exit}"
        return unwritten.add_to(ActionResult(words, f"Run: alphapanda logs {daemon}", Ending.PARTLY))

    def prepare(self, letters: Selection, disposition: Disposition) -> AbstractAsyncContextManager[PreparedAction]:
        """Prepare an act on dead letters."""
        return self._letters(letters, disposition)

    def _session(
        self, confirmation: Confirmation, unwritten: UnwrittenAudit
    ) -> AbstractAsyncContextManager[ControlSession]:
        return open_control_session(
            self._deployment,
            self._settings,
            self._clock,
            self._permit(confirmation),
            source=AuditSource.TUI,
            on_unwritten=unwritten.reasons.append,
        )

    def _permit(self, confirmation: Confirmation) -> StrictPermit:
        given = replace(confirmation, names=confirmation.names | self._names)
        name = self._deployment.root.name
        return StrictPermit(self._settings.safety, name, given, self._exchange_trades())

    def _exchange_trades(self) -> bool:
        return load_calendar(self._deployment).trades_at(self._clock.now())
