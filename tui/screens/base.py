"""What the screens share: they are built when they are first looked at, and tell which panes they have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from textual.containers import Container

from tui.panes.cards import Troubles
from tui.panes.pane import Pane, SourceState, TablePane
from tui.panes.status_bar import DashboardStatus
from tui.render.table import LiveTable
from tui.store.orders import OrderRow
from tui.store.signals import SignalRow
from tui.store.store import Store
from tui.theme.formatter import Formatter

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class ScreenContext:
    """What a screen is built with.

    Attributes:
        store: returns the store of the moment.
        fmt: of the moment when it is built.
        status: beside the store.
        troubles: of the sources.
        waiting: returns the names of the sources that have not said anything yet.
    """

    store: Store
    fmt: Formatter
    status: DashboardStatus
    troubles: Troubles
    waiting: Callable[[], Sequence[str]]


class DashboardScreen(Container):
    """One screen.

    Args:
        scene: what it is built with.
        name: of the screen.
    """

    DEFAULT_CSS = """
    DashboardScreen { height: 1fr; width: 1fr; }
    """

    def __init__(self, context: ScreenContext, name: str) -> None:
        super().__init__(id=f"view-{name}", name=name)
        self.context = context
        self.store = context.store
        self._panes: list[Pane] = []

    @property
    def all_panes(self) -> list[Pane]:
        """The panes, seen or not; those of a screen that was closed too."""
        if not self._panes:
            self._panes = list(self.query(Pane))
        return self._panes

    @property
    def panes(self) -> list[Pane]:
        """The panes in view."""
        return [pane for pane in self.all_panes if pane.display]

    @property
    def tables(self) -> list[TablePane[Any]]:
        """Those with tables."""
        return [pane for pane in self.panes if isinstance(pane, TablePane)]

    def first_focus(self) -> LiveTable[Any] | None:
        """Return the table that has the focus at first."""
        tables = self.tables
        return tables[0].table if tables else None

    @property
    def is_full_size(self) -> bool:
        """Whether one pane has the whole screen."""
        return self.screen.has_class("-full")

    def toggle_full_size(self, pane: Pane | None) -> None:
        """Give a pane the whole screen, or show all panes again."""
        full = pane is not None and not self.is_full_size
        self.screen.set_class(full, "-full")
        for each in self.all_panes:
            each.set_class(full and each is pane, "-full")
        for box in self.query("Horizontal, Vertical"):
            box.set_class(full and pane not in list(box.query(Pane)), "-without-full")

    def reset(self) -> bool:
        """Show everything again; returns whether that is a change."""
        return False

    def prepare(self, store: Store) -> None:
        """Fit the panes to what is selected, before they are painted."""
        self.store = store

    def paint(self, store: Store, fmt: Formatter, now: float, source_state: SourceState, due: list[Pane]) -> None:
        """Show this moment in the panes that are due."""
        self.prepare(store)
        for pane in due:
            pane.paint(store, fmt, now, source_state)

    def chain_of_selection(self, table: LiveTable[Any]) -> str | None:
        """Return the correlation id behind the selected row; None where it has none."""
        row = table.current
        if isinstance(row, SignalRow | OrderRow):
            return row.correlation_id or None
        return None
