"""Daemons, Topics, DLQ, Logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message

from alphapanda.clock import to_ist
from alphapanda.model.process_status import ProcessStatus
from alphapanda.model.records import Record
from alphapanda.telemetry.record import LogRecord
from tui.actions.registry import SCREENS, keys_of
from tui.panes.pane import TablePane
from tui.render.ring import RowGap
from tui.render.table import LiveTable, RingLog
from tui.screens.base import DashboardScreen, ScreenContext
from tui.store.dead_letters import DeadLetterRow, ReasonRow
from tui.store.store import Store
from tui.store.topics import TopicRow
from tui.store.window import TAIL, LogWindow, LogWindowFilter
from tui.tables import letters, lines, operations


class DaemonsScreen(DashboardScreen):
    """Processes, the selected one's log, and what people ordered."""

    @dataclass
    class DaemonChosen(Message):
        """Another daemon's lines are shown."""

        window: LogWindow

    def __init__(self, context: ScreenContext, name: str) -> None:
        super().__init__(context, name)
        self._window = LogWindow()

    def compose(self) -> ComposeResult:
        """Daemons over their lines."""
        fmt = self.context.fmt
        yield TablePane(operations.daemons(), lambda store: store.system.daemons, fmt, needs=("Supervisor",))
        with Horizontal(id="daemon-bottom"):
            pane = TablePane(
                lines.lines(), lambda store: self._window.rows(store.lines), fmt, needs=("Logs",), kind=RingLog
            )
            yield pane.counting(lambda store: store.lines.added)
            notes = TablePane(lines.notes(), lambda store: store.notes.rows, fmt, kind=RingLog)
            yield notes.counting(lambda store: store.notes.added)

    def prepare(self, store: Store) -> None:
        """Show the lines of the selected daemon; say what is not known of the past."""
        other = store is not self.store
        super().prepare(store)
        pane = self.query_one("#pane-daemons", TablePane)
        past = store.system.of_past
        pane.note = "as the supervisor's log tells; CPU and memory were not recorded" if past else ""
        pane.hint = ("The supervisor's log says nothing of this moment.",) if past else ()
        daemon = self.query_one("#table-daemons", LiveTable).current
        name = daemon.name if isinstance(daemon, ProcessStatus) else ""
        if other or name != self._window.wanted.service:
            self._window = LogWindow()
            self._window.wanted = LogWindowFilter(service=name)
            if name:
                self.post_message(self.DaemonChosen(self._window))
        pane = self.query_one("#pane-lines", TablePane)
        pane.title = f"Log of {name}" if name else "Logs"
        pane.hint = (f"No line of {name} in the files.",) if name else ()


class TopicsScreen(DashboardScreen):
    """Rates, lag, and the selected topic's tail."""

    def compose(self) -> ComposeResult:
        """Topics over the tail."""
        fmt = self.context.fmt
        yield TablePane(operations.topics(), lambda store: store.topics.rows, fmt)
        yield TablePane(operations.tail(), self._tail, fmt, kind=RingLog).counting(self._count)

    def _topic(self) -> str | None:
        row = self.query_one("#table-topics", LiveTable).current
        return row.name if isinstance(row, TopicRow) else None

    def _tail(self, store: Store) -> dict[int, Record | RowGap]:
        tail = store.topics.tails.get(self._topic() or "")
        return tail.rows if tail is not None else {}

    def _count(self, store: Store) -> int:
        tail = store.topics.tails.get(self._topic() or "")
        return tail.added if tail is not None else 0

    def prepare(self, store: Store) -> None:
        """Name the topic whose tail it is; say what is not known of the past."""
        super().prepare(store)
        pane = self.query_one("#pane-topics", TablePane)
        past = store.topics.of_past
        pane.note = "lag at most, by what readers wrote that they had seen" if past else ""
        topic = self._topic()
        self.query_one("#pane-tail", TablePane).title = f"Tail of {topic}" if topic else "Tail"


class DlqScreen(DashboardScreen):
    """Dead letters by reason, and the records of the selected reason."""

    def __init__(self, context: ScreenContext, name: str) -> None:
        super().__init__(context, name)
        self._made: tuple[object, ...] = ()
        self._shown: dict[str, DeadLetterRow] = {}

    def compose(self) -> ComposeResult:
        """Reasons over records."""
        fmt = self.context.fmt
        yield TablePane(letters.reasons(), lambda store: store.dead.reasons, fmt)
        yield TablePane(letters.letters(), self._letters, fmt).counting(lambda store: store.dead.changes)

    def _letters(self, store: Store) -> dict[str, DeadLetterRow]:
        """Return the dead letters of the selected reason: each failure once, as it failed last."""
        reason = self.query_one("#table-reasons", LiveTable).current
        wanted = (reason.topic, reason.code, reason.group) if isinstance(reason, ReasonRow) else None
        made = (store, store.dead.changes, wanted)
        if made != self._made:
            newest = {letter.id: key for key, letter in store.dead.rows.items()}
            self._made = made
            self._shown = {
                key: letter
                for key, letter in store.dead.rows.items()
                if newest[letter.id] == key and wanted in {None, letter.reason}
            }
        return self._shown

    def prepare(self, store: Store) -> None:
        """Say how to replay the selected ones; the keys do it where acts are unlocked."""
        super().prepare(store)
        reason = self.query_one("#table-reasons", LiveTable).current
        pane = self.query_one("#pane-letters", TablePane)
        if isinstance(reason, ReasonRow) and not self.context.status.control:
            pane.note = f"replay: alphapanda dlq replay {reason.topic}"
        else:
            pane.note = "P replay, D discard, A quarantine" if isinstance(reason, ReasonRow) else ""


class LogsScreen(DashboardScreen):
    """Everybody's lines: the daemons', Kafka's and Valkey's.

    Attributes:
        window: which of them are shown.
        about: what they speak of, where that was asked for.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(action.key_names), f"app.{action.binding}", action.title, show=False)
        for action in keys_of("logs")
    ]

    def __init__(self, context: ScreenContext, name: str) -> None:
        super().__init__(context, name)
        self.window = LogWindow()
        self.about = ""

    def compose(self) -> ComposeResult:
        """One pane."""
        pane = TablePane(lines.lines(), self._lines, self.context.fmt, needs=("Logs",), kind=RingLog)
        yield pane.counting(lambda store: store.lines.added)

    @property
    def table(self) -> LiveTable[LogRecord]:
        """Its table."""
        return cast("LiveTable[LogRecord]", self.query_one("#table-lines", LiveTable))

    def _lines(self, store: Store) -> Mapping[int, LogRecord | RowGap]:
        return self.window.rows(store.lines)

    def reset(self) -> bool:
        """Show everything again; returns whether that is a change."""
        changed = not self.window.wanted.is_all or bool(self.about)
        self.window.wanted, self.about = LogWindowFilter(), ""
        return changed

    def prepare(self, store: Store) -> None:
        """Say in the frame which lines are shown."""
        super().prepare(store)
        pane, wanted = self.query_one("#pane-lines", TablePane), self.window.wanted
        fmt = self.context.fmt
        since = "" if wanted.since is None else f"{to_ist(wanted.since):%H:%M:%S}"
        pane.note = self.window.label(since) or self.about
        pane.aside = f"{wanted.digit} again: {SCREENS[wanted.digit - 1].title}" if wanted.digit != TAIL else ""
        whose = wanted.service or self.about
        if whose:
            pane.hint = (
                f"No line of {whose} here.",
                f"esc shows all lines {fmt.glyphs.dot} 1 reads from the first on",
            )
        else:
            pane.hint = ("No such line here.", "esc shows all lines") if not wanted.is_all else ()
