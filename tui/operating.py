"""What the keys do: one `action_…` for each row of `tui.actions`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from textual import work
from textual.widgets import Input

from alphapanda.query.times import parse_time
from topics.errors import AlphaPandaError
from topics.services import TICKS
from tui.action import Action
from tui.actions import ACTIONS
from tui.dialogs.ask import Choice, ChooseDialog, ColumnsDialog
from tui.dialogs.inspect import InspectDialog
from tui.dialogs.text import TextDialog, help_text
from tui.dialogs.waterfall import waterfall
from tui.export import file_name, write_csv, write_jsonl, write_picture
from tui.finding import SearchActions
from tui.render.filters import parse_filter
from tui.resolving import Resolving
from tui.screens.operations import LogsScreen
from tui.store.store import Store
from tui.theme.formatter import Zone
from tui.theme.masking import hide
from tui.theme.themes import HUES

if TYPE_CHECKING:
    from tui.app import Dashboard

ROW_LIMIT = 4_096
"""Characters of a copied row that a terminal is sure to take."""


class Operating(SearchActions, Resolving):
    """The actions of the dashboard; mixed into it."""

    asking = ""

    @property
    def _app(self) -> Dashboard:
        return cast("Dashboard", self)

    # ------------------------------------------------------------ screens

    async def action_show_screen(self, name: str) -> None:
        """Show a screen."""
        app = self._app
        if app.connection is None:
            app.memory.screen = app.status.screen = name  # it is built when it is known of what
            app.paint(everything=True)
            return
        if name == app.status.screen:
            return
        app.history = [*app.history[: app.history_place + 1], name]
        app.history_place = len(app.history) - 1
        await app.show_screen(name)

    async def action_back_screen(self) -> None:
        """Go back in the history of screens."""
        await self._go_history(-1)

    async def action_next_screen(self) -> None:
        """Go forward in the history of screens."""
        await self._go_history(1)

    async def _go_history(self, step: int) -> None:
        app = self._app
        place = app.history_place + step
        if 0 <= place < len(app.history):
            app.history_place = place
            await app.show_screen(app.history[place])

    async def action_last_screen(self) -> None:
        """Go to the screen before this one."""
        app = self._app
        before = [name for name in app.history[: app.history_place] if name != app.status.screen]
        await self.action_show_screen(before[-1] if before else "overview")

    @work(group="dialog")
    async def action_palette(self) -> None:
        """Find an action by its name."""
        app = self._app
        choices = [
            Choice(str(place), action.title, self._about(action), action.shown)
            for place, action in enumerate(ACTIONS)
            if (not action.rewound or app.rewind is not None) and action.screen in {"", app.status.screen}
        ]
        choices += [Choice(f"theme {name}", f"Theme {name}", "Colours.") for name in HUES]
        chosen = await app.push_screen_wait(ChooseDialog("Commands", choices, app.fmt))
        if chosen is None:
            return
        if chosen.startswith("theme "):
            self._take_theme(chosen.removeprefix("theme "))
        else:
            await app.run_action(ACTIONS[int(chosen)].call)

    def _about(self, action: Action) -> str:
        return action.help if not action.control or self._app.options.control else f"(locked) {action.help}"

    def action_help(self) -> None:
        """Show all keys."""
        app = self._app
        app.push_screen(TextDialog("Keys", help_text(app.fmt, control=app.options.control)))

    def action_leave(self) -> None:
        """Close the dashboard; while something is under way, the second time."""
        if not self.holds_back():
            self.leave()

    async def action_back(self) -> None:
        """Close what is on top: full size, the filter, the past."""
        app = self._app
        table, screen = app.table, app.screen
        if self.asking:
            self.asking = ""
            self.close_prompt()
        elif self.acts.clear():
            table = None
        elif screen.has_class("-full"):
            self.action_maximise()
        elif table is not None and table.order.filter is not None:
            table.set_filter(None)
        elif table is not None and table.search is not None:
            table.set_search(None)
        elif isinstance(app.view, LogsScreen) and app.view.clear():
            table = None
        elif app.rewind is not None:
            self.action_live()
        elif app.status.screen == "logs":
            await self.action_last_screen()
        app.paint(everything=True)

    # ------------------------------------------------------------ looking

    def action_filter(self) -> None:
        """Type a filter."""
        table = self._app.table
        if table is not None:
            known = table.order.filter
            self._ask(
                "filter",
                known.text if known is not None else "",
                "filter: word  !word  column:value  qty:>100  =data.x > 1",
            )

    def apply_filter(self, text: str, *, quiet: bool) -> None:
        """Filter the table; a filter that is still being typed may be unfinished."""
        app = self._app
        table = app.table
        if table is None:
            return
        try:
            table.set_filter(parse_filter(text, table.spec, app.clock.now()))
        except AlphaPandaError as error:
            if not quiet:
                app.notify(f"{error.message} {error.hint}", severity="error", timeout=8)
        app.paint(everything=True)

    def action_inspect(self) -> None:
        """Show the row whole."""
        app = self._app
        table = app.table
        if table is not None and table.current is not None:
            app.push_screen(InspectDialog(hide(table.spec.document(table.current), app.fmt), app.fmt))

    @work(group="dialog")
    async def action_trace(self) -> None:
        """Show the chain of the selected signal or order."""
        app = self._app
        view, table = app.view, app.table
        key = view.chain_of_selection(table) if view is not None and table is not None else None
        if key is None:
            app.notify("Select a signal (3) or an order (4): they have a chain.", severity="warning")
            return
        chain = app.store.chains.of(key)
        if chain is None:
            app.notify(f"The chain is older than what is held here. Run: alphapanda why {key}", severity="warning")
            return
        tick_ms = None if chain.tick is None else _tick_written(app.store, chain.tick.partition, chain.tick.offset)
        width = min(200, int(app.size.width * 0.9)) - 6
        app.push_screen(TextDialog("From tick to fill", waterfall(chain, tick_ms, app.fmt, width), wide=True))

    def action_freeze(self) -> None:
        """Let the pane stand still, or go on."""
        app = self._app
        if app.pane is not None:
            app.pane.freeze(app.store, app.fmt)
            app.paint(everything=True)

    def action_follow(self) -> None:
        """Stay with the newest row, or stop doing so."""
        app = self._app
        if app.table is not None:
            app.table.set_follow(follow=not app.table.follow)
            app.notify("Following the newest." if app.table.follow else "Not following.", timeout=2)

    def action_maximise(self) -> None:
        """Give the pane the whole screen, and back."""
        app = self._app
        pane, screen, view = app.pane, app.screen, app.view
        if pane is None or view is None:
            return
        full = not screen.has_class("-full")
        screen.set_class(full, "-full")
        for each in view.query("Pane"):
            each.set_class(full and each is pane, "-full")
        for box in view.query("Horizontal, Vertical"):
            box.set_class(full and pane not in box.query("Pane"), "-without-full")
        app.call_after_refresh(app.paint, everything=True)

    def action_sort(self, step: str) -> None:
        """Sort by the column beside."""
        table = self._app.table
        if table is not None and not table.spec.tail:
            table.sort_by_next(int(step))

    def action_reverse(self) -> None:
        """Turn the order round."""
        table = self._app.table
        if table is not None and not table.spec.tail:
            table.set_sort(table.order.sort, reverse=not table.order.reverse)

    @work(group="dialog")
    async def action_columns(self) -> None:
        """Choose the table's columns."""
        app = self._app
        table = app.table
        if table is None:
            return
        columns = [(column.key, column.title) for column in table.spec.columns]
        shown = table.chosen or {column.key for column in table.columns_shown}
        chosen = await app.push_screen_wait(ColumnsDialog(columns, shown))
        if chosen and chosen != shown:
            table.set_columns(chosen)

    def action_zone(self) -> None:
        """Show times otherwise."""
        app = self._app
        zones = list(Zone)
        app.set_look(zone_shown=zones[(zones.index(app.zone_shown) + 1) % len(zones)])
        app.notify(f"Times: {app.zone_shown.value}.", timeout=2)

    def action_compact(self) -> None:
        """Show money short, or to the paisa."""
        self._app.set_look(compact=not self._app.compact)

    def action_hide_money(self) -> None:
        """Mask every amount, or show them again."""
        self._app.set_look(hidden=not self._app.hidden)

    def action_theme(self) -> None:
        """Take the next theme."""
        names = list(HUES)
        self._take_theme(names[(names.index(self._app.theme) + 1) % len(names)])

    def _take_theme(self, name: str) -> None:
        app = self._app
        app.ansi_color = name.endswith("ansi")
        app.theme = name
        app.tint()
        app.paint(everything=True)

    def action_retry(self) -> None:
        """Ask the sources that do not answer at once."""
        for handle in self._app.status.handles:
            handle.again.set()

    def action_reset_layout(self) -> None:
        """Forget sorts, filters and columns."""
        app = self._app
        app.memory.tables.clear()
        for pane in app.query("TablePane"):
            table = getattr(pane, "table", None)
            if table is not None:
                table.order.sort, table.order.reverse = table.spec.sort, table.spec.reverse
                table.set_filter(None)
                table.set_columns(None)
        app.notify("The layout is as at first.")

    # ------------------------------------------------------------ time

    def action_go_to_time(self) -> None:
        """Ask for a time."""
        self._ask("time", "", "go to: 10:42  10:42:15  -10m  2026-03-02T10:42  (IST)")

    def rewind_to(self, text: str) -> None:
        """Show the moment that was typed."""
        app = self._app
        base = app.clock.now() if app.rewind is None else app.rewind.at
        try:
            moment = parse_time(text, base)
        except AlphaPandaError as error:
            app.notify(str(error), severity="error", timeout=8)
            return
        refused = app.limit_of_past(moment)
        if refused:
            app.notify(refused, severity="error")
        elif app.rewind is not None:
            app.rewind.go(moment)
        else:
            app.enter_past(moment)

    def action_play(self) -> None:
        """Let the past run, or stop it."""
        if self._app.rewind is not None:
            self._app.rewind.toggle()
            self._app.paint(everything=True)

    def action_step(self, seconds: str) -> None:
        """Go some seconds back or on."""
        if self._app.rewind is not None:
            self._app.rewind.step(float(seconds))

    def action_speed(self) -> None:
        """Take the next speed."""
        if self._app.rewind is not None:
            self._app.rewind.faster()
            self._app.paint(everything=True)

    def action_live(self) -> None:
        """Return to the present."""
        app = self._app
        if app.rewind is not None:
            app.workers.cancel_group(app, "rewind")
            app.rewind = None
            app.paint(everything=True)

    # ------------------------------------------------------------ taking along

    def action_copy_row(self) -> None:
        """Copy the row as JSON."""
        app = self._app
        table = app.table
        if table is not None and table.current is not None:
            text = json.dumps(table.spec.document(table.current).data, default=str, ensure_ascii=False)
            app.copy_to_clipboard(text)
            short = "" if len(text) < ROW_LIMIT else " Long: if the terminal refuses it, export with E."
            app.notify(f"Copied {len(text)} characters.{short}", timeout=3)

    def action_copy_cell(self) -> None:
        """Copy what identifies the row."""
        app = self._app
        table = app.table
        if table is not None and table.current_key is not None:
            fields: dict[str, Any] = table.spec.fields(table.current) if table.current is not None else {}
            text = str(fields.get("id") or fields.get("decision") or table.current_key)
            app.copy_to_clipboard(text)
            app.notify(f"Copied {text}", timeout=3)

    def action_export(self, form: str) -> None:
        """Write the rows in view to a file."""
        app = self._app
        table = app.table
        if table is None:
            return
        path = app.options.folder / file_name(table.spec.name, app.fmt.now, form)
        rows = table.shown
        try:
            if form == "csv":
                write_csv(path, table.columns_shown, rows)
            else:
                write_jsonl(path, table.spec, rows)
        except OSError as error:
            app.notify(f"{path} cannot be written: {error.strerror}.", severity="error")
            return
        app.notify(f"{len(rows)} {table.spec.noun} in {path}", timeout=6)

    def action_picture(self) -> None:
        """Write the screen to an SVG file."""
        app = self._app
        path = app.options.folder / file_name(app.status.screen, app.fmt.now, "svg")
        try:
            write_picture(path, app.export_screenshot())
        except OSError as error:
            app.notify(f"{path} cannot be written: {error.strerror}.", severity="error")
            return
        app.notify(f"The screen is in {path}", timeout=6)

    # ------------------------------------------------------------ the prompt

    def _ask(self, what: str, value: str, placeholder: str) -> None:
        prompt = self._app.query_one("#prompt", Input)
        prompt.placeholder = placeholder
        prompt.value = value
        prompt.can_focus = prompt.display = True
        self._app.asked_of = self._app.pane
        self.asking = what
        self._app.set_focus(prompt)

    def close_prompt(self) -> None:
        """Hide the prompt and give the focus back."""
        app = self._app
        prompt = app.query_one("#prompt", Input)
        # Hidden it must not be found by who looks for a focus, else it would swallow the keys.
        prompt.can_focus = prompt.display = False
        view, pane = app.view, app.asked_of
        first = pane.table if pane is not None else view.first_focus() if view is not None else None
        app.asked_of = None
        app.set_focus(first)


def _tick_written(store: Store, number: int, offset: int) -> int | None:
    """Return when the log took a tick, as far as the tail still holds it."""
    tail = store.topics.tails.get(TICKS)
    for record in tail or ():
        place = getattr(record, "partition", None)
        if place is not None and place.number == number and getattr(record, "offset", -1) == offset:
            return int(getattr(record, "timestamp_ms", 0))
    return None
