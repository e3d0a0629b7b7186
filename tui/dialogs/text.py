"""A dialog that shows lines, as long as they are: help, headers, raw bytes, waterfalls."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.actions.registry import ACTIONS, MOVES, ActionGroup
from tui.theme.formatter import Formatter

KEYS_WIDE = 26


class TextDialog(ModalScreen[None]):
    """Shows a text; any of esc, q, enter closes it.

    Args:
        title: over it.
        text: what is shown.
        wide: whether it may take the whole width.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "Close"),
        ("q", "dismiss", "Close"),
        ("enter", "dismiss", "Close"),
        ("j", "scroll(1)", "Down"),
        ("k", "scroll(-1)", "Up"),
    ]

    def __init__(self, title: str, text: Text | Table, *, wide: bool = False) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._wide = wide

    def compose(self) -> ComposeResult:
        """Have the text in a frame."""
        with Vertical(classes="dialog -wide" if self._wide else "dialog") as frame:
            frame.border_title = self._title
            frame.border_subtitle = "esc closes"
            with VerticalScroll():
                yield Static(self._text, id="dialog-text")

    def action_scroll(self, lines: int) -> None:
        """Scroll some lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def help_text(fmt: Formatter, *, control: bool) -> Table:
    """Return all keys under their headings, from the table of actions."""
    palette, table = fmt.palette, Table.grid(padding=(0, 1))
    table.add_column(width=KEYS_WIDE)
    table.add_column(ratio=1)
    for group in ActionGroup:
        table.add_row(Text(group.value, palette.accent), "")
        rows = [(a.shown or ":", a.help, a.is_control and not control) for a in ACTIONS if a.group is group]
        if group is ActionGroup.MOVE:
            rows = [(keys, what, False) for keys, what in MOVES]
        for keys, what, locked in rows:
            shown = Text(f"  {keys}", palette.dim if locked else palette.strong)
            table.add_row(shown, Text(f"{what}{'  (locked)' if locked else ''}", palette.dim))
        table.add_row("", "")
    return table
