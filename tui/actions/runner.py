"""What all control actions share: the lock, the question, and the run with its result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

from alphapanda.model.kinds import TradingMode
from alphapanda.operations.policy import Confirmation, Need
from topics.errors import AlphaPandaError
from tui.actions.workspace import Workspace
from tui.dialogs.confirm import ConfirmDialog, Question
from tui.running_acts import RunningAct, acknowledgements
from tui.sources.control import ActionResult, Control

READ_ONLY: Final = "Read-only. Restart with --control to enable actions."
NOT_YET: Final = "The settings of the deployment are not read yet; retry in a moment."
IN_THE_PAST: Final = "The past is read-only. Press L to return to the present."
NOTHING_DONE: Final = "Nothing was done."


class ActRunner:
    """Asks before an act, runs it beside the dashboard, and reports its end.

    Args:
        workspace: the dashboard.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def control(self) -> Control | None:
        """Return what carries acts out; notify the operator where acts are locked."""
        workspace = self._workspace
        connection, unlocked = workspace.connection, workspace.options.control
        if unlocked and connection is None:
            workspace.notify(NOT_YET, severity="warning")
        elif not unlocked or connection is None or connection.control is None:
            workspace.notify(READ_ONLY, severity="warning")
        elif workspace.rewind is not None:
            workspace.notify(IN_THE_PAST, severity="warning")
        else:
            return connection.control
        return None

    def is_live(self, broker: str) -> bool:
        """Whether a broker trades with real money."""
        row = self._workspace.store.money.brokers.get(broker)
        return row is not None and row.mode is TradingMode.LIVE

    async def confirm(
        self, control: Control, act: str, question: Question, broker: str, *, name: str = ""
    ) -> Confirmation | None:
        """Ask for the confirmation that the policy requires; None where the operator cancels.

        A requirement that no dialog can meet is not asked for: the act is then refused and audited.

        Args:
            control: carries the act out.
            act: its name in the policy.
            question: the act and its consequence.
            broker: that it touches.
            name: of the changed thing; empty for the broker.
        """
        workspace = self._workspace
        missing = control.missing(act, name or broker, broker)
        if any(one.need in {Need.WRITABLE, Need.BREAK_GLASS} for one in missing):
            return Confirmation()
        typed = next((one.name for one in missing if one.need is Need.NAME), "")
        reason = await workspace.ask(ConfirmDialog(replace(question, typed=typed, danger=self.is_live(broker))))
        if reason is None:
            workspace.notify(NOTHING_DONE, timeout=2)
            return None
        return Confirmation(yes=True, names=frozenset({typed} - {""}), reason=reason)

    def start(self, title: str, order: Callable[[], Awaitable[ActionResult]], waits: Callable[[], str]) -> None:
        """Run an act beside the dashboard.

        Args:
            title: shown while it runs.
            order: runs it.
            waits: returns what it waits for; empty for nothing.
        """
        act = self._workspace.running.begin(title, waits)
        self._workspace.start(partial(self.run, act, order), "act")

    async def run(self, act: RunningAct, order: Callable[[], Awaitable[ActionResult]]) -> None:
        """Run an act to its end, and show the result."""
        workspace, running = self._workspace, self._workspace.running
        workspace.paint(everything=True)
        try:
            running.end(act, await order())
        except AlphaPandaError as error:
            running.fail(act, error)
        finally:
            if act.is_under_way:  # the dashboard closes
                running.drop(act)
        workspace.paint(everything=True)

    def acknowledged_by(self, broker: str, services: tuple[str, ...]) -> Callable[[], str]:
        """Return a text that says which services have obeyed from now on."""
        store = self._workspace.live_store
        seen = store.notes.added
        return lambda: acknowledgements(store, broker, seen, services)
