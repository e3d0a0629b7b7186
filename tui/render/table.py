"""`LiveTable`: a table that draws only the lines in view that changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.render.filters import RowFilter
from tui.render.layout import SPACE, fit
from tui.render.order import Key, RowOrder
from tui.render.painting import message_line, row_line, title_line
from tui.render.ring import RowGap
from tui.render.spec import TableColumn, TableSpec
from tui.theme.formatter import Formatter

R = TypeVar("R")

RESORT_S = 1.0
HOLD_S = 3.0
"""After the operator moved, the order stands still for so long."""
HEADER = 1


class LiveTable(ScrollView, Generic[R], can_focus=True):
    """Rows by key. The rows are immutable values: a row that is another object has changed.

    Args:
        spec: what it shows.
        fmt: of the moment.
        id: in the tree of widgets.
    """

    DEFAULT_CSS = """
    LiveTable { height: 1fr; background: $surface; color: $foreground; scrollbar-size: 1 1; overflow-x: hidden; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = set()

    @dataclass
    class Opened(Message):
        """A row is to be inspected."""

        table: LiveTable[Any]

    @dataclass
    class Moved(Message):
        """Another row is selected."""

        table: LiveTable[Any]

        @property
        def control(self) -> LiveTable[Any]:
            """The table, for `@on` with a selector."""
            return self.table

    def __init__(self, spec: TableSpec[R], fmt: Formatter, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.spec = spec
        self.order: RowOrder[R] = RowOrder(spec)
        self.follow = spec.tail
        self.chosen: set[str] | None = None
        self.message: tuple[str, ...] = ()
        self.shift = 0
        self._fmt = fmt
        self._rows: Mapping[Key, R | RowGap] = {}
        self._columns: list[tuple[TableColumn[R], int]] = []
        self._needs: dict[str, int] = {}
        self._needs_new = False
        self._strips: dict[Key, tuple[object, Strip]] = {}
        self.search: RowFilter[R] | None = None
        self.marked: set[Key] = set()
        self._key: Key | None = None
        self._place = 0
        self._picked = False
        self._frozen = False
        self._ordered_at = -RESORT_S
        self._changes = -1
        self._unsorted = False
        self._moved_at = -HOLD_S
        self._aged_at = 0.0
        self._shape: tuple[int, Key | None, Key | None] | None = None

    # ------------------------------------------------------------ data

    def show(self, rows: Mapping[Key, R | RowGap], fmt: Formatter, now: float, changes: int) -> None:
        """Take the rows of this moment and repaint the lines in view that changed; frozen, do nothing.

        Args:
            rows: by key; kept, not copied.
            fmt: of the moment.
            now: monotonic seconds.
            changes: a count that is another when any row is.
        """
        relook = fmt.palette is not self._fmt.palette or (fmt.hidden, fmt.compact, fmt.zone, fmt.glyphs) != (
            self._fmt.hidden,
            self._fmt.compact,
            self._fmt.zone,
            self._fmt.glyphs,
        )
        self._fmt = fmt
        if relook:
            self.redraw()
        if self._frozen:
            return
        if changes != self._changes or rows is not self._rows or self._unsorted:
            self._rows = rows
            self._changes = changes
            self._arrange(now)
            self._repaint_changed()
        if self.spec.ages and now - self._aged_at >= RESORT_S:
            self._aged_at = now
            self._repaint_aged()

    def _arrange(self, now: float, *, force: bool = False) -> None:
        shape = self._shape_of()
        changed = shape != self._shape
        if not (changed or force) and (self.spec.tail or now - self._ordered_at < RESORT_S):
            self._unsorted = not self.spec.tail
            return
        self._unsorted = False
        self._shape = shape
        self._ordered_at = now
        top = self.scroll_offset.y
        if self.order.make(self._rows, hold=not force and now - self._moved_at < HOLD_S):
            self._settle(top)

    def _shape_of(self) -> tuple[int, Key | None, Key | None]:
        rows = self._rows
        return len(rows), next(iter(rows), None), next(reversed(rows), None) if rows else None

    def _settle(self, top: int) -> None:
        """Put the cursor on its row again, on the same line of the screen, and go on following."""
        order = self.order
        count = len(order.keys)
        self.virtual_size = Size(self.size.width, count + HEADER)
        line = self._place - top
        if self.follow and not self._picked:
            self._place = count - 1 if not self.order.reverse else 0
        elif self._key in order.places and self._picked:
            self._place = order.places[self._key]
        self._place = max(0, min(self._place, count - 1))
        self._key = order.keys[self._place] if count else None
        if self.follow and not self._picked:
            self._scroll(count if not self.order.reverse else 0)
        elif self._picked and 0 <= line < self._page:
            self._scroll(self._place - line)
        self.refresh()

    def _repaint_changed(self) -> None:
        top, dirty = self.scroll_offset.y, []
        keys = self.order.keys[top : top + self._page]
        for line, key in enumerate(keys):
            cached = self._strips.get(key)
            if cached is None or cached[0] is not self._rows.get(key):
                dirty.append(line)
        if len(dirty) * 3 > len(keys):
            self.refresh()
        elif dirty:
            width = self.size.width
            self.refresh(*(Region(0, line + HEADER, width, 1) for line in dirty))

    def _repaint_aged(self) -> None:
        """Repaint the lines in view whose cells became others by time alone."""
        top, width, dirty = self.scroll_offset.y, self.size.width, []
        for line, key in enumerate(self.order.keys[top : top + self._page]):
            cached = self._strips.get(key)
            if cached is None:
                continue
            row = cast("R | RowGap | None", cached[0])
            strip = self._line(row, width)
            if strip != cached[1]:
                self._strips[key] = (row, strip)
                dirty.append(Region(0, line + HEADER, width, 1))
        if dirty:
            self.refresh(*dirty)

    # ------------------------------------------------------------ state

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._frozen

    def freeze(self, *, frozen: bool) -> None:
        """Stand still on what is there, or go on with what there is now."""
        self._frozen = frozen
        if frozen:
            self._rows = dict(self._rows)
        else:
            self._ordered_at = -RESORT_S
            self._changes = -1

    @property
    def current(self) -> R | None:
        """The selected row."""
        row = None if self._key is None else self._rows.get(self._key)
        return None if row is None or isinstance(row, RowGap) else row

    @property
    def current_key(self) -> Key | None:
        """The selected row's key."""
        return self._key

    @property
    def shown(self) -> list[R]:
        """The rows that pass the filter, in order."""
        rows = (self._rows.get(key) for key in self.order.keys)
        return [row for row in rows if row is not None and not isinstance(row, RowGap)]

    @property
    def held(self) -> int:
        """How many rows there are, shown or not."""
        return len(self._rows)

    @property
    def columns_shown(self) -> list[TableColumn[R]]:
        """The columns in view."""
        return [column for column, _ in self._columns]

    def set_filter(self, wanted: RowFilter[R] | None) -> None:
        """Show the rows that pass, from now on."""
        self.order.filter = wanted
        self.order.forget()
        self._arrange(self._ordered_at, force=True)
        self.redraw()

    def set_sort(self, key: str, *, reverse: bool) -> None:
        """Sort by a column."""
        self.order.sort, self.order.reverse = key, reverse
        self._arrange(self._ordered_at, force=True)
        self.redraw()

    def set_columns(self, chosen: set[str] | None) -> None:
        """Show these columns, as far as they fit; None for the usual ones."""
        self.chosen = chosen
        self._fit()
        self.redraw()

    def set_follow(self, *, follow: bool) -> None:
        """Stay at the end where rows come, or not."""
        self.follow = follow
        self._picked = not follow
        self._settle(self.scroll_offset.y)

    def sort_by_next(self, step: int) -> None:
        """Sort by the next column in view, or the one before."""
        keys = [column.key for column in self.columns_shown]
        place = keys.index(self.order.sort) + step if self.order.sort in keys else 0
        self.set_sort(keys[place % len(keys)], reverse=self.order.reverse)

    def redraw(self) -> None:
        """Draw every line in view anew."""
        self._strips.clear()
        self.refresh()

    # ------------------------------------------------------------ moving

    @property
    def _page(self) -> int:
        return max(1, self.size.height - HEADER)

    def move_to(self, place: int) -> None:
        """Select the row at a place, and keep it selected wherever it goes."""
        keys = self.order.keys
        if not keys:
            return
        before = self._place
        self._place = max(0, min(place, len(keys) - 1))
        self._key = keys[self._place]
        at_end = self._place == (0 if self.order.reverse else len(keys) - 1)
        self._picked = not (self.follow and self.spec.tail and at_end)
        self._moved_at = self._now()
        top = self.scroll_offset.y
        if self._place < top:
            self._scroll(self._place)
        elif self._place >= top + self._page:
            self._scroll(self._place - self._page + 1)
        for line in {before - self.scroll_offset.y, self._place - self.scroll_offset.y}:
            self.refresh(Region(0, line + HEADER, self.size.width, 1))
        self.post_message(self.Moved(self))

    def move_by(self, step: int) -> None:
        """Select a row some places away."""
        self.move_to(self._place + step)

    def select_key(self, key: Key) -> bool:
        """Select the row with that key; False when it is not shown."""
        place = self.order.places.get(key)
        if place is None:
            return False
        self.move_to(place)
        return True

    # ------------------------------------------------------------ finding

    def find_next(self, step: int) -> bool:
        """Select the next row that the search finds, or the one before; False when there is none."""
        if self.search is None:
            return False
        return self._go_round(step, self._is_found)

    def _is_found(self, key: Key) -> bool:
        row = self._rows.get(key)
        return (
            self.search is not None and row is not None and not isinstance(row, RowGap) and self.search.test(row)
        )

    def toggle_mark(self) -> bool | None:
        """Mark the selected row or unmark it; returns whether it is marked now, None without a row."""
        key = self._key
        if key is None or self.current is None:
            return None
        self.marked ^= {key}
        self.refresh()
        return key in self.marked

    def next_mark(self) -> bool:
        """Select the next marked row; False when there is none."""
        self.marked &= self._rows.keys()
        return self._go_round(1, self.marked.__contains__)

    def _go_round(self, step: int, wanted: Callable[[Key], bool]) -> bool:
        keys = self.order.keys
        for passed in range(1, len(keys) + 1):
            place = (self._place + step * passed) % len(keys)
            if wanted(keys[place]):
                self.move_to(place)
                return True
        return False

    def set_search(self, wanted: RowFilter[R] | None) -> None:
        """Mark what is looked for in all rows, from now on."""
        self.search = wanted
        self.redraw()

    def _scroll(self, top: int) -> None:
        most = max(0, len(self.order.keys) - self._page)
        # Forced: whether it can be scrolled is known to it only after the layout.
        self.scroll_to(y=max(0, min(top, most)), animate=False, immediate=True, force=True)

    def _now(self) -> float:
        return max(self._ordered_at, self._aged_at)

    def on_key(self, event: events.Key) -> None:
        """Move with the arrows, as in vi, and by pages."""
        page, last = self._page, len(self.order.keys) - 1
        moves = {
            "down": self._place + 1,
            "j": self._place + 1,
            "up": self._place - 1,
            "k": self._place - 1,
            "pagedown": self._place + page,
            "ctrl+d": self._place + page // 2,
            "pageup": self._place - page,
            "ctrl+u": self._place - page // 2,
            "home": 0,
            "g": 0,
            "end": last,
            "G": last,
        }
        if event.key in moves:
            event.stop()
            event.prevent_default()
            self.move_to(moves[event.key])
        elif event.key in {"left", "right"} or (self.spec.tail and event.key in {"h", "l"}):
            event.stop()
            event.prevent_default()
            step = 8 if event.key in {"right", "l"} else -8
            self.shift = max(0, self.shift + step)
            self.redraw()
        elif event.key == "enter":
            event.stop()
            if self.current is not None:
                self.post_message(self.Opened(self))

    def on_click(self, event: events.Click) -> None:
        """Select a row, open it with a double click; sort by a column's title."""
        if event.y == 0:
            self._click_title(event.x)
            return
        self.move_to(self.scroll_offset.y + event.y - HEADER)
        if event.chain > 1 and self.current is not None:
            self.post_message(self.Opened(self))

    def _click_title(self, x: int) -> None:
        edge = 1
        for column, width in self._columns:
            if edge <= x < edge + width:
                again = column.key == self.order.sort
                self.set_sort(column.key, reverse=not self.order.reverse if again else self.order.reverse)
                return
            edge += width + SPACE

    # ------------------------------------------------------------ painting

    def on_resize(self) -> None:
        """Choose the columns that fit."""
        self._fit()
        self.virtual_size = Size(self.size.width, len(self.order.keys) + HEADER)
        self._strips.clear()
        if self.follow and not self._picked:
            # Only after the layout it is known how far one can scroll.
            self.call_after_refresh(self._go_to_end)

    def _go_to_end(self) -> None:
        if self.follow and not self._picked:
            self._settle(self.scroll_offset.y)

    def _fit(self) -> None:
        room = self.scrollable_content_region.width or self.size.width
        fitted = fit(self.spec.columns, room, self.chosen, self._needs)
        self._columns = cast("list[tuple[TableColumn[R], int]]", fitted)

    def render_line(self, y: int) -> Strip:
        """Return a line of the screen."""
        width = self.size.width
        ground = self.rich_style
        if not self.order.keys:
            said = message_line(self._said, y, self._fmt, width, self.size.height)
            return said.apply_style(ground)
        if y < HEADER:
            sort = "" if self.spec.tail else self.order.sort
            titles = title_line(self._columns, self._fmt, width, sort=sort, reverse=self.order.reverse)
            return titles.apply_style(ground)
        place = self.scroll_offset.y + y - HEADER
        if place >= len(self.order.keys):
            return Strip.blank(width, ground)
        key = self.order.keys[place]
        row = self._rows.get(key)
        cached = self._strips.get(key)
        if cached is None or cached[0] is not row:
            strip = self._line(row, width)
            if len(self._strips) > 8 * self._page:
                self._strips.clear()
            self._strips[key] = (row, strip)
        else:
            strip = cached[1]
        marked_row = key in self.marked
        if marked_row:
            strip = Strip([Segment(self._fmt.glyphs.mark, self._fmt.palette.warn), *strip.crop(1)])
        if place == self._place and (self.has_focus or self._picked):
            mark = self._fmt.palette.accent if self.has_focus else self._fmt.palette.dim
            marked = list(strip) if marked_row else [Segment(self._fmt.glyphs.cursor, mark), *strip.crop(1)]
            under = self._fmt.palette.cursor if self.has_focus else None
            strip = Strip([Segment(s.text, _under(s.style, under)) for s in marked])
        return strip.apply_style(ground)

    def _line(self, row: object, width: int) -> Strip:
        if row is None:
            return Strip.blank(width)
        found = self.order.filter or self.search
        words = found.words if found is not None else ()
        return row_line(
            row, self._columns, self._fmt, width, shift=self.shift, words=words, needed=self._learn_need
        )

    def _learn_need(self, key: str, cells: int) -> None:
        """Learn that a column has a longer text than it shows; it is given room after this paint."""
        if cells > self._needs.get(key, 0):
            if not self._needs_new:
                self._needs_new = True
                self.call_later(self._give_room)
            self._needs[key] = cells

    def _give_room(self) -> None:
        self._needs_new = False
        before = self._columns
        self._fit()
        if self._columns != before:
            self.redraw()

    @property
    def _said(self) -> tuple[str, ...]:
        """What stands there instead of rows."""
        if self._rows and self.order.filter is not None:
            return (f"No {self.spec.noun} pass the filter {self.order.filter.text!r}.", "esc clears it.")
        return self.message or (self.spec.empty,)


def _under(style: Style | None, ground: Style | None) -> Style | None:
    """Return a style on the ground of the selected row; one that is reversed leaves no colour to be read."""
    if style is None or ground is None or ground.reverse:
        return ground or style
    return ground + style


class RingLog(LiveTable[R]):
    """Lines that only come at the end: it follows them until somebody looks back, and says what was dropped."""

    DEFAULT_CSS = """
    RingLog { height: 1fr; }
    """
