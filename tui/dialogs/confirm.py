"""A confirmation: what follows, why, and for real money the name typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

WIDEST = 76
EDGES = 6
"""Cells of the frame, beside the text, and of a scroll bar."""
ROWS = 9
"""Of the frame, the reason, and the buttons; the name takes two more."""


def inside(width: int) -> int:
    """Return the cells that a line of the consequence has, on a screen of that width."""
    return min(WIDEST, int(width * 0.9)) - EDGES


@dataclass(frozen=True, slots=True)
class Question:
    """Something to be confirmed.

    Attributes:
        title: what is about to be done.
        consequence: what follows from it.
        verb: on the button; empty where nothing can be done, and it is only told.
        typed: what has to be typed; empty where the button is enough.
        danger: whether it touches real money.
    """

    title: str
    consequence: Text
    verb: str
    typed: str = ""
    danger: bool = False


class ConfirmDialog(ModalScreen[str | None]):
    """Asks before something is done. Returns the reason, None when it was cancelled.

    The focus is on Cancel; what is typed there is the reason. The button works when the name is typed and the
    reason given; enter goes from one to the next.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "Cancel"),
        ("pageup", "scroll(-5)", "Up"),
        ("pagedown", "scroll(5)", "Down"),
        ("up", "scroll(-1)", "Up"),
        ("down", "scroll(1)", "Down"),
    ]
    DEFAULT_CSS = """
    ConfirmDialog #confirm-body { height: 1; scrollbar-size-vertical: 1; }
    ConfirmDialog #confirm-why { width: 1fr; height: 3; color: $dim; content-align: left middle; }
    """

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Have the consequence, what is to be typed, and two buttons."""
        question = self._question
        with Vertical(classes="dialog -ask -danger" if question.danger else "dialog -ask") as frame:
            frame.border_title = question.title.replace("[", r"\[")
            with VerticalScroll(id="confirm-body", can_focus=False):
                yield Static(question.consequence)
            if question.verb:
                yield Input(placeholder="reason, for the audit", id="confirm-reason", select_on_focus=False)
            if question.verb and question.typed:
                yield Input(placeholder=f"real money: type {question.typed} to confirm", id="confirm-name")
            with Horizontal(classes="buttons"):
                yield Static("Type why." if question.verb else "", id="confirm-why")
                yield Button("Cancel" if question.verb else "Close", id="confirm-cancel")
                if question.verb:
                    yield Button(question.verb, id="confirm-yes", variant="error", disabled=True)

    def on_mount(self) -> None:
        """Stand on Cancel."""
        self.query_one("#confirm-cancel").focus()
        self._fit()

    def on_resize(self) -> None:
        """Have the consequence whole where there is room; the rest scrolls."""
        self._fit()

    def _fit(self) -> None:
        size, question = self.app.size, self._question
        lines = len(question.consequence.wrap(self.app.console, inside(size.width)))
        room = max(3, size.height - ROWS - (2 if question.typed else 0))
        self.query_one("#confirm-body").styles.height = min(lines, room)
        closes = "esc cancels" if question.verb else "esc closes"
        frame = self.query_one(".dialog")
        frame.border_subtitle = f"up and down scroll, {closes}" if lines > room else closes

    def on_key(self, event: events.Key) -> None:
        """Take what is typed on Cancel for the reason: it is what is asked for next."""
        on_cancel = self.focused is not None and self.focused.id == "confirm-cancel"
        if self._question.verb and on_cancel and event.is_printable and event.character not in {None, " "}:
            reason = self.query_one("#confirm-reason", Input)
            reason.focus()
            reason.insert_text_at_cursor(event.character or "")
            event.stop()

    def action_scroll(self, lines: int) -> None:
        """Scroll the consequence."""
        self.query_one("#confirm-body").scroll_relative(y=lines, animate=False)

    @property
    def _reason(self) -> str:
        return self.query_one("#confirm-reason", Input).value.strip()

    @property
    def _missing(self) -> str:
        """What is still asked for; empty when all is there."""
        question = self._question
        if not self._reason:
            return "Type why."
        if question.typed and self.query_one("#confirm-name", Input).value.strip() != question.typed:
            return f"Type {question.typed}."
        return ""

    @on(Input.Changed)
    def _check(self) -> None:
        missing = self._missing
        self.query_one("#confirm-why", Static).update(missing or f"enter: {self._question.verb.lower()}")
        self.query_one("#confirm-yes", Button).disabled = bool(missing)

    @on(Input.Submitted)
    def _submit(self) -> None:
        if not self._missing:
            self._yes()
        elif self._question.typed and self._reason:
            self.query_one("#confirm-name").focus()

    @on(Button.Pressed, "#confirm-yes")
    def _yes(self) -> None:
        self.dismiss(self._reason)

    @on(Button.Pressed, "#confirm-cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
