"""Trading states of brokers, restarts of daemons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rich.text import Text

from alphapanda.model.process_status import ProcessState, ProcessStatus
from alphapanda.operations.policy import Confirmation
from topics.services import obeying
from tui.actions.runner import ActRunner
from tui.actions.workspace import Workspace
from tui.dialogs.ask import Choice, ChooseDialog
from tui.dialogs.confirm import Question
from tui.dialogs.consequences import of_state
from tui.sources.control import ActionResult, Control

Order = Callable[[str, Confirmation], Awaitable[ActionResult]]


class ControlActions:
    """Halt, reduce, resume, restart, stop.

    Args:
        workspace: the dashboard.
        runner: asks and runs.
    """

    def __init__(self, workspace: Workspace, runner: ActRunner) -> None:
        self._workspace = workspace
        self._runner = runner

    async def halt(self) -> None:
        """Stop a broker from trading."""
        control = self._runner.control()
        if control is not None:
            await self._change(
                control, "Halt", "Halting", "No orders are sent, not even exits. Cancels pass.", control.halt
            )

    async def reduce(self) -> None:
        """Let a broker send exits only."""
        control = self._runner.control()
        if control is not None:
            await self._change(control, "Reduce", "Reducing", "Only exits and cancels pass.", control.reduce)

    async def resume(self) -> None:
        """Let a broker trade again."""
        control = self._runner.control()
        if control is not None:
            await self._change(control, "Resume", "Resuming", "Signals lead to orders again.", control.resume)

    async def _change(self, control: Control, verb: str, doing: str, consequence: str, order: Order) -> None:
        workspace, runner = self._workspace, self._runner
        broker = await self._choose_broker(f"{verb} which broker?")
        if broker is None:
            return
        fmt = workspace.formatter
        body = of_state(broker, workspace.store, fmt).append(f"\n\n{consequence}", fmt.palette.text)
        question = Question(f"{verb} {broker}", body, verb)
        confirmation = await runner.confirm(control, verb.lower(), question, broker)
        if confirmation is not None:
            waits = runner.acknowledged_by(broker, tuple(service.name for service in obeying(broker)))
            runner.start(f"{doing} {broker}", lambda: order(broker, confirmation), waits)

    async def _choose_broker(self, title: str) -> str | None:
        brokers = list(self._workspace.store.money.brokers.values())
        if len(brokers) == 1:
            return brokers[0].broker
        choices = [Choice(row.broker, row.broker, f"{row.mode} {row.state or ''}") for row in brokers]
        return await self._workspace.ask(ChooseDialog(title, choices, self._workspace.formatter))

    async def restart(self) -> None:
        """Restart a daemon."""
        control, workspace = self._runner.control(), self._workspace
        name = await self._choose_daemon() if control is not None else None
        if control is None or name is None:
            return
        daemons, brokers = workspace.store.system.daemons, workspace.store.money.brokers
        live = [broker for broker in brokers if self._runner.is_live(broker)]
        palette, broker = workspace.formatter.palette, name.rpartition(".")[2]
        needed_by = [daemon.name for daemon in daemons.values() if name in daemon.needs]
        body = Text(_consequence(name, daemons.get(name)), palette.text)
        if needed_by:
            body.append(f"\nUntil it is ready, {', '.join(needed_by)} wait.", palette.text)
        for each in [broker] if broker in brokers else live:
            body.append("\n\n").append_text(of_state(each, workspace.store, workspace.formatter))
        if broker not in brokers:  # shared by all brokers
            broker = live[0] if live else ""
        question = Question(f"Restart {name}", body, "Restart")
        confirmation = await self._runner.confirm(control, "restart", question, broker, name=name)
        if confirmation is not None:
            self._runner.start(
                f"Restarting {name}", lambda: control.restart(name, confirmation), lambda: self._state_of(name)
            )

    async def _choose_daemon(self) -> str | None:
        workspace, table = self._workspace, self._workspace.table
        selected = table.current if table is not None else None
        if isinstance(selected, ProcessStatus):
            return selected.name
        daemons = workspace.store.system.daemons.values()
        choices = [Choice(daemon.name, daemon.name, daemon.state.value) for daemon in daemons]
        return await workspace.ask(ChooseDialog("Restart which daemon?", choices, workspace.formatter))

    def _state_of(self, daemon: str) -> str:
        found = self._workspace.live_store.system.daemons.get(daemon)
        if found is None or found.state is ProcessState.READY:
            return ""
        return f"{found.state.value} {found.reason}".strip()

    def stop(self) -> None:
        """Stop the running acts that can be stopped."""
        if not self._workspace.running.stop():
            self._workspace.notify("No running action can be stopped.", timeout=3)
        self._workspace.paint(everything=True)


def _consequence(name: str, daemon: ProcessStatus | None) -> str:
    if daemon is not None and daemon.kind == "infra":
        return f"{name} stops and starts again; its clients retry until it is back."
    return f"{name} drains, stops and starts again; it recovers from the log."
