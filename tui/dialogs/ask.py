"""Questions: a choice, and columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, SelectionList
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection

from tui.theme.formatter import Formatter

AROUND = 5
"""Rows of a dialog beside its choices."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose.

    Attributes:
        value: what is returned.
        title: what is read.
        note: beside it.
        key: at the right.
    """

    value: str
    title: str
    note: str = ""
    key: str = ""


class ChooseDialog(ModalScreen[str | None]):
    """Finds one of many by typing: the command palette, brokers, daemons.

    Args:
        title: over it.
        choices: to choose from.
        fmt: of the moment.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "Close"),
        ("down", "move(1)", "Down"),
        ("up", "move(-1)", "Up"),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], fmt: Formatter) -> None:
        super().__init__()
        self._title = title
        self._choices = list(choices)
        self._fmt = fmt

    def compose(self) -> ComposeResult:
        """Have a line to type in over the list."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = self._title
            frame.border_subtitle = "enter chooses · esc closes"
            yield Input(placeholder="type to find", id="choose-input")
            yield OptionList(*self._options(""), id="choose-list")

    def on_mount(self) -> None:
        """Take the keys; be as high as the choices need."""
        self.query_one(".dialog").styles.height = min(
            len(self._choices) + AROUND, round(0.8 * self.app.size.height)
        )
        self.query_one(Input).focus()
        self.query_one(OptionList).highlighted = 0

    def _options(self, typed: str) -> Iterable[Option]:
        palette = self._fmt.palette
        for choice in self._matching(typed):
            text = Text(choice.title, palette.text)
            text.append(f"  {choice.note}", palette.dim)
            if choice.key:
                text.append(f"  {choice.key}", palette.accent)
            yield Option(text, id=choice.value)

    def _matching(self, typed: str) -> list[Choice]:
        words = typed.casefold().split()
        found = [c for c in self._choices if all(word in f"{c.title} {c.note}".casefold() for word in words)]
        return sorted(found, key=lambda c: not c.title.casefold().startswith(typed.casefold())) if typed else found

    @on(Input.Changed)
    def narrow(self, event: Input.Changed) -> None:
        """Show what fits."""
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(list(self._options(event.value)))
        options.highlighted = 0 if options.option_count else None

    @on(Input.Submitted)
    def choose_first(self) -> None:
        """Choose what is marked."""
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            self.dismiss(options.get_option_at_index(options.highlighted).id)

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Choose it."""
        self.dismiss(event.option.id)

    def action_move(self, step: int) -> None:
        """Mark another."""
        options = self.query_one(OptionList)
        if options.option_count:
            options.highlighted = ((options.highlighted or 0) + step) % options.option_count


class ColumnsDialog(ModalScreen[set[str] | None]):
    """Chooses columns.

    Args:
        columns: key and title of each.
        chosen: those that are shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "done", "Done"),
        ("a", "done", "Done"),
        ("q", "done", "Done"),
    ]

    def __init__(self, columns: Sequence[tuple[str, str]], chosen: set[str]) -> None:
        super().__init__()
        self._columns = columns
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """Have a list with marks."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = "Columns"
            frame.border_subtitle = "space marks · esc is done; what does not fit is left out from the right"
            yield SelectionList(
                *(Selection(title or key, key, key in self._chosen) for key, title in self._columns)
            )

    def action_done(self) -> None:
        """Return what is marked."""
        self.dismiss(set(self.query_one(SelectionList).selected))
