"""Finding rows again, and the log lines of what is selected: the actions of `tui.log_actions`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual import work

from alphapanda.operations.logs.reader import SERVERS
from topics.errors import AlphaPandaError
from tui.actions import SCREENS
from tui.dialogs.ask import Choice, ChooseDialog
from tui.render.filters import parse_filter
from tui.screens.operations import LogsScreen
from tui.store.window import HEAD, LEVELS, SPANS, TAIL, LogWindow, LogWindowFilter
from tui.tables.mentions import mentions_of

if TYPE_CHECKING:
    from tui.app import Dashboard

EARLIER = 5_000
"""Lines that are read from the files at once."""
A_SERVICES = 500
"""Likewise of one service."""
RATES = (1, 5, 10)
"""Of how many beats one is painted, most often first."""
BEATS_A_SECOND = 10


class SearchActions:
    """Searching, marking, windows of the logs, and how often is painted; mixed into the dashboard."""

    @property
    def _desktop(self) -> Dashboard:
        return cast("Dashboard", self)

    # ------------------------------------------------------------ rows

    def action_next_match(self, step: str) -> None:
        """Show all rows, and go to the next one that the filter found."""
        app = self._desktop
        table = app.table
        if table is None:
            return
        if table.order.filter is not None:
            wanted = table.order.filter
            table.set_filter(None)
            table.set_search(wanted)
        if table.search is None:
            app.notify("Type / and what to look for; n and N then go through it.", timeout=4)
        elif not table.find_next(int(step)):
            app.notify(f"Nothing here has {table.search.text!r}.", timeout=3)
        app.paint(everything=True)

    def action_mark(self) -> None:
        """Mark the selected row, or unmark it."""
        table = self._desktop.table
        if table is not None and table.toggle_mark() is None:
            self._desktop.notify("There is no row to mark.", timeout=2)

    def action_next_mark(self) -> None:
        """Go to the next marked row."""
        table = self._desktop.table
        if table is not None and not table.next_mark():
            self._desktop.notify("No row is marked: m marks one.", timeout=3)

    # ------------------------------------------------------------ logs

    async def action_logs_of(self) -> None:
        """Show the lines of the selected daemon, or those that name what is selected."""
        app = self._desktop
        row = app.table.current if app.table is not None else None
        found = mentions_of(row)
        if found is None:
            app.notify("Select a daemon, a signal, an order or a strategy: their lines are shown.", timeout=4)
            return
        await app.run_action("show_screen('logs')")
        view = app.view
        if not isinstance(view, LogsScreen):
            return
        if found.service:
            view.window.wanted = LogWindowFilter(service=found.service)
            view.table.set_filter(None)
            self.read_lines_of(view.window)
        else:
            view.window.wanted = LogWindowFilter()
            view.table.set_filter(parse_filter(found.filter, view.table.spec, app.clock.now()))
        view.about = found.about
        app.paint(everything=True)

    async def action_since(self, digit: str) -> None:
        """Show the lines of a window of time; once more, go to the screen that the digit means elsewhere."""
        app, place = self._desktop, int(digit)
        view = app.view
        if not isinstance(view, LogsScreen):
            return
        if place == view.window.wanted.digit != TAIL:
            view.window.wanted = replace(view.window.wanted, digit=TAIL, since=None)
            await app.run_action(f"show_screen('{SCREENS[place - 1][0]}')")
            return
        span = SPANS[place]
        since = None if span is None else app.fmt.now - span
        view.window.wanted = replace(view.window.wanted, digit=place, since=since)
        view.table.set_follow(follow=place != HEAD)
        if place == TAIL:
            view.table.move_to(len(view.table.order.keys) - 1)
        else:
            self.read_earlier(place)
        app.paint(everything=True)

    @work(group="lines", exclusive=True, exit_on_error=False)
    async def read_earlier(self, digit: int) -> None:
        """Read what the window needs and the store does not hold."""
        app = self._desktop
        view = app.view
        if not isinstance(view, LogsScreen):
            return
        since, oldest = view.window.wanted.since, view.window.oldest(app.store.lines)
        if since is None or oldest is None or oldest > since:
            await self._read_earlier(view.window, EARLIER)
        if digit == HEAD:
            view.table.move_to(0)

    @work(group="lines-of", exclusive=True, exit_on_error=False)
    async def read_lines_of(self, window: LogWindow) -> None:
        """Read the last lines of the service that a window is about: the store may hold none of it."""
        await self._read_earlier(window, A_SERVICES)

    async def _read_earlier(self, window: LogWindow, count: int) -> None:
        app = self._desktop
        connection, store, wanted = app.connection, app.store, window.wanted
        if connection is None or connection.history is None:
            return
        oldest = window.oldest(store.lines) or app.fmt.now
        try:
            lines = await connection.history.before(oldest, count, wanted.service)
        except (AlphaPandaError, OSError) as error:
            app.notify(f"The older lines cannot be read: {error}", severity="error")
            return
        since = wanted.since
        window.add_earlier(store.lines, [line for line in lines if since is None or line.at >= since])
        app.paint(everything=True)

    def action_level(self) -> None:
        """Show lines of the next level, and worse ones."""
        app = self._desktop
        view = app.view
        if isinstance(view, LogsScreen):
            wanted = view.window.wanted
            level = LEVELS[(LEVELS.index(wanted.level) + 1) % len(LEVELS)]
            view.window.wanted = replace(wanted, level=level)
            app.paint(everything=True)

    @work(group="dialog")
    async def action_source(self) -> None:
        """Choose whose lines are shown."""
        app = self._desktop
        view = app.view
        if not isinstance(view, LogsScreen):
            return
        counts = view.window.services(app.store.lines)
        names = sorted({*counts, *app.store.system.daemons, *SERVERS} - {"topics"})
        choices = [Choice("", "everybody", f"{sum(counts.values())} lines")]
        choices += [Choice(name, name, f"{counts.get(name, 0)} lines") for name in names]
        chosen = await app.push_screen_wait(ChooseDialog("Whose lines?", choices, app.fmt))
        if chosen is not None:
            view.window.wanted = replace(view.window.wanted, service=chosen)
            app.paint(everything=True)
            if chosen:
                self.read_lines_of(view.window)

    # ------------------------------------------------------------ painting

    def action_rate(self, step: str) -> None:
        """Paint more often, or less."""
        app = self._desktop
        place = RATES.index(app.every) if app.every in RATES else 0
        app.every = RATES[max(0, min(len(RATES) - 1, place - int(step)))]
        app.status.hertz = rate = BEATS_A_SECOND // app.every
        app.notify(f"Painted {rate} times a second." if rate > 1 else "Painted once a second.", timeout=2)
