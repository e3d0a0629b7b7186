"""Paints what is due: the focused pane ten times a second, the others twice, the unchanged never."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from tui.actions.workspace import Workspace
from tui.panes.acting import ActLines
from tui.panes.canvas import EmptyScreenNotice
from tui.panes.pane import Pane
from tui.panes.status_bar import Banner, KeyFooter, StatusBar, Tabs
from tui.render.pace import RepaintPace
from tui.sources.health import SourceHealth

BEAT_S: Final = 0.1
SLOW_BEATS: Final = 5


class Painter:
    """Brings the store onto the screen.

    Attributes:
        top: the widgets above the screens.
        bottom: the widgets below them.
        notice: shown while there is no screen yet.

    Args:
        workspace: the dashboard.
        health: tells which sources answer.
    """

    def __init__(self, workspace: Workspace, health: SourceHealth) -> None:
        status = workspace.status
        self._workspace = workspace
        self._health = health
        self._acts = ActLines(workspace.running, workspace.clock)
        self.top = (StatusBar(status), Tabs(status), Banner(status))
        self.bottom = (self._acts, KeyFooter(status))
        self.notice = EmptyScreenNotice(id="notice")
        self._pace = RepaintPace()
        self._beat = 0
        self._cpu = 0.0
        self._seen = 0, 0

    def on_beat(self) -> None:
        """Paint what is due; called once a beat."""
        self._beat += 1
        cpu = time.process_time()
        self._pace.spent(cpu - self._cpu)
        self._cpu = cpu
        is_due = self._beat % (self._pace.slowdown * self._workspace.appearance.every) == 0
        if is_due and (self._is_slow_beat or self._has_news()):
            self.paint(everything=False)

    @property
    def _is_slow_beat(self) -> bool:
        return self._beat % SLOW_BEATS == 0

    def _has_news(self) -> bool:
        """Return whether the store changed since the last call."""
        seen, store = self._seen, self._workspace.store
        self._seen = id(store), store.changes
        return seen != self._seen

    def paint(self, *, everything: bool) -> None:
        """Paint the panes that are due, or all in view."""
        workspace = self._workspace
        view, store, fmt, now = workspace.view, workspace.store, workspace.formatter, workspace.clock.monotonic()
        slow = everything or self._is_slow_beat
        if slow:
            rewind, status = workspace.rewind, workspace.status
            status.rewound_to = None if rewind is None else rewind.at
            if rewind is not None:
                status.playing, status.speed = rewind.playing, rewind.speed
            for drawing in (*self.top, *self.bottom):
                drawing.paint(store, fmt, now)
            self._notify_returns()
        if view is None:
            self.notice.message = self._source_state(())[0]
            self.notice.paint(store, fmt, now)
            return
        due = [pane for pane in view.panes if slow or _is_fast(pane)]
        if due:
            view.paint(store, fmt, now, self._source_state, due)

    def paint_acts(self) -> None:
        """Paint the running acts also while the rest is painted less often."""
        workspace = self._workspace
        if workspace.running.under_way:
            self._acts.paint(workspace.store, workspace.formatter, workspace.clock.monotonic())

    def _source_state(self, needs: Sequence[str]) -> tuple[tuple[str, ...], str]:
        rewind = self._workspace.rewind
        loading = rewind is not None and not rewind.loaded
        return self._health.state(needs, self._workspace.formatter, loading=loading)

    def _notify_returns(self) -> None:
        for handle in self._workspace.status.handles:
            if handle.returned:
                self._workspace.notify(handle.returned)
                handle.returned = ""


def _is_fast(pane: Pane) -> bool:
    return pane.has_focus_within and pane.screen.is_current
