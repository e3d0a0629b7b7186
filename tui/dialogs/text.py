"""A dialog that shows lines, as long as they are: help, headers, raw bytes, waterfalls."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.actions import ACTIONS, MOVES, Group
from tui.looks.look import Look


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

    def __init__(self, title: str, text: Text, *, wide: bool = False) -> None:
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


def help_text(look: Look, *, control: bool) -> Text:
    """Return all keys under their headings, from the table of actions."""
    palette, text = look.palette, Text()
    for group in Group:
        text.append(f"{group.value}\n", palette.accent)
        rows = [(a.shown or ":", a.help, a) for a in ACTIONS if a.group is group]
        if group is Group.MOVE:
            for keys, what in MOVES:
                text.append(f"  {keys:<26}", palette.strong)
                text.append(f"{what}\n", palette.dim)
        for keys, what, action in rows:
            locked = action.control and not control
            text.append(f"  {keys:<26}", palette.dim if locked else palette.strong)
            text.append(f"{what}{'  (locked)' if locked else ''}\n", palette.dim)
        text.append("\n")
    return text
