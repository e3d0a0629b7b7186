"""The past: go to a time, play, step, return to the present."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from alphapanda.clock import to_ist
from alphapanda.query.times import parse_time
from topics.errors import AlphaPandaError
from tui.actions.workspace import Workspace
from tui.rewind import Rewind

TIME_HINT: Final = "go to: 10:42  10:42:15  -10m  2026-03-02T10:42  (IST)"
REWIND: Final = "rewind"


class TimeActions:
    """Shows the past.

    Args:
        workspace: the dashboard.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def ask(self) -> None:
        """Ask for a time."""
        self._workspace.prompt.ask(self._workspace.pane, "", TIME_HINT, self._go_to)

    def _go_to(self, text: str) -> None:
        """Show the typed moment."""
        workspace = self._workspace
        rewind, now = workspace.rewind, workspace.clock.now()
        try:
            moment = parse_time(text, now if rewind is None else rewind.at)
        except AlphaPandaError as error:
            workspace.notify(str(error), severity="error", timeout=8)
            return
        if moment > now + timedelta(seconds=1):
            future = f"{to_ist(moment):%d %b %H:%M:%S} IST is in the future; type a past time."
            workspace.notify(future, severity="error")
        elif rewind is not None:
            rewind.go(moment)
        else:
            workspace.start(partial(self._show, moment), REWIND, exclusive=True, fatal=False)

    async def _show(self, moment: datetime) -> None:
        """Show a moment of the past until the present is asked for."""
        workspace = self._workspace
        if workspace.connection is None:
            return
        rewind = Rewind(workspace.connection, workspace.clock, lambda: workspace.paint(everything=True))
        rewind.at = moment
        workspace.rewind = rewind
        try:
            await rewind.run(moment)
        except AlphaPandaError as error:
            workspace.notify(f"{error.message} {error.hint}", severity="error", timeout=10)
        finally:
            if workspace.rewind is rewind:
                workspace.rewind = None

    def play(self) -> None:
        """Play the past, or pause it."""
        if self._workspace.rewind is not None:
            self._workspace.rewind.toggle()
            self._workspace.paint(everything=True)

    def step(self, seconds: str) -> None:
        """Go some seconds back or forward."""
        if self._workspace.rewind is not None:
            self._workspace.rewind.step(float(seconds))

    def speed(self) -> None:
        """Play at the next speed."""
        if self._workspace.rewind is not None:
            self._workspace.rewind.faster()
            self._workspace.paint(everything=True)

    def live(self) -> None:
        """Return to the present."""
        if self._workspace.rewind is not None:
            self._workspace.cancel(REWIND)
            self._workspace.rewind = None
            self._workspace.paint(everything=True)
