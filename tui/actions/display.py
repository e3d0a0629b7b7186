"""Panes, sorts and columns; units, theme and the rate of painting."""

from __future__ import annotations

from typing import Final

from tui.actions.workspace import Workspace
from tui.dialogs.ask import ColumnsDialog
from tui.panes.pane import TablePane
from tui.theme.formatter import Zone
from tui.theme.themes import HUES

RATES: Final = (1, 5, 10)
"""Choices of `Appearance.every`, the fastest first."""
BEATS_PER_SECOND: Final = 10


class DisplayActions:
    """Changes how data is shown.

    Args:
        workspace: the dashboard.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def freeze(self) -> None:
        """Freeze the pane, or release it."""
        workspace = self._workspace
        if workspace.pane is not None:
            workspace.pane.freeze(workspace.store, workspace.formatter)
            workspace.paint(everything=True)

    def follow(self) -> None:
        """Follow the newest row, or stop following."""
        workspace, table = self._workspace, self._workspace.table
        if table is not None:
            table.set_follow(follow=not table.follow)
            workspace.notify("Following the newest row." if table.follow else "Not following.", timeout=2)

    def maximise(self) -> None:
        """Give the pane the whole screen, and back."""
        workspace = self._workspace
        if workspace.pane is not None and workspace.view is not None:
            workspace.view.toggle_full_size(workspace.pane)
            workspace.paint_soon()

    def sort(self, step: str) -> None:
        """Sort by the next column in a direction."""
        table = self._workspace.table
        if table is not None and not table.spec.tail:
            table.sort_by_next(int(step))

    def reverse(self) -> None:
        """Reverse the sort order."""
        table = self._workspace.table
        if table is not None and not table.spec.tail:
            table.set_sort(table.order.sort, reverse=not table.order.reverse)

    async def columns(self) -> None:
        """Choose the table's columns."""
        table = self._workspace.table
        if table is None:
            return
        columns = [(column.key, column.title) for column in table.spec.columns]
        shown = table.chosen or {column.key for column in table.columns_shown}
        chosen = await self._workspace.ask(ColumnsDialog(columns, shown))
        if chosen and chosen != shown:
            table.set_columns(chosen)

    def zone(self) -> None:
        """Show times in the next zone."""
        appearance, zones = self._workspace.appearance, list(Zone)
        appearance.zone = zones[(zones.index(appearance.zone) + 1) % len(zones)]
        self._workspace.notify(f"Times: {appearance.zone.value}.", timeout=2)
        self._workspace.paint(everything=True)

    def compact(self) -> None:
        """Show money in lakh and crore, or to the paisa."""
        self._workspace.appearance.compact = not self._workspace.appearance.compact
        self._workspace.paint(everything=True)

    def hide_money(self) -> None:
        """Mask every amount, or show them again."""
        self._workspace.appearance.hidden = not self._workspace.appearance.hidden
        self._workspace.paint(everything=True)

    def next_theme(self) -> None:
        """Show the next theme."""
        appearance, names = self._workspace.appearance, list(HUES)
        appearance.theme = names[(names.index(appearance.theme) + 1) % len(names)]
        self._workspace.apply_theme()

    def rate(self, step: str) -> None:
        """Paint more often, or less."""
        workspace, every = self._workspace, self._workspace.appearance.every
        place = RATES.index(every) if every in RATES else 0
        workspace.appearance.every = RATES[max(0, min(len(RATES) - 1, place - int(step)))]
        workspace.status.hertz = rate = BEATS_PER_SECOND // workspace.appearance.every
        workspace.notify(f"Painting {rate} times a second." if rate > 1 else "Painting once a second.", timeout=2)

    def retry(self) -> None:
        """Reconnect to the failed sources now."""
        for handle in self._workspace.status.handles:
            handle.again.set()

    def reset(self) -> None:
        """Forget the sorts, filters and columns."""
        workspace = self._workspace
        workspace.memory.tables.clear()
        for pane in (pane for view in workspace.views for pane in view.all_panes):
            if isinstance(pane, TablePane):
                order, spec = pane.table.order, pane.table.spec
                order.sort, order.reverse = spec.sort, spec.reverse
                pane.table.set_filter(None)
                pane.table.set_columns(None)
        workspace.notify("The layout was reset.")
