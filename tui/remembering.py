"""Between the tables and what is remembered of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from topics.errors import AlphaPandaError
from tui.layout_file import TableMemory
from tui.panes.pane import TablePane
from tui.render.filters import parse_filter

if TYPE_CHECKING:
    from tui.app import Dashboard


def recall(app: Dashboard, pane: TablePane[Any]) -> None:
    """Give a table what is remembered of it; what no longer fits is left out."""
    table = pane.table
    known = app.memory.tables.get(table.spec.name)
    if known is None:
        return
    if known.sort in table.spec.by_key:
        table.order.sort, table.order.reverse = known.sort, known.reverse
    if known.columns:
        table.chosen = {key for key in known.columns if key in table.spec.by_key} or None
    if known.filter:
        try:
            table.order.filter = parse_filter(known.filter, table.spec, app.clock.now())
        except AlphaPandaError:
            table.order.filter = None  # the column is called otherwise now


def remember(app: Dashboard) -> None:
    """Take what is to be remembered from the tables."""
    memory = app.memory
    memory.theme, memory.screen = app.theme, app.status.screen
    memory.compact, memory.hidden, memory.zone = app.compact, app.hidden, app.zone_shown.value
    memory.every = app.every
    panes = [pane for view in app.views for pane in view.all_panes if isinstance(pane, TablePane)]
    for pane in panes:
        order = pane.table.order
        memory.tables[pane.table.spec.name] = TableMemory(
            sort=order.sort,
            reverse=order.reverse,
            filter=order.filter.text if order.filter is not None else "",
            columns=sorted(pane.table.chosen) if pane.table.chosen is not None else None,
        )
