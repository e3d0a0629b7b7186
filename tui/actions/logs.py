"""The Logs screen: windows of time, levels, sources, and the lines about what is selected."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from alphapanda.operations.logs.reader import SERVERS
from topics.errors import AlphaPandaError
from tui.actions.navigation import NavigationActions
from tui.actions.registry import SCREENS
from tui.actions.workspace import Workspace
from tui.dialogs.ask import Choice, ChooseDialog
from tui.render.filters import parse_filter
from tui.screens.operations import LogsScreen
from tui.store.window import HEAD, LEVELS, SPANS, TAIL, LogWindow, LogWindowFilter
from tui.tables.mentions import mentions_of

EARLIER: Final = 5_000
"""Lines read from the files at once."""
EARLIER_OF_SERVICE: Final = 500
"""The same for one service."""
NOTHING_SELECTED: Final = "Select a daemon, a signal, an order or a strategy to see its log lines."


class LogActions:
    """Chooses which log lines are shown.

    Args:
        workspace: the dashboard.
        navigation: shows the Logs screen.
    """

    def __init__(self, workspace: Workspace, navigation: NavigationActions) -> None:
        self._workspace = workspace
        self._navigation = navigation

    @property
    def _screen(self) -> LogsScreen | None:
        view = self._workspace.view
        return view if isinstance(view, LogsScreen) else None

    async def of_selection(self) -> None:
        """Show the lines of the selected daemon, or the lines that mention the selected row."""
        workspace, table = self._workspace, self._workspace.table
        found = mentions_of(table.current if table is not None else None)
        if found is None:
            workspace.notify(NOTHING_SELECTED, timeout=4)
            return
        await self._navigation.show("logs")
        screen = self._screen
        if screen is None:
            return
        if found.service:
            screen.window.wanted = LogWindowFilter(service=found.service)
            screen.table.set_filter(None)
            self.read_service(screen.window)
        else:
            screen.window.wanted = LogWindowFilter()
            screen.table.set_filter(parse_filter(found.filter, screen.table.spec, workspace.clock.now()))
        screen.about = found.about
        workspace.paint(everything=True)

    async def window(self, digit: str) -> None:
        """Show the lines of a window of time; the second time, go to the screen of that digit."""
        workspace, place, screen = self._workspace, int(digit), self._screen
        if screen is None:
            return
        window = screen.window
        if place == window.wanted.digit != TAIL:
            window.wanted = replace(window.wanted, digit=TAIL, since=None)
            await self._navigation.show(SCREENS[place - 1].name)
            return
        span = SPANS[place]
        since = None if span is None else workspace.formatter.now - span
        window.wanted = replace(window.wanted, digit=place, since=since)
        screen.table.set_follow(follow=place != HEAD)
        if place == TAIL:
            screen.table.move_to(len(screen.table.order.keys) - 1)
        else:
            workspace.start(partial(self._fill, screen, place), "lines", exclusive=True, fatal=False)
        workspace.paint(everything=True)

    async def _fill(self, screen: LogsScreen, digit: int) -> None:
        """Read the lines of the window that the store does not hold."""
        window = screen.window
        since, oldest = window.wanted.since, window.oldest(self._workspace.store.lines)
        if since is None or oldest is None or oldest > since:
            await self._read(window, EARLIER)
        if digit == HEAD:
            screen.table.move_to(0)

    def read_service(self, window: LogWindow) -> None:
        """Read the last lines of the window's service from the files."""
        self._workspace.start(
            partial(self._read, window, EARLIER_OF_SERVICE), "lines-of", exclusive=True, fatal=False
        )

    async def _read(self, window: LogWindow, count: int) -> None:
        workspace = self._workspace
        connection, store, wanted = workspace.connection, workspace.store, window.wanted
        if connection is None or connection.history is None:
            return
        oldest = window.oldest(store.lines) or workspace.formatter.now
        try:
            lines = await connection.history.before(oldest, count, wanted.service)
        except (AlphaPandaError, OSError) as error:
            workspace.notify(f"Cannot read older log lines: {error}", severity="error")
            return
        since = wanted.since
        window.add_earlier(store.lines, [line for line in lines if since is None or line.at >= since])
        workspace.paint(everything=True)

    def level(self) -> None:
        """Show lines from the next level up."""
        screen = self._screen
        if screen is not None:
            wanted = screen.window.wanted
            level = LEVELS[(LEVELS.index(wanted.level) + 1) % len(LEVELS)]
            screen.window.wanted = replace(wanted, level=level)
            self._workspace.paint(everything=True)

    async def source(self) -> None:
        """Choose the service whose lines are shown."""
        workspace, screen = self._workspace, self._screen
        if screen is None:
            return
        counts = screen.window.services(workspace.store.lines)
        names = sorted({*counts, *workspace.store.system.daemons, *SERVERS} - {"topics"})
        choices = [Choice("", "all", f"{sum(counts.values())} lines")]
        choices += [Choice(name, name, f"{counts.get(name, 0)} lines") for name in names]
        chosen = await workspace.ask(ChooseDialog("Source of log lines", choices, workspace.formatter))
        if chosen is not None:
            screen.window.wanted = replace(screen.window.wanted, service=chosen)
            workspace.paint(everything=True)
            if chosen:
                self.read_service(screen.window)
