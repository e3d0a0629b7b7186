"""The dashboard's acts on a deployment: through the log and the control socket, each audited, failed ones too."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING

from alphapanda.ids import BrokerId
from alphapanda.model.control import Outcome
from alphapanda.operations.audit import AuditSource
from tui.sources.control import ActionResult, Disposition, Ending, PreparedAction, Selection

if TYPE_CHECKING:
    from alphapanda.model.control import Scope
    from alphapanda.operations.audit import AuditedAct
    from alphapanda.operations.control.controller import Controller
    from alphapanda.pipeline.ports import Log
    from commands.shell.context import Context

FLAT_S = 20.0
"""How long an exit may take to be done before it is told as still working."""
READY_S = 60.0


class DeploymentControl:
    """What `tui.sources.control` asks for, on a real deployment.

    Args:
        context: the deployment.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    async def halt(self, broker: str, reason: str) -> ActionResult:
        """Stop a broker from trading."""
        async with self._controller() as controller:
            return ActionResult((await controller.halt(BrokerId(broker), reason)).words)

    async def reduce(self, broker: str, reason: str) -> ActionResult:
        """Let a broker only reduce what it holds."""
        async with self._controller() as controller:
            return ActionResult((await controller.reduce(BrokerId(broker), reason)).words)

    async def resume(self, broker: str, reason: str) -> ActionResult:
        """Let a broker trade again."""
        async with self._controller() as controller:
            return ActionResult((await controller.resume(BrokerId(broker), reason)).words)

    async def cancel(self, broker: str, scope: Scope, reason: str) -> ActionResult:
        """Withdraw open orders."""
        async with self._controller() as controller:
            done = await controller.cancel(BrokerId(broker), scope, reason)
        return ActionResult(done.words, ending=Ending.PARTLY if done.unsettled else Ending.WHOLE)

    async def flatten(self, broker: str, scope: Scope, reason: str) -> ActionResult:
        """Close positions."""
        async with self._controller() as controller:
            done = await controller.flatten(BrokerId(broker), scope, reason, FLAT_S)
        if done.is_flat:
            return ActionResult(done.words)
        return ActionResult(done.words, f"See Orders (4), or: alphapanda positions {broker}", Ending.PARTLY)

    async def restart(self, daemon: str, reason: str) -> ActionResult:
        """Stop a daemon, start it again, and wait until it is ready."""
        from alphapanda.operations.audit import AuditedAct

        act = AuditedAct("restart", daemon, reason, outcome=Outcome.FAILED)
        try:
            told = await self._restart(daemon)
            act.outcome = Outcome.DONE if told.ending is Ending.WHOLE else Outcome.FAILED
        finally:
            unwritten = await written(self._context, act)
        return ActionResult(f"{told.text}{unwritten}", told.hint, Ending.PARTLY if unwritten else told.ending)

    def prepare(self, letters: Selection, fate: Disposition) -> AbstractAsyncContextManager[PreparedAction]:
        """Look dead letters through, in a thread of its own."""
        from commands._dashboard_apart import apart
        from commands._dashboard_letters import prepare

        return apart(lambda: prepare(self._context, letters, fate))

    def _controller(self) -> AbstractAsyncContextManager[Controller]:
        from commands.trading.control import open_controller

        return open_controller(self._context, AuditSource.TUI)

    async def _restart(self, daemon: str) -> ActionResult:
        import asyncio

        from alphapanda.errors import DeadlineError
        from alphapanda.infra.control.client import connect
        from alphapanda.infra.control.run_paths import RunPaths
        from commands.system.following import Following

        places = RunPaths(self._context.deployment)
        async with connect(places) as client:
            await client.restart((daemon,))
        following = Following(self._context.output, quiet=True)
        try:
            async with asyncio.timeout(READY_S), connect(places) as client:
                stuck = await following.until_settled(client.events(), (daemon,))
        except TimeoutError:
            raise DeadlineError(
                f"{daemon} was not ready within {READY_S:g} s.", hint=f"See Logs (9), or: alphapanda logs {daemon}"
            ) from None
        if stuck:
            why = stuck[0].reason or stuck[0].last_exit
            return ActionResult(
                f"{daemon} is {stuck[0].state}: {why}", f"Run: alphapanda logs {daemon}", Ending.PARTLY
            )
        return ActionResult(f"{daemon} was restarted and is ready.")


async def written(context: Context, act: AuditedAct, log: Log | None = None) -> str:
    """Write the audit of an act and return what to add where that failed: what was done stands."""
    from alphapanda.kafka.client import open_log
    from alphapanda.operations.audit import Audit
    from commands.shell.reading import kafka_options

    problems: list[str] = []

    def opened() -> AbstractAsyncContextManager[Log]:
        return open_log(kafka_options(context, "audit")) if log is None else nullcontext(log)

    await Audit(opened, context.clock, source=AuditSource.TUI, on_unwritten=problems.append).record_act(act)
    return f" The audit was not written: {problems[0]}" if problems else ""
