"""The layout that is saved between two sessions: theme, screen, sorts, filters, columns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from alphapanda.files import write_atomically
from topics.errors import AlphaPandaError
from tui.appearance import Appearance, Options
from tui.panes.pane import TablePane
from tui.render.filters import parse_filter
from tui.theme.formatter import Zone
from tui.theme.themes import DEFAULT, HUES


class TableMemory(msgspec.Struct, kw_only=True):
    """The saved layout of one table.

    Attributes:
        sort: the column.
        reverse: whether descending.
        filter: as typed.
        columns: the chosen ones; None for the default.
    """

    sort: str = ""
    reverse: bool = False
    filter: str = ""
    columns: list[str] | None = None


class Memory(msgspec.Struct, kw_only=True):
    """The saved layout.

    Attributes:
        theme: its name.
        screen: the last one.
        compact: whether amounts are short.
        hidden: whether amounts are masked.
        zone: of times.
        every: the focused pane is painted on one of this many beats.
        tables: by name.
    """

    theme: str = ""
    screen: str = ""
    compact: bool = False
    hidden: bool = False
    zone: str = ""
    every: int = 1
    tables: dict[str, TableMemory] = msgspec.field(default_factory=dict)


class LayoutStore(Protocol):
    """Saves the layout."""

    def load(self) -> Memory:
        """Return the saved layout; the defaults where there is none, or it cannot be read."""
        ...

    def save(self, memory: Memory) -> str:
        """Save the layout; returns why that failed, empty when it did not."""
        ...


class LayoutFile:
    """Saves the layout in a file.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Memory:
        """Return the saved layout; the defaults where there is none, or it cannot be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Memory)
        except (OSError, msgspec.MsgspecError):
            return Memory()  # only a convenience

    def save(self, memory: Memory) -> str:
        """Save the layout; returns why that failed, empty when it did not."""
        try:
            if not self._path.parent.is_dir():
                return ""  # the dashboard does not create the folder of a deployment
            write_atomically(self._path, msgspec.json.format(msgspec.json.encode(memory)), durable=False)
        except OSError as error:
            return f"Cannot save the layout: {error.strerror}."
        return ""


class NoLayout:
    """Saves nothing: for tests."""

    def load(self) -> Memory:
        """Return the defaults."""
        return Memory()

    def save(self, memory: Memory) -> str:
        """Save nothing."""
        del memory
        return ""


def appearance_of(memory: Memory, options: Options) -> Appearance:
    """Return how values are shown: as saved, with the theme that is asked for."""
    wanted = options.theme or memory.theme
    return Appearance(
        theme=wanted if wanted in HUES else DEFAULT,
        glyphs=options.glyphs,
        hidden=memory.hidden,
        compact=memory.compact,
        zone=Zone(memory.zone) if memory.zone in set(Zone) else Zone.IST,
        every=max(1, memory.every),
    )


def restore_table(memory: Memory, pane: TablePane[Any], now: datetime) -> None:
    """Give a table its saved layout, without the parts that no longer fit."""
    table = pane.table
    known = memory.tables.get(table.spec.name)
    if known is None:
        return
    if known.sort in table.spec.by_key:
        table.order.sort, table.order.reverse = known.sort, known.reverse
    if known.columns:
        table.chosen = {key for key in known.columns if key in table.spec.by_key} or None
    if known.filter:
        try:
            table.order.filter = parse_filter(known.filter, table.spec, now)
        except AlphaPandaError:
            table.order.filter = None  # a column was renamed


def remember(memory: Memory, appearance: Appearance, screen: str, panes: Iterable[TablePane[Any]]) -> None:
    """Put the present layout into the memory."""
    memory.theme, memory.screen = appearance.theme, screen
    memory.compact, memory.hidden, memory.zone = appearance.compact, appearance.hidden, appearance.zone.value
    memory.every = appearance.every
    for pane in panes:
        order, chosen = pane.table.order, pane.table.chosen
        memory.tables[pane.table.spec.name] = TableMemory(
            sort=order.sort,
            reverse=order.reverse,
            filter=order.filter.text if order.filter is not None else "",
            columns=sorted(chosen) if chosen is not None else None,
        )
