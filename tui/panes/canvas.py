"""A widget that is drawn line by line, and repainted where a line came out differently."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from textwrap import wrap

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.render.layout import padded
from tui.store.store import Store
from tui.theme.formatter import Formatter
from tui.theme.glyphs import plain

Line = list[Segment]
Piece = tuple[str, Style | None]


class Drawing(Widget):
    """Base of what we draw ourselves: give `draw`, and `version` if drawing is dear.

    Attributes:
        message: what stands there while a source says nothing.
        empty: what stands there when there is nothing to draw.
    """

    DEFAULT_CSS = """
    Drawing { height: 1fr; background: $surface; color: $foreground; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []
        self._version: Hashable = None
        self.message: tuple[str, ...] = ()
        self.empty: tuple[str, ...] = ()

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return the lines of this moment."""
        raise NotImplementedError

    def version(self, store: Store, fmt: Formatter) -> Hashable:
        """Return what a drawing depends on; the same again draws nothing. None draws always."""
        del store, fmt
        return None

    def paint(self, store: Store, fmt: Formatter, now: float) -> None:
        """Draw this moment, and repaint the lines that changed."""
        del now
        width, height = self.size
        if not width or not height:
            return
        version = self.version(store, fmt)
        if version is not None:
            full = (version, width, height, id(fmt.palette), fmt.hidden, fmt.compact, fmt.zone, self.message)
            if full == self._version:
                return
            self._version = full
        lines = self.draw(store, fmt, width, height)
        if not lines and (self.message or self.empty):
            lines = centred(self.message or self.empty, fmt, width, height)
        if not fmt.glyphs.is_braille:
            lines = [[Segment(plain(text), style) for text, style, _ in pieces] for pieces in lines]
        before, self._lines = self._lines, lines
        if len(before) != len(lines):
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(before, lines, strict=True)) if old != new]
        if 3 * len(changed) > height:
            self.refresh()
        elif changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def on_resize(self) -> None:
        """Draw anew at the next beat."""
        self._version = None

    def render_line(self, y: int) -> Strip:
        """Return a line of the screen."""
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        return Strip(self._lines[y]).adjust_cell_length(width).apply_style(self.rich_style)


def line(*pieces: Piece) -> Line:
    """Return a line made of texts with their styles."""
    return [Segment(text, style) for text, style in pieces]


def centred(texts: Sequence[str], fmt: Formatter, width: int, height: int) -> list[Line]:
    """Return texts in the middle of an empty pane, in as many lines as they need."""
    room = max(8, width - 4)
    shown = [
        (piece, fmt.palette.text if place == 0 else fmt.palette.dim)
        for place, text in enumerate(texts)
        for piece in wrap(text, room)
    ]
    blank: list[Line] = [[Segment(" " * width)] for _ in range(max(0, (height - len(shown)) // 2))]
    return blank + [[Segment(text.center(width), style)] for text, style in shown]


class EmptyScreenNotice(Drawing):
    """Stands where a screen will be, as long as nothing is known of the deployment."""

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return nothing of its own: the message is shown."""
        del store, fmt, width, height
        return []


def spread(left: Sequence[Piece], right: Sequence[Piece], width: int) -> Line:
    """Return a line with pieces at both ends; what does not fit is cut at the right of the left."""
    room = width - sum(len(text) for text, _ in right)
    pieces: list[Piece] = []
    for text, style in left:
        if room <= 0:
            break
        cut = padded(text, room, right=False) if len(text) > room else text
        pieces.append((cut, style))
        room -= len(cut)
    return line(*pieces, (" " * max(0, room), None), *right)
