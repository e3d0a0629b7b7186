"""The dashboard: sources into the store, the store onto screens, ten times a second at most."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import ContentSwitcher, Input

from alphapanda.clock import Clock, to_ist
from alphapanda.market.calendar import TradingCalendar
from alphapanda.model.kinds import TradingMode
from alphapanda.pipeline.topic_routing import Routes
from topics.catalogue import Catalogue
from topics.errors import AlphaPandaError
from tui.actions import SCREENS, keys_of
from tui.acts import RunningActs
from tui.layout_file import LayoutStore, Memory, NoLayout
from tui.operating import Operating
from tui.panes.acting import ActLines
from tui.panes.canvas import EmptyScreenNotice
from tui.panes.pane import Pane, TablePane
from tui.panes.status_bar import Banner, DashboardStatus, KeyFooter, StatusBar, Tabs
from tui.remembering import recall, remember
from tui.render.pace import RepaintPace
from tui.render.table import LiveTable
from tui.rewind import Rewind
from tui.screens.base import DashboardScreen, ScreenContext
from tui.screens.catalogue import SCREEN_CLASSES
from tui.screens.operations import DaemonsScreen
from tui.sources.connection import Connect, Connection
from tui.sources.handle import LinkState, SourceHandle
from tui.sources.log_source import LogFollower
from tui.sources.retry import run_with_retry
from tui.store.store import Store
from tui.terminal import on_hangup, on_terminal_lost
from tui.theme.formatter import Formatter, Zone, span
from tui.theme.glyphs import UNICODE, Glyphs
from tui.theme.themes import DEFAULT, HUES, PALETTES, textual_theme

BEAT_S = 0.1
SLOW_BEATS = 5
ACTS_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the dashboard is opened.

    Attributes:
        theme: its name; empty for the remembered one.
        glyphs: unicode or ASCII.
        control: whether acts are unlocked.
        folder: where exports go.
        calm: nothing moves by itself but data: for tests.
        calendar: the sessions of the market that is shown.
    """

    theme: str = ""
    glyphs: Glyphs = UNICODE
    control: bool = False
    folder: Path = Path()
    calm: bool = False
    calendar: TradingCalendar = field(default_factory=TradingCalendar)


class Dashboard(Operating, App[int]):
    """The application.

    Args:
        connect: prepares the deployment, after the first paint.
        clock: the time.
        layout: what is remembered.
        options: how it is opened.
    """

    TITLE = "AlphaPanda"
    CSS_PATH = "dashboard.tcss"
    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-normal"), (170, "-wide")]  # noqa: RUF012 - Textual's own form
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            ",".join(action.keys),
            action.call,
            action.title,
            show=False,
        )
        for action in keys_of("")
    ]

    def __init__(
        self, connect: Connect, clock: Clock, layout: LayoutStore | None = None, options: Options | None = None
    ) -> None:
        self.options = options or Options()
        super().__init__(ansi_color=self.options.theme.endswith("ansi"))
        self.clock = clock
        self.connect = connect
        self.connection: Connection | None = None
        self.layout_store = layout or NoLayout()
        self.memory: Memory = self.layout_store.load()
        self.status = DashboardStatus(control=self.options.control, calendar=self.options.calendar)
        self.live_store = Store(Routes(Catalogue.load(), None))
        self.rewind: Rewind | None = None
        self.hidden = self.memory.hidden
        self.compact = self.memory.compact
        self.zone_shown = Zone(self.memory.zone) if self.memory.zone in set(Zone) else Zone.IST
        self.history: list[str] = ["overview"]
        self.history_place = 0
        self.pace = RepaintPace()
        self.asked_of: TablePane[Any] | None = None
        self.every = max(1, self.memory.every)
        self.status.hertz = round(1 / (BEAT_S * self.every))
        self._views: dict[str, DashboardScreen] = {}
        self._beat = 0
        self.acts = RunningActs(clock)
        self._edges = (
            StatusBar(self.status),
            Tabs(self.status),
            Banner(self.status),
            ActLines(self.acts, clock),
            KeyFooter(self.status),
        )
        self._cpu = 0.0
        self._seen = 0, 0
        for hues in HUES.values():
            self.register_theme(textual_theme(hues))
        wanted = self.options.theme or self.memory.theme
        self.theme = wanted if wanted in HUES else DEFAULT

    # ------------------------------------------------------------ building

    def compose(self) -> ComposeResult:
        """Have the vital signs, the screens and the keys."""
        yield from self._edges[:3]
        with Container(id="frame"), ContentSwitcher(id="stage", initial="notice"):
            yield EmptyScreenNotice(id="notice")
        yield from self._edges[3:]
        yield Input(
            id="prompt",
            placeholder="filter: word  !word  column:value  qty:>100  =data.x > 1",
            select_on_focus=False,
        )

    async def on_mount(self) -> None:
        """Show the first screen, then open the sources."""
        self.set_class(not self.options.glyphs.is_braille, "-ascii")
        self.query_one("#prompt", Input).can_focus = False
        if self.options.calm:
            self.animation_level = "none"
        self._unhang = on_hangup(self.exit)
        on_terminal_lost(self.exit)
        self.set_interval(BEAT_S, self.beat)
        self.set_interval(ACTS_S, self.paint_acts)
        self.open_sources()

    async def on_unmount(self) -> None:
        """Remember the layout."""
        self._unhang()
        remember(self)
        self.layout_store.save(self.memory)

    @work(group="sources", exclusive=True, exit_on_error=False)
    async def open_sources(self) -> None:
        """Read the settings, and ask every source for ever; settings that cannot be used are tried again."""
        while self.connection is None:
            try:
                self.connection = await self.connect()
            except AlphaPandaError as error:
                self.status.trouble, self.status.hint = error.message, error.hint
                await asyncio.sleep(2.0)
        connection = self.connection
        self.status.trouble = self.status.hint = ""
        self.status.name = connection.name
        self.live_store = Store(connection.routes, connection.brokers)
        self.set_class(any(mode is TradingMode.LIVE for _, mode in connection.brokers), "-live")
        if self.has_class("-live"):
            self.query_one("#frame").border_title = "REAL MONEY"
            self.tint()
        sources = (LogFollower(connection.log_access, self.clock), *connection.sources)
        handles = [SourceHandle(source.name, self.live_store, self.clock) for source in sources]
        self.status.handles = handles
        first = self.memory.screen if self.memory.screen in SCREEN_CLASSES else "overview"
        self.history = [first]
        await self.show_screen(first)
        for note in connection.notes:
            self.notify(note)
        async with asyncio.TaskGroup() as group:
            for source, handle in zip(sources, handles, strict=True):
                group.create_task(run_with_retry(source, handle, self.clock))

    def tint(self) -> None:
        """Colour the top where real money is; the terminal's own colours have no light shade for that."""
        self._edges[0].set_class(self.has_class("-live") and not self.theme.endswith("ansi"), "-live")

    # ------------------------------------------------------------ what is shown

    @property
    def store(self) -> Store:
        """The store of the moment: live, or the past's."""
        return self.live_store if self.rewind is None else self.rewind.store

    @property
    def fmt(self) -> Formatter:
        """The looks of the moment."""
        now = self.clock.now() if self.rewind is None else self.rewind.at
        return Formatter(
            palette=PALETTES[self.theme],
            glyphs=self.options.glyphs,
            now=now,
            hidden=self.hidden,
            compact=self.compact,
            zone=self.zone_shown,
        )

    @property
    def views(self) -> Sequence[DashboardScreen]:
        """The screens that were looked at."""
        return tuple(self._views.values())

    @property
    def view(self) -> DashboardScreen | None:
        """The screen in view."""
        return self._views.get(self.status.screen)

    @property
    def pane(self) -> TablePane[Any] | None:
        """The pane with the focus, or that the prompt asks for, else the first with a table."""
        view = self.view
        if view is None:
            return None
        if self.asked_of in view.tables:
            return self.asked_of
        focused = [pane for pane in view.tables if pane.has_focus_within]
        return next(iter(focused or view.tables), None)

    @property
    def table(self) -> LiveTable[Any] | None:
        """That pane's table."""
        return self.pane.table if self.pane is not None else None

    async def show_screen(self, name: str) -> None:
        """Show a screen, building it the first time."""
        stage = self.query_one("#stage", ContentSwitcher)
        view = self._views.get(name)
        if view is None:
            view = SCREEN_CLASSES[name](
                ScreenContext(self.store, self.fmt, self.status, self.troubles, self.waiting), name
            )
            await stage.add_content(view, id=f"view-{name}")
            for pane in view.query(TablePane):
                recall(self, pane)
            self._views[name] = view
        self.status.screen = name
        stage.current = f"view-{name}"
        first = view.first_focus()
        if first is not None:
            self.set_focus(first)
        else:
            self.set_focus(None)
        self.call_after_refresh(self.paint, everything=True)

    def source_state(self, needs: Sequence[str]) -> tuple[tuple[str, ...], str]:
        """Return what an empty pane says, and what a frame says of staleness; nothing when all is well."""
        if self.status.trouble:
            return (self.status.trouble, self.status.hint), "settings cannot be read"
        if not self.status.handles:
            return ("Reading the settings …",), ""
        if self.rewind is not None:
            going = f"Reading the log up to {self.fmt.clock(self.rewind.at)} …"
            return ((), "") if self.rewind.loaded else ((going,), "")
        mine = [handle for handle in self.status.handles if handle.name in needs]
        down = [handle for handle in mine if handle.link is LinkState.DOWN and handle.fault is not None]
        if down:
            handle = down[0]
            fault = handle.fault
            assert fault is not None
            since = span((self.clock.now() - fault.since).total_seconds())
            last = (
                "no data yet" if handle.received_at is None else f"last data {self.fmt.clock(handle.received_at)}"
            )
            text = (f"{handle.name} does not answer: {fault.message}", fault.hint) if handle.is_new else ()
            return text, f"{handle.name} gone for {since}, {last}"
        waiting = [handle.name for handle in mine if handle.link is LinkState.CONNECTING and handle.is_new]
        if waiting:
            return (f"Loading: waiting for {' and '.join(waiting)} …",), ""
        return (), ""

    def troubles(self) -> Sequence[tuple[str, str]]:
        """Return which sources do not answer, and what to do."""
        if self.status.trouble:
            return [(self.status.trouble, self.status.hint)]
        now = self.clock.now()
        return [
            (
                f"{handle.name} does not answer for {span((now - handle.fault.since).total_seconds())}",
                handle.fault.hint,
            )
            for handle in self.status.handles
            if handle.fault is not None
        ]

    def waiting(self) -> Sequence[str]:
        """Return the names of the sources that have not said anything yet."""
        if not self.status.handles:
            return ["the settings"]
        return [handle.name for handle in self.status.handles if handle.is_new and handle.fault is None]

    # ------------------------------------------------------------ painting

    def beat(self) -> None:
        """Paint what is due: ten times a second the focused pane, twice the others, the rest never."""
        self._beat += 1
        cpu = time.process_time()
        self.pace.spent(cpu - self._cpu)
        self._cpu = cpu
        if self._beat % (self.pace.slowdown * self.every) == 0 and (self._is_slow_beat or self._has_news()):
            self.paint(everything=False)

    @property
    def _is_slow_beat(self) -> bool:
        return self._beat % SLOW_BEATS == 0

    def _has_news(self) -> bool:
        """Return whether anything came since this was asked last."""
        seen, store = self._seen, self.store
        self._seen = id(store), store.changes
        return seen != self._seen

    def paint(self, *, everything: bool) -> None:
        """Paint the panes that are due, or all in view."""
        view, fmt, now = self.view, self.fmt, self.clock.monotonic()
        slow = everything or self._is_slow_beat
        if slow:
            for drawing in self._edges:
                drawing.paint(self.store, fmt, now)
            self.status.rewound_to = None if self.rewind is None else self.rewind.at
            if self.rewind is not None:
                self.status.playing, self.status.speed = self.rewind.playing, self.rewind.speed
            self._tell_returns()
        if view is None:
            notice = self.query_one("#notice", EmptyScreenNotice)
            notice.message = self.source_state(())[0]
            notice.paint(self.store, fmt, now)
            return
        due = [pane for pane in view.panes if slow or self._is_fast(pane)]
        if due:
            view.paint(self.store, fmt, now, self.source_state, due)

    def paint_acts(self) -> None:
        """Paint what is told of acts: whoever waits for one looks there, however busy the rest is."""
        if self.acts.under_way:
            self._edges[3].paint(self.store, self.fmt, self.clock.monotonic())

    def _is_fast(self, pane: Pane) -> bool:
        return pane.has_focus_within and len(self.screen_stack) == 1

    def _tell_returns(self) -> None:
        for handle in self.status.handles:
            if handle.returned:
                self.notify(handle.returned)
                handle.returned = ""

    # ------------------------------------------------------------ the prompt

    @on(Input.Changed, "#prompt")
    def _preview(self, event: Input.Changed) -> None:
        if self.asking == "filter":
            self.apply_filter(event.value, quiet=True)

    @on(Input.Submitted, "#prompt")
    def _submitted(self, event: Input.Submitted) -> None:
        asked, self.asking = self.asking, ""
        self.close_prompt()
        if asked == "filter":
            self.apply_filter(event.value, quiet=False)
        elif asked == "time":
            self.rewind_to(event.value)

    @on(LiveTable.Opened)
    def _opened(self) -> None:
        self.action_inspect()

    @on(DaemonsScreen.DaemonChosen)
    def _daemon_chosen(self, event: DaemonsScreen.DaemonChosen) -> None:
        self.read_lines_of(event.window)

    @on(LiveTable.Moved)
    def _moved(self) -> None:
        self.call_after_refresh(self.paint, everything=True)

    # ------------------------------------------------------------ the past

    @work(group="rewind", exclusive=True, exit_on_error=False)
    async def enter_past(self, moment: datetime) -> None:
        """Show a moment of the past until the present is asked for."""
        if self.connection is None:
            return
        rewind = Rewind(self.connection, self.clock, lambda: self.paint(everything=True))
        rewind.at = moment
        self.rewind = rewind
        try:
            await rewind.run(moment)
        except AlphaPandaError as error:
            self.notify(f"{error.message} {error.hint}", severity="error", timeout=10)
        finally:
            if self.rewind is rewind:
                self.rewind = None

    def limit_of_past(self, moment: datetime) -> str:
        """Return why a moment cannot be shown; empty when it can."""
        if moment > self.clock.now() + timedelta(seconds=1):
            return f"{to_ist(moment):%d %b %H:%M:%S} IST is still to come."
        return ""

    def set_look(self, **changes: Any) -> None:
        """Change how things look, and paint."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.paint(everything=True)

    def with_options(self, **changes: Any) -> None:
        """Open some options anew."""
        self.options = replace(self.options, **changes)

    @property
    def process_id(self) -> int:
        """Ours, for whoever measures."""
        return os.getpid()


def screen_names() -> list[str]:
    """Return the names of all screens, in the order of their digits."""
    return [name for name, _, _ in SCREENS]
