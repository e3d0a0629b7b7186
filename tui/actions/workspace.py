"""What an action may see and do: the dashboard as its actions know it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from textual.geometry import Size
from textual.notifications import SeverityLevel
from textual.screen import ModalScreen

from alphapanda.clock import Clock
from tui.appearance import Appearance, Options
from tui.panes.pane import TablePane
from tui.panes.prompt import Prompt
from tui.panes.status_bar import DashboardStatus
from tui.render.table import LiveTable
from tui.rewind import Rewind
from tui.running_acts import RunningActs
from tui.screens.base import DashboardScreen
from tui.session import Memory
from tui.sources.connection import Connection
from tui.store.store import Store
from tui.theme.formatter import Formatter

T = TypeVar("T")
Task = Callable[[], Coroutine[None, None, None]]
"""A coroutine function, or a `partial` of one."""


class Workspace(Protocol):
    """The dashboard.

    Attributes:
        clock: the time.
        options: how the dashboard was opened.
        appearance: how values are shown.
        status: shown at the top and the bottom.
        memory: saved between two sessions.
        running: acts under way.
        prompt: the line for typing a filter or a time.
        connection: to the deployment; None until its settings are read.
        rewind: the moment of the past that is shown; None for the present.
        live_store: of the present.
    """

    clock: Clock
    options: Options
    appearance: Appearance
    status: DashboardStatus
    memory: Memory
    running: RunningActs
    prompt: Prompt
    connection: Connection | None
    rewind: Rewind | None
    live_store: Store

    @property
    def store(self) -> Store:
        """The store of the present or, while it is shown, of the past."""
        ...

    @property
    def formatter(self) -> Formatter:
        """Formats values for that moment."""
        ...

    @property
    def views(self) -> Sequence[DashboardScreen]:
        """The screens built so far."""
        ...

    @property
    def view(self) -> DashboardScreen | None:
        """The screen in view."""
        ...

    @property
    def pane(self) -> TablePane[Any] | None:
        """The pane that an action is about."""
        ...

    @property
    def table(self) -> LiveTable[Any] | None:
        """The table of that pane."""
        ...

    @property
    def size(self) -> Size:
        """Of the terminal."""
        ...

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a notification."""
        ...

    def paint(self, *, everything: bool) -> None:
        """Paint the panes that are due, or all in view."""
        ...

    def paint_soon(self) -> None:
        """Paint all panes in view after the next layout."""
        ...

    async def show_screen(self, name: str) -> None:
        """Show a screen."""
        ...

    def open_dialog(self, dialog: ModalScreen[None]) -> None:
        """Open a dialog that is only read."""
        ...

    async def ask(self, dialog: ModalScreen[T]) -> T | None:
        """Open a dialog and return the answer; only in a task."""
        ...

    def start(
        self,
        task: Callable[[], Coroutine[Any, Any, None]],
        group: str,
        *,
        exclusive: bool = False,
        fatal: bool = True,
    ) -> None:
        """Run a task beside the dashboard.

        Args:
            task: what runs.
            group: of tasks that are cancelled together.
            exclusive: cancel the others of the group first.
            fatal: an unexpected error in it ends the dashboard.
        """
        ...

    def cancel(self, group: str) -> None:
        """Cancel the tasks of a group."""
        ...

    async def perform(self, action_id: str) -> None:
        """Run an action of the registry."""
        ...

    def apply_theme(self) -> None:
        """Show the chosen theme."""
        ...

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text."""
        ...

    def screenshot(self) -> str:
        """Return the screen as SVG."""
        ...

    def close(self) -> None:
        """End the dashboard."""
        ...
