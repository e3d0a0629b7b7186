"""Filter, matches, marks; the selected row in full and its chain."""

from __future__ import annotations

from typing import Final

from alphapanda.model.records import Partition, Record
from topics.errors import AlphaPandaError
from topics.services import TICKS
from tui.actions.workspace import Workspace
from tui.dialogs.inspect import InspectDialog
from tui.dialogs.text import TextDialog
from tui.dialogs.waterfall import waterfall
from tui.panes.prompt import FILTER_HINT
from tui.render.filters import parse_filter
from tui.store.store import Store
from tui.theme.masking import hide

NO_CHAIN: Final = "Select a signal (3) or an order (4) to trace it."


class SearchActions:
    """Finds rows, and shows the selected one.

    Args:
        workspace: the dashboard.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def filter(self) -> None:
        """Ask for a filter."""
        workspace, table = self._workspace, self._workspace.table
        if table is not None:
            text = table.order.filter.text if table.order.filter is not None else ""
            workspace.prompt.ask(workspace.pane, text, FILTER_HINT, self._apply, changed=self._preview)

    def _preview(self, text: str) -> None:
        self._apply(text, quiet=True)

    def _apply(self, text: str, *, quiet: bool = False) -> None:
        """Filter the table; a filter that is still being typed may be unfinished."""
        workspace, table = self._workspace, self._workspace.table
        if table is None:
            return
        try:
            table.set_filter(parse_filter(text, table.spec, workspace.clock.now()))
        except AlphaPandaError as error:
            if not quiet:
                workspace.notify(f"{error.message} {error.hint}", severity="error", timeout=8)
        workspace.paint(everything=True)

    def next_match(self, step: str) -> None:
        """Show all rows, and go to the next one that the filter found."""
        workspace, table = self._workspace, self._workspace.table
        if table is None:
            return
        if table.order.filter is not None:
            wanted = table.order.filter
            table.set_filter(None)
            table.set_search(wanted)
        if table.search is None:
            workspace.notify("Type / and a filter first; n and N then go through the matches.", timeout=4)
        elif not table.find_next(int(step)):
            workspace.notify(f"No row matches {table.search.text!r}.", timeout=3)
        workspace.paint(everything=True)

    def mark(self) -> None:
        """Mark the selected row, or unmark it."""
        table = self._workspace.table
        if table is not None and table.toggle_mark() is None:
            self._workspace.notify("There is no row to mark.", timeout=2)

    def next_mark(self) -> None:
        """Go to the next marked row."""
        table = self._workspace.table
        if table is not None and not table.next_mark():
            self._workspace.notify("No row is marked; m marks one.", timeout=3)

    def inspect(self) -> None:
        """Show the row in full."""
        workspace, table = self._workspace, self._workspace.table
        if table is not None and table.current is not None:
            fmt = workspace.formatter
            workspace.open_dialog(InspectDialog(hide(table.spec.document(table.current), fmt), fmt))

    def trace(self) -> None:
        """Show the chain of the selected signal or order."""
        workspace = self._workspace
        view, table = workspace.view, workspace.table
        key = view.chain_of_selection(table) if view is not None and table is not None else None
        if key is None:
            workspace.notify(NO_CHAIN, severity="warning")
            return
        chain = workspace.store.chains.of(key)
        if chain is None:
            older = f"The chain is older than the records in memory. Run: alphapanda why {key}"
            workspace.notify(older, severity="warning")
            return
        tick = chain.tick
        tick_ms = (
            None if tick is None else _written_ms(workspace.store, Partition(TICKS, tick.partition), tick.offset)
        )
        width = min(200, int(workspace.size.width * 0.9)) - 6
        text = waterfall(chain, tick_ms, workspace.formatter, width)
        workspace.open_dialog(TextDialog("From tick to fill", text, wide=True))


def _written_ms(store: Store, partition: Partition, offset: int) -> int | None:
    """Return the log's timestamp of a tick, if the tail still holds it."""
    tail = store.topics.tails.get(partition.topic)
    for record in tail or ():
        if isinstance(record, Record) and (record.partition, record.offset) == (partition, offset):
            return record.timestamp_ms
    return None
