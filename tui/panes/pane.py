"""A pane: a frame with a title around a table or a drawing, and what the frame says of its freshness."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from tui.panes.canvas import Drawing
from tui.render.ring import RowGap
from tui.render.spec import TableSpec
from tui.render.table import LiveTable
from tui.store.store import Store
from tui.theme.formatter import Formatter

R = TypeVar("R")
Rows = Callable[[Store], Mapping[Any, Any]]
SourceState = Callable[[Sequence[str]], tuple[tuple[str, ...], str]]
"""For the sources that a pane needs: what an empty pane says, and what its frame says of staleness."""


class Pane(Container):
    """A frame around one body.

    Args:
        title: in the frame.
        needs: names of the sources whose absence makes it stale.
        id: in the tree of widgets.
    """

    DEFAULT_CSS = """
    Pane { border: round $faint; border-title-color: $foreground; border-title-style: bold;
           border-subtitle-color: $dim; background: $surface; height: 1fr; width: 1fr; }
    Pane:focus-within { border: round $accent; border-title-color: $accent; }
    Pane.-stale { border: dashed $warning; border-subtitle-color: $warning; }
    Pane.-frozen { border: round $secondary; border-subtitle-color: $secondary; }
    """

    def __init__(self, title: str, *, needs: Sequence[str] = ("Kafka",), id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.title = title
        self.needs = tuple(needs)
        self.border_title = title
        self._said: Hashable = None

    @property
    def body(self) -> Widget:
        """What is inside."""
        raise NotImplementedError

    def paint(self, store: Store, fmt: Formatter, now: float, source_state: SourceState) -> None:
        """Show this moment."""
        raise NotImplementedError

    def label(self, title: str, subtitle: str, *, stale: bool, frozen: bool = False) -> None:
        """Put words into the frame."""
        said = (title, subtitle, stale, frozen)
        if said != self._said:
            self._said = said
            self.border_title = title
            self.border_subtitle = subtitle
            self.set_class(stale, "-stale")
            self.set_class(frozen, "-frozen")


class DrawingPane(Pane):
    """A frame around a drawing."""

    def __init__(
        self,
        title: str,
        drawing: Drawing,
        *,
        needs: Sequence[str] = ("Kafka",),
        id: str,  # noqa: A002
    ) -> None:
        super().__init__(title, needs=needs, id=id)
        self.drawing = drawing

    def compose(self) -> ComposeResult:
        """Have the drawing inside."""
        yield self.drawing

    @property
    def body(self) -> Drawing:
        """The drawing."""
        return self.drawing

    def paint(self, store: Store, fmt: Formatter, now: float, source_state: SourceState) -> None:
        """Show this moment."""
        message, stale = source_state(self.needs)
        self.drawing.message = message
        self.drawing.paint(store, fmt, now)
        self.label(self.title, stale, stale=bool(stale))


class TablePane(Pane, Generic[R]):
    """A frame around a table.

    Args:
        spec: the table's.
        rows: takes the rows from the store.
        fmt: of the moment.
        kind: the table's class.
    """

    def __init__(
        self,
        spec: TableSpec[R],
        rows: Callable[[Store], Mapping[Any, R | RowGap]],
        fmt: Formatter,
        *,
        needs: Sequence[str] = ("Kafka",),
        kind: type[LiveTable[Any]] = LiveTable,
    ) -> None:
        super().__init__(spec.title, needs=needs, id=f"pane-{spec.name}")
        self.rows = rows
        self.table: LiveTable[R] = kind(spec, fmt, id=f"table-{spec.name}")
        self.table.message = ("Loading …",)
        self.note = ""
        self.aside = ""
        self.hint: tuple[str, ...] = ()
        self._frozen_at = ""
        self._frozen_count = 0
        self._changes: Callable[[Store], int] = lambda store: store.topics.changes

    def compose(self) -> ComposeResult:
        """Have the table inside."""
        yield self.table

    @property
    def body(self) -> LiveTable[R]:
        """The table."""
        return self.table

    def freeze(self, store: Store, fmt: Formatter) -> bool:
        """Stand still, or go on; returns whether it stands still now."""
        frozen = not self.table.frozen
        self.table.freeze(frozen=frozen)
        self._frozen_at = fmt.clock(fmt.now)
        self._frozen_count = self._changes(store)
        return frozen

    def counting(self, changes: Callable[[Store], int]) -> TablePane[R]:
        """Count what comes while it stands still by this."""
        self._changes = changes
        return self

    def paint(self, store: Store, fmt: Formatter, now: float, source_state: SourceState) -> None:
        """Show this moment."""
        table = self.table
        message, stale = source_state(self.needs)
        message = message or self.hint
        if table.message != message:
            table.message = message
            table.refresh()
        table.show(self.rows(store), fmt, now, self._changes(store))
        self.label(self._title(fmt), self._subtitle(store, fmt, stale), stale=bool(stale), frozen=table.frozen)

    def _title(self, fmt: Formatter) -> str:
        table, dot = self.table, fmt.glyphs.dot
        shown = len(table.order.keys)
        counts = fmt.count(shown) if shown == table.held else f"{fmt.count(shown)} of {fmt.count(table.held)}"
        title = f"{self.title} {dot} {counts}"
        if table.order.filter is not None:
            title += f" {dot} /{table.order.filter.text}"
        elif table.search is not None:
            title += f" {dot} n N {table.search.text}"
        if self.note:
            title += f" {dot} {self.note}"
        return title.replace("[", r"\[")

    def _subtitle(self, store: Store, fmt: Formatter, stale: str) -> str:
        if self.table.frozen:
            came = self._changes(store) - self._frozen_count
            return f"FROZEN {self._frozen_at} {fmt.glyphs.dot} +{fmt.count(came)} while frozen"
        if stale:
            return stale
        said = [self.aside] if self.aside else []
        if self.table.spec.tail and not self.table.follow:
            said.append("not following (F)")
        return f" {fmt.glyphs.dot} ".join(said)
