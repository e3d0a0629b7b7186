"""Screens and their history, the command palette, help, leaving."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from tui.actions.registry import ACTIONS, BY_ID, Action
from tui.actions.workspace import Workspace
from tui.dialogs.ask import Choice, ChooseDialog
from tui.dialogs.text import TextDialog, help_text
from tui.theme.themes import HUES

CONFIRM_QUIT_S: Final = 10.0
"""A second `q` within this time closes the dashboard while acts are running."""
ENDING_S: Final = 5.0
"""Acts have this long to end when the dashboard closes."""
THEME: Final = "theme "


class NavigationActions:
    """Moves between screens.

    Args:
        workspace: the dashboard.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._history = ["overview"]
        self._place = 0
        self._quit_at = float("-inf")

    async def start_at(self, name: str) -> None:
        """Show the first screen."""
        self._history, self._place = [name], 0
        await self._workspace.show_screen(name)

    async def show(self, name: str) -> None:
        """Show a screen."""
        workspace = self._workspace
        if workspace.connection is None:  # the screen is built once the deployment is known
            workspace.memory.screen = workspace.status.screen = name
            workspace.paint(everything=True)
        elif name != workspace.status.screen:
            self._history = [*self._history[: self._place + 1], name]
            self._place = len(self._history) - 1
            await workspace.show_screen(name)

    async def previous(self) -> None:
        """Go back in the history."""
        await self._go(-1)

    async def next(self) -> None:
        """Go forward in the history."""
        await self._go(1)

    async def _go(self, step: int) -> None:
        place = self._place + step
        if 0 <= place < len(self._history):
            self._place = place
            await self._workspace.show_screen(self._history[place])

    async def last(self) -> None:
        """Go to the screen before this one."""
        before = [name for name in self._history[: self._place] if name != self._workspace.status.screen]
        await self.show(before[-1] if before else "overview")

    async def palette(self) -> None:
        """Find an action by name."""
        workspace = self._workspace
        choices = [
            Choice(action.id, action.title, self._about(action), action.shown)
            for action in ACTIONS
            if (not action.past or workspace.rewind is not None) and action.screen in {"", workspace.status.screen}
        ]
        choices += [Choice(f"{THEME}{name}", f"Theme {name}", "Colours.") for name in HUES]
        chosen = await workspace.ask(ChooseDialog("Commands", choices, workspace.formatter))
        if chosen is None:
            return
        if chosen in BY_ID:
            await workspace.perform(chosen)
        else:
            workspace.appearance.theme = chosen.removeprefix(THEME)
            workspace.apply_theme()

    def _about(self, action: Action) -> str:
        locked = action.is_control and not self._workspace.options.control
        return f"(locked) {action.help}" if locked else action.help

    def help(self) -> None:
        """Show all keys."""
        workspace = self._workspace
        text = help_text(workspace.formatter, control=workspace.options.control)
        workspace.open_dialog(TextDialog("Keys", text))

    async def back(self) -> None:
        """Close the topmost of: prompt, finished acts, full size, filter, search, log window, past, Logs."""
        workspace = self._workspace
        table, view = workspace.table, workspace.view
        if workspace.prompt.is_open:
            workspace.prompt.close()
        elif workspace.running.clear():
            pass
        elif view is not None and view.is_full_size:
            view.toggle_full_size(None)
            workspace.paint_soon()
        elif table is not None and table.order.filter is not None:
            table.set_filter(None)
        elif table is not None and table.search is not None:
            table.set_search(None)
        elif view is not None and view.reset():
            pass
        elif workspace.rewind is not None:
            await workspace.perform("time.live")
        elif workspace.status.screen == "logs":
            await self.last()
        workspace.paint(everything=True)

    def quit(self) -> None:
        """Close the dashboard; while acts are running, only the second time."""
        workspace, running = self._workspace, self._workspace.running.under_way
        now = workspace.clock.monotonic()
        if running and now - self._quit_at >= CONFIRM_QUIT_S:
            self._quit_at = now
            names = ", ".join(act.title for act in running)
            text = f"Still running: {names}. Press q again to quit; a replay is stopped and can be continued."
            workspace.notify(text, severity="warning")
        else:
            workspace.start(self._quit, "quit", exclusive=True)

    async def _quit(self) -> None:
        """Stop the acts that can be stopped, give the rest time to end and to be audited, and close."""
        running = self._workspace.running
        running.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDING_S):
                await running.idle.wait()
        self._workspace.close()
