"""What the screens share: they are built when they are first looked at, and tell which panes they have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from textual.containers import Container

from tui.panes.cards import Troubles
from tui.panes.pane import Pane, Situation, TablePane
from tui.panes.status_bar import DashboardStatus
from tui.render.table import LiveTable
from tui.store.orders import OrderRow
from tui.store.signals import SignalRow
from tui.store.store import Store
from tui.theme.formatter import Formatter

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Scene:
    """What a screen is built with.

    Attributes:
        desk: returns the desk of the moment.
        look: of the moment when it is built.
        status: beside the desk.
        troubles: of the sources.
        waiting: returns the names of the sources that have not said anything yet.
    """

    desk: Store
    look: Formatter
    status: DashboardStatus
    troubles: Troubles
    waiting: Callable[[], Sequence[str]]


class View(Container):
    """One screen.

    Args:
        scene: what it is built with.
        name: of the screen.
    """

    DEFAULT_CSS = """
    View { height: 1fr; width: 1fr; }
    """

    def __init__(self, scene: Scene, name: str) -> None:
        super().__init__(id=f"view-{name}", name=name)
        self.scene = scene
        self.desk = scene.desk
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

    def prepare(self, desk: Store) -> None:
        """Fit the panes to what is selected, before they are painted."""
        self.desk = desk

    def paint(self, desk: Store, look: Formatter, now: float, situation: Situation, due: list[Pane]) -> None:
        """Show this moment in the panes that are due."""
        self.prepare(desk)
        for pane in due:
            pane.paint(desk, look, now, situation)

    def chain_of_selection(self, table: LiveTable[Any]) -> str | None:
        """Return the correlation id behind the selected row; None where it has none."""
        row = table.current
        if isinstance(row, SignalRow | OrderRow):
            return row.correlation_id or None
        return None
