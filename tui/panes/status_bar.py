"""What always stands at the top and the bottom: vital signs, screens, banners, keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from rich.style import Style
from textual import events

from alphapanda.clock import to_ist
from alphapanda.market.calendar import SessionPhase, TradingCalendar
from alphapanda.model.kinds import TradingMode
from tui.actions.registry import SCREENS, footer, keys_of
from tui.panes.canvas import Drawing, Line, Piece, line, spread
from tui.sources.handle import LinkState, SourceHandle
from tui.store.store import Store
from tui.store.topics import TopicLag
from tui.theme.formatter import Formatter, from_ms, span

NARROW: Final = 110
USUAL_HERTZ: Final = 10
NEEDED: Final = 6
"""Numbers that are worth more than the sources' whole names."""
FAR: Final = timedelta(minutes=10)
"""Ticks whose own time is farther from ours come from a simulation or a recording."""
PHASE_NAMES: Final = {
    SessionPhase.PRE_OPEN: "PRE-OPEN",
    SessionPhase.CONTINUOUS: "OPEN",
    SessionPhase.CLOSING: "CLOSING",
    SessionPhase.CLOSED: "CLOSED",
}


@dataclass(slots=True)
class DashboardStatus:
    """What the top and the bottom show beside the store; the application keeps it.

    Attributes:
        name: of the deployment.
        screen: the name of the screen in view.
        handles: the sources.
        rewound_to: the moment in the past that is shown; None for the present.
        playing: whether the past runs.
        speed: how fast.
        control: whether `--control` was given.
        hertz: how often the focused pane is painted.
        trouble: why there is no deployment to look at; empty otherwise.
        hint: what to do about it.
    """

    name: str = ""
    screen: str = "overview"
    handles: Sequence[SourceHandle] = ()
    rewound_to: datetime | None = None
    playing: bool = False
    speed: int = 1
    control: bool = False
    hertz: int = 10
    trouble: str = ""
    hint: str = ""
    calendar: TradingCalendar = field(default_factory=TradingCalendar)


class StatusBar(Drawing):
    """Two lines: where we are and when, then how we stand.

    Args:
        status: beside the store.
    """

    DEFAULT_CSS = """
    StatusBar { height: 2; background: $panel; }
    StatusBar.-live { background: $live 20%; }
    """

    def __init__(self, status: DashboardStatus) -> None:
        super().__init__(id="vitals")
        self._status = status

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return both lines."""
        del height
        return [self._place(store, fmt, width), self._standing(store, fmt, width)]

    def _place(self, store: Store, fmt: Formatter, width: int) -> Line:
        palette, status = fmt.palette, self._status
        modes = {row.mode for row in store.money.brokers.values()}
        live = TradingMode.LIVE in modes
        mode = "LIVE" if live else "SHADOW" if TradingMode.SHADOW in modes else "PAPER" if modes else "..."
        left: list[Piece] = [(f" {mode} ", palette.live_pill if live else palette.pill), (" ", None)]
        left.append((f"{status.name or 'AlphaPanda'}  ", palette.strong))
        narrow = width < NARROW
        left += session_of(store, fmt, status.calendar, short=narrow)
        if status.control:
            left.append(("  CONTROL", palette.warn))
        if status.hertz < USUAL_HERTZ:
            left.append((f"  {status.hertz} Hz", palette.warn))
        local = to_ist(fmt.now)
        clock = f" {local:%H:%M:%S} IST " if narrow else f" {local:%a %d %b %H:%M:%S} IST "
        style = palette.strong
        if status.rewound_to is not None:
            mark = fmt.glyphs.play if status.playing else fmt.glyphs.pause
            clock = f" {mark} {local:%d %b %H:%M:%S} IST ×{status.speed} PAST "
            style = palette.pill
        return spread(left, [(clock, style)], width)

    def _standing(self, store: Store, fmt: Formatter, width: int) -> Line:
        """Return the numbers, the most important first, as many as fit."""
        palette, parts = fmt.palette, list[list[Piece]]()
        net = store.money.net
        text, style = fmt.gain(net)
        parts.append([("P&L ", palette.dim), (text.rstrip(), (style or palette.text) + Style(bold=True))])
        daemons, bad = store.system.daemons, store.system.bad
        state = palette.bad if bad else palette.good if daemons else palette.dim
        glyph = fmt.glyphs.failed if bad else fmt.glyphs.ok if daemons else fmt.glyphs.stopped
        narrow = width < NARROW
        parts.append(
            [
                ("up " if narrow else "daemons ", palette.dim),
                (f"{store.system.well}/{len(daemons)} {glyph}", state),
            ]
        )
        opened = fmt.count(store.orders.open_count) if store.orders.rows or store.topics.rows else "-"
        parts.append([("open " if narrow else "open orders ", palette.dim), (opened, palette.text)])
        worst = store.topics.worst
        lag = "-" if worst is None else f"{at_most(worst[0], fmt)}{fmt.count(worst[0].records or 0)}"
        if worst is not None and worst[0].seconds:
            lag += f" {span(worst[0].seconds)}"
        late = worst is not None and (worst[0].seconds or 0) > 5
        parts.append([("lag ", palette.dim), (lag, palette.warn if late else palette.text)])
        letters, known = store.dead.unresolved, bool(store.topics.rows)
        parts.append(
            [
                ("DLQ ", palette.dim),
                (fmt.count(letters) if known else "-", palette.warn if letters else palette.text),
            ]
        )
        newest = store.market.newest_ms
        age = None if newest is None else (fmt.now - from_ms(newest)).total_seconds()
        parts.append([("tick ", palette.dim), ("-" if age is None else span(max(0.0, age)), _age_style(age, fmt))])
        gross = sum(
            (row.pnl.gross_exposure for row in store.money.brokers.values() if row.pnl), start=type(net or 0)(0)
        )
        if net is not None:
            parts.append([("gross ", palette.dim), (fmt.money(gross, compact=True), palette.text)])  # type: ignore[arg-type]
        gap = 2 if narrow else 3
        sizes = [sum(len(text) for text, _ in part) + gap for part in parts]
        links = self._links(fmt, short=False)
        if sum(sizes[:NEEDED]) + sum(len(text) for text, _ in links) > width:
            links = self._links(fmt, short=True)
        room = width - sum(len(text) for text, _ in links) - 2 + gap
        left: list[Piece] = [(" ", None)]
        for part, size in zip(parts, sizes, strict=True):
            if size > room:
                break
            left += [*part, (" " * gap, None)]
            room -= size
        return spread(left[:-1], links, width)

    def _links(self, fmt: Formatter, *, short: bool) -> list[Piece]:
        """Return the sources and whether they answer."""
        palette, links = fmt.palette, list[Piece]()
        marks = {
            LinkState.UP: (fmt.glyphs.ok, palette.good),
            LinkState.CONNECTING: (fmt.glyphs.starting, palette.warn),
            LinkState.DOWN: (fmt.glyphs.failed, palette.bad),
        }
        for handle in self._status.handles:
            mark, shade = marks[handle.link]
            links += [(handle.name[0] if short else f"{handle.name} ", palette.dim), (f"{mark} ", shade)]
        return links


def at_most(lag: TopicLag, fmt: Formatter) -> str:
    """Return the sign before a lag that may have been less."""
    return fmt.glyphs.at_most if lag.at_most and lag.records else ""


def _age_style(age: float | None, fmt: Formatter) -> Style:
    if age is None:
        return fmt.palette.dim
    return fmt.palette.warn if age > 10 else fmt.palette.text


def session_of(store: Store, fmt: Formatter, calendar: TradingCalendar, *, short: bool = False) -> list[Piece]:
    """Return the session's badge and countdown, by the market's own time where that is not ours."""
    palette, moment, whose = fmt.palette, fmt.now, ""
    event_ms = store.market.event_ms
    if event_ms is not None and abs(from_ms(event_ms) - fmt.now) > FAR:
        moment = from_ms(event_ms)
        whose = f" {to_ist(moment):%d %b %H:%M}" if short else f"  market time {to_ist(moment):%d %b %H:%M:%S}"
    phase = calendar.phase(moment)
    style = {SessionPhase.CONTINUOUS: palette.good, SessionPhase.CLOSED: palette.dim}.get(phase, palette.warn)
    glyph = fmt.glyphs.stopped if phase is SessionPhase.CLOSED else fmt.glyphs.ok
    what, until = next_change(calendar, moment)
    return [
        (f"{glyph} {PHASE_NAMES[phase]}", style),
        (f" {what} in {span((until - moment).total_seconds())}", palette.dim),
        (whose, palette.dim),
    ]


def next_change(calendar: TradingCalendar, moment: datetime) -> tuple[str, datetime]:
    """Return what the exchange does next, `opens` or `closes`, and when."""
    today = to_ist(moment).date()
    session = calendar.first_from(today)
    if calendar.is_session(today):
        if moment < session.opens:
            return "opens", session.opens
        if moment < session.closes:
            return "closes", session.closes
        session = calendar.after(session)
    return "opens", session.opens


class Tabs(Drawing):
    """The screens and their digits.

    Args:
        status: beside the store.
    """

    DEFAULT_CSS = """
    Tabs { height: 1; background: $background; }
    """

    def __init__(self, status: DashboardStatus) -> None:
        super().__init__(id="tabs")
        self._status = status
        self._edges: list[tuple[int, int, int]] = []

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return the line."""
        del store, height
        wide = sum(len(screen.title) + 5 for screen in SCREENS) <= width
        pieces, edge = list[Piece](), 0
        self._edges = []
        taken = {key for action in keys_of(self._status.screen) for key in action.key_names}
        for number, screen in enumerate(SCREENS, start=1):
            here = screen.name == self._status.screen
            digit, name_shown = f" {number} ", f"{screen.title} " if wide or here else screen.short
            label = digit + name_shown
            style = fmt.palette.pill if here else fmt.palette.dim
            pieces += [(digit, fmt.palette.faint if str(number) in taken else style), (name_shown, style)]
            if wide:
                pieces.append((" ", None))
            self._edges.append((edge, edge + len(label), number))
            edge += len(label) + (1 if wide else 0)
        return [line(*pieces)]

    async def on_click(self, event: events.Click) -> None:
        """Show the screen whose tab it is."""
        for first, last, number in self._edges:
            if first <= event.x < last:
                await self.app.run_action(f"act('navigation.show:{SCREENS[number - 1].name}')")


class Banner(Drawing):
    """One line for each source that does not answer: what, since when, the next try, the last data.

    Args:
        status: beside the store.
    """

    DEFAULT_CSS = """
    Banner { height: auto; max-height: 3; background: $warning 18%; display: none; }
    """

    def __init__(self, status: DashboardStatus) -> None:
        super().__init__(id="banner")
        self._status = status

    def lines_of(self, fmt: Formatter, width: int) -> list[Line]:
        """Return the lines; none when all is well."""
        palette, status = fmt.palette, self._status
        if status.trouble:
            return [
                spread(
                    [(f" {fmt.glyphs.failed} {status.trouble} ", palette.bad), (status.hint, palette.strong)],
                    [],
                    width,
                )
            ]
        grouped: dict[str, list[SourceHandle]] = {}
        for handle in status.handles:
            if handle.fault is not None:
                grouped.setdefault(handle.fault.hint, []).append(handle)
        made = []
        for hint, handles in list(grouped.items())[:3]:
            fault = handles[0].fault
            assert fault is not None
            names = (
                " and ".join(handle.name for handle in handles) if len(handles) < 3 else f"{len(handles)} sources"
            )
            since = span((fmt.now - fault.since).total_seconds())
            wait = max(0.0, (fault.next_try - fmt.now).total_seconds())
            received = [handle.received_at for handle in handles if handle.received_at is not None]
            last = f"last data {fmt.clock(max(received))}" if received else "no data yet"
            dot = f" {fmt.glyphs.dot} "
            does = "does not answer" if len(handles) == 1 else "do not answer"
            made.append(
                spread(
                    [
                        (f" {fmt.glyphs.failed} {names} {does} for {since}", palette.bad),
                        (dot + hint, palette.strong),
                        (f"{dot}next try in {wait:.0f} s{dot}{last}", palette.text),
                        (f"{dot}{fault.message}", palette.dim),
                    ],
                    [],
                    width,
                )
            )
        return made

    def paint(self, store: Store, fmt: Formatter, now: float) -> None:
        """Be there when something does not answer."""
        count = len(self.lines_of(fmt, self.size.width or 80))
        self.display = bool(count)
        if count:
            self.styles.height = count
        super().paint(store, fmt, now)

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return the lines."""
        del store, height
        return self.lines_of(fmt, width)


class KeyFooter(Drawing):
    """The keys that are most useful now.

    Args:
        status: beside the store.
    """

    DEFAULT_CSS = """
    KeyFooter { height: 1; background: $panel; }
    """

    def __init__(self, status: DashboardStatus) -> None:
        super().__init__(id="keys")
        self._status = status

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return as many as fit."""
        del store, height
        pieces, room = [(" ", None)], width - 1
        made: list[Piece] = list(pieces)
        status = self._status
        past = status.rewound_to is not None
        for action in footer(past=past, screen=status.screen, control=status.control):
            key = action.shown.split(" ")[0]
            size = len(key) + len(action.title) + 3
            if size > room:
                continue
            made += [(key, fmt.palette.accent), (f" {action.title}  ", fmt.palette.dim)]
            room -= size
        return [line(*made)]
