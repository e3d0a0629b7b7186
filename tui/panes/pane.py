"""A pane: a frame with a title around a table or a drawing, and what the frame says of its freshness."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from tui.panes.canvas import Drawn
from tui.render.ring import RowGap
from tui.render.spec import TableSpec
from tui.render.table import LiveTable
from tui.store.store import Store
from tui.theme.formatter import Formatter

R = TypeVar("R")
Rows = Callable[[Store], Mapping[Any, Any]]
Situation = Callable[[Sequence[str]], tuple[tuple[str, ...], str]]
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

    def paint(self, desk: Store, look: Formatter, now: float, situation: Situation) -> None:
        """Show this moment."""
        raise NotImplementedError

    def say(self, title: str, subtitle: str, *, stale: bool, frozen: bool = False) -> None:
        """Put words into the frame."""
        said = (title, subtitle, stale, frozen)
        if said != self._said:
            self._said = said
            self.border_title = title
            self.border_subtitle = subtitle
            self.set_class(stale, "-stale")
            self.set_class(frozen, "-frozen")


class DrawnPane(Pane):
    """A frame around a drawing."""

    def __init__(
        self,
        title: str,
        drawn: Drawn,
        *,
        needs: Sequence[str] = ("Kafka",),
        id: str,  # noqa: A002
    ) -> None:
        super().__init__(title, needs=needs, id=id)
        self.drawn = drawn

    def compose(self) -> ComposeResult:
        """Have the drawing inside."""
        yield self.drawn

    @property
    def body(self) -> Drawn:
        """The drawing."""
        return self.drawn

    def paint(self, desk: Store, look: Formatter, now: float, situation: Situation) -> None:
        """Show this moment."""
        message, stale = situation(self.needs)
        self.drawn.message = message
        self.drawn.paint(desk, look, now)
        self.say(self.title, stale, stale=bool(stale))


class TablePane(Pane, Generic[R]):
    """A frame around a table.

    Args:
        spec: the table's.
        rows: takes the rows from the desk.
        look: of the moment.
        kind: the table's class.
    """

    def __init__(
        self,
        spec: TableSpec[R],
        rows: Callable[[Store], Mapping[Any, R | RowGap]],
        look: Formatter,
        *,
        needs: Sequence[str] = ("Kafka",),
        kind: type[LiveTable[Any]] = LiveTable,
    ) -> None:
        super().__init__(spec.title, needs=needs, id=f"pane-{spec.name}")
        self.rows = rows
        self.table: LiveTable[R] = kind(spec, look, id=f"table-{spec.name}")
        self.table.message = ("Loading …",)
        self.note = ""
        self.aside = ""
        self.hint: tuple[str, ...] = ()
        self._frozen_at = ""
        self._frozen_count = 0
        self._changes: Callable[[Store], int] = lambda desk: desk.topics.changes

    def compose(self) -> ComposeResult:
        """Have the table inside."""
        yield self.table

    @property
    def body(self) -> LiveTable[R]:
        """The table."""
        return self.table

    def freeze(self, desk: Store, look: Formatter) -> bool:
        """Stand still, or go on; returns whether it stands still now."""
        frozen = not self.table.frozen
        self.table.freeze(frozen=frozen)
        self._frozen_at = look.clock(look.now)
        self._frozen_count = self._changes(desk)
        return frozen

    def counting(self, changes: Callable[[Store], int]) -> TablePane[R]:
        """Count what comes while it stands still by this."""
        self._changes = changes
        return self

    def paint(self, desk: Store, look: Formatter, now: float, situation: Situation) -> None:
        """Show this moment."""
        table = self.table
        message, stale = situation(self.needs)
        message = message or self.hint
        if table.message != message:
            table.message = message
            table.refresh()
        table.show(self.rows(desk), look, now, self._changes(desk))
        self.say(self._title(look), self._subtitle(desk, look, stale), stale=bool(stale), frozen=table.frozen)

    def _title(self, look: Formatter) -> str:
        table, dot = self.table, look.glyphs.dot
        shown = len(table.order.keys)
        counts = look.count(shown) if shown == table.held else f"{look.count(shown)} of {look.count(table.held)}"
        title = f"{self.title} {dot} {counts}"
        if table.order.filter is not None:
            title += f" {dot} /{table.order.filter.text}"
        elif table.search is not None:
            title += f" {dot} n N {table.search.text}"
        if self.note:
            title += f" {dot} {self.note}"
        return title.replace("[", r"\[")

    def _subtitle(self, desk: Store, look: Formatter, stale: str) -> str:
        if self.table.frozen:
            came = self._changes(desk) - self._frozen_count
            return f"FROZEN {self._frozen_at} {look.glyphs.dot} +{look.count(came)} while frozen"
        if stale:
            return stale
        said = [self.aside] if self.aside else []
        if self.table.spec.tail and not self.table.follow:
            said.append("not following (F)")
        return f" {look.glyphs.dot} ".join(said)
