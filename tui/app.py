"""The dashboard: sources fill the store, screens show it, actions carry out what the operator asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import ModalScreen
from textual.widgets import ContentSwitcher
from textual.worker import Worker

from alphapanda.clock import Clock
from alphapanda.model.kinds import TradingMode
from alphapanda.pipeline.topic_routing import Routes
from topics.catalogue import Catalogue
from topics.errors import AlphaPandaError
from tui.actions.dispatcher import Dispatcher
from tui.actions.registry import keys_of
from tui.actions.workspace import Task
from tui.appearance import Options
from tui.painter import BEAT_S, Painter
from tui.panes.pane import TablePane
from tui.panes.prompt import Prompt
from tui.panes.status_bar import DashboardStatus
from tui.render.table import LiveTable
from tui.rewind import Rewind
from tui.running_acts import RunningActs
from tui.screens.base import DashboardScreen, ScreenContext
from tui.screens.catalogue import SCREEN_CLASSES
from tui.screens.operations import DaemonsScreen
from tui.session import LayoutStore, Memory, NoLayout, appearance_of, remember, restore_table
from tui.sources.connection import Connect, Connection
from tui.sources.handle import SourceHandle
from tui.sources.health import SourceHealth
from tui.sources.log_source import LogFollower
from tui.sources.retry import run_with_retry
from tui.store.store import Store
from tui.terminal import on_hangup, on_terminal_lost
from tui.theme.formatter import Formatter
from tui.theme.themes import HUES, textual_theme

T = TypeVar("T")

ACTS_S = 0.25
RETRY_SETTINGS_S = 2.0


class Dashboard(App[int]):
    """The application; `tui.actions.workspace.Workspace` says what its actions see of it.

    Args:
        connect: prepares the connection to the deployment, after the first paint.
        clock: the time.
        layout: saves the layout.
        options: how it is opened.
    """

    TITLE = "AlphaPanda"
    CSS_PATH = "dashboard.tcss"
    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-normal"), (170, "-wide")]  # noqa: RUF012 - Textual's own form
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(action.key_names), action.binding, action.title, show=False) for action in keys_of("")
    ]

    def __init__(
        self, connect: Connect, clock: Clock, layout: LayoutStore | None = None, options: Options | None = None
    ) -> None:
        self.options = options or Options()
        self.layout_store = layout or NoLayout()
        self.memory: Memory = self.layout_store.load()
        self.appearance = appearance_of(self.memory, self.options)
        super().__init__(ansi_color=self.appearance.uses_terminal_colours)
        self.clock = clock
        self.connect = connect
        self.connection: Connection | None = None
        self.status = DashboardStatus(control=self.options.control, calendar=self.options.calendar)
        self.status.hertz = round(1 / (BEAT_S * self.appearance.every))
        self.live_store = Store(Routes(Catalogue.load(), None))
        self.rewind: Rewind | None = None
        self.running = RunningActs(clock)
        self.prompt = Prompt()
        self._health = SourceHealth(self.status)
        self._views: dict[str, DashboardScreen] = {}
        self._painter = Painter(self, self._health)
        self._actions = Dispatcher(self)
        for hues in HUES.values():
            self.register_theme(textual_theme(hues))
        self.theme = self.appearance.theme

    # ------------------------------------------------------------ life

    def compose(self) -> ComposeResult:
        """Yield the status bar, the screens and the keys."""
        yield from self._painter.top
        with Container(id="frame"), ContentSwitcher(id="stage", initial="notice"):
            yield self._painter.notice
        yield from self._painter.bottom
        yield self.prompt

    async def on_mount(self) -> None:
        """Show the first screen, then open the sources."""
        self.set_class(not self.options.glyphs.is_braille, "-ascii")
        if self.options.calm:
            self.animation_level = "none"
        self._restore_signals = on_hangup(self.exit)
        on_terminal_lost(self.exit)
        self.set_interval(BEAT_S, self._painter.on_beat)
        self.set_interval(ACTS_S, self._painter.paint_acts)
        self.start(self._open_sources, "sources", exclusive=True, fatal=False)

    async def on_unmount(self) -> None:
        """Save the layout."""
        self._restore_signals()
        panes = [pane for view in self.views for pane in view.all_panes if isinstance(pane, TablePane)]
        remember(self.memory, self.appearance, self.status.screen, panes)
        self.layout_store.save(self.memory)

    async def _open_sources(self) -> None:
        """Read the settings until they are usable, then run every source until the end."""
        while self.connection is None:
            try:
                self.connection = await self.connect()
            except AlphaPandaError as error:
                self.status.trouble, self.status.hint = error.message, error.hint
                await asyncio.sleep(RETRY_SETTINGS_S)
        connection = self.connection
        self.status.trouble = self.status.hint = ""
        self.status.name = connection.name
        self.live_store = Store(connection.routes, connection.brokers)
        self.set_class(any(mode is TradingMode.LIVE for _, mode in connection.brokers), "-live")
        if self.has_class("-live"):
            self.query_one("#frame").border_title = "REAL MONEY"
            self._tint()
        sources = (LogFollower(connection.log_access, self.clock), *connection.sources)
        handles = [SourceHandle(source.name, self.live_store, self.clock) for source in sources]
        self.status.handles = handles
        first = self.memory.screen if self.memory.screen in SCREEN_CLASSES else "overview"
        await self._actions.navigation.start_at(first)
        for note in connection.notes:
            self.notify(note)
        async with asyncio.TaskGroup() as group:
            for source, handle in zip(sources, handles, strict=True):
                group.create_task(run_with_retry(source, handle, self.clock))

    # ------------------------------------------------------------ what is shown

    @property
    def store(self) -> Store:
        """The store of the present or, while it is shown, of the past."""
        return self.live_store if self.rewind is None else self.rewind.store

    @property
    def formatter(self) -> Formatter:
        """Formats values for that moment."""
        return self.appearance.formatter(self.clock.now() if self.rewind is None else self.rewind.at)

    @property
    def views(self) -> Sequence[DashboardScreen]:
        """The screens built so far."""
        return tuple(self._views.values())

    @property
    def view(self) -> DashboardScreen | None:
        """The screen in view."""
        return self._views.get(self.status.screen)

    @property
    def pane(self) -> TablePane[Any] | None:
        """The pane that the prompt is about, else the focused one, else the first with a table."""
        view = self.view
        if view is None:
            return None
        if self.prompt.pane in view.tables:
            return self.prompt.pane
        focused = [pane for pane in view.tables if pane.has_focus_within]
        return next(iter(focused or view.tables), None)

    @property
    def table(self) -> LiveTable[Any] | None:
        """The table of that pane."""
        return self.pane.table if self.pane is not None else None

    async def show_screen(self, name: str) -> None:
        """Show a screen, building it the first time."""
        stage = self.query_one("#stage", ContentSwitcher)
        view = self._views.get(name)
        if view is None:
            context = ScreenContext(
                self.store,
                self.formatter,
                self.status,
                lambda: self._health.troubles(self.formatter),
                self._health.waiting,
            )
            view = SCREEN_CLASSES[name](context, name)
            await stage.add_content(view, id=f"view-{name}")
            for pane in view.query(TablePane):
                restore_table(self.memory, pane, self.clock.now())
            self._views[name] = view
        self.status.screen = name
        stage.current = f"view-{name}"
        self.set_focus(view.first_focus())
        self.paint_soon()

    # ------------------------------------------------------------ painting

    def paint(self, *, everything: bool) -> None:
        """Paint the panes that are due, or all in view."""
        self._painter.paint(everything=everything)

    def paint_soon(self) -> None:
        """Paint all panes in view after the next layout."""
        self.call_after_refresh(self.paint, everything=True)

    def apply_theme(self) -> None:
        """Show the chosen theme."""
        self.ansi_color = self.appearance.uses_terminal_colours
        self.theme = self.appearance.theme
        self._tint()
        self.paint(everything=True)

    def _tint(self) -> None:
        """Colour the status bar for real money; the terminal's own colours have no light shade for that."""
        is_tinted = self.has_class("-live") and not self.appearance.uses_terminal_colours
        self._painter.top[0].set_class(is_tinted, "-live")

    # ------------------------------------------------------------ for actions

    async def action_act(self, action_id: str) -> None:
        """Run an action of the registry; all keys are bound to this."""
        await self.perform(action_id)

    async def perform(self, action_id: str) -> None:
        """Run an action of the registry."""
        await self._actions.run(action_id)

    def start(self, task: Task, group: str, *, exclusive: bool = False, fatal: bool = True) -> None:
        """Run a task beside the dashboard."""
        worker: Worker[None] = self.run_worker(task, group=group, exclusive=exclusive, exit_on_error=fatal)
        del worker

    def cancel(self, group: str) -> None:
        """Cancel the tasks of a group."""
        self.workers.cancel_group(self, group)

    def open_dialog(self, dialog: ModalScreen[None]) -> None:
        """Open a dialog that is only read."""
        self.push_screen(dialog)

    async def ask(self, dialog: ModalScreen[T]) -> T | None:
        """Open a dialog and return the answer; only in a task."""
        return await self.push_screen_wait(dialog)

    def screenshot(self) -> str:
        """Return the screen as SVG."""
        return self.export_screenshot()

    def close(self) -> None:
        """End the dashboard."""
        self.exit(0)

    @on(LiveTable.Opened)
    def _on_opened(self) -> None:
        self._actions.search.inspect()

    @on(DaemonsScreen.DaemonChosen)
    def _on_daemon_chosen(self, event: DaemonsScreen.DaemonChosen) -> None:
        self._actions.logs.read_service(event.window)

    @on(LiveTable.Moved)
    def _on_moved(self) -> None:
        self.paint_soon()
