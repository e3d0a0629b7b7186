"""The line at the bottom for typing a filter or a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from textual import on
from textual.widgets import Input

from tui.panes.pane import TablePane

FILTER_HINT: Final = "filter: word  !word  column:value  qty:>100  =data.x > 1"

Typed = Callable[[str], None]


class Prompt(Input):
    """Hidden until something is asked.

    Attributes:
        pane: that the answer is about; None while nothing is asked.
    """

    def __init__(self) -> None:
        super().__init__(id="prompt", select_on_focus=False)
        self.can_focus = False
        self.pane: TablePane[Any] | None = None
        self._done: Typed | None = None
        self._changed: Typed | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is asked."""
        return self._done is not None

    def ask(
        self, pane: TablePane[Any] | None, value: str, hint: str, done: Typed, changed: Typed | None = None
    ) -> None:
        """Open the line.

        Args:
            pane: that the answer is about; it gets the focus back.
            value: at first.
            hint: shown while the line is empty.
            done: called with the answer.
            changed: called with every change.
        """
        self.pane, self.placeholder, self.value = pane, hint, value
        self._done, self._changed = done, changed
        self.can_focus = self.display = True
        self.focus()

    def close(self) -> None:
        """Hide the line, and give the focus back."""
        self._done = self._changed = None
        # A hidden line must not be focusable: it would swallow the keys.
        self.can_focus = self.display = False
        pane, self.pane = self.pane, None
        self.screen.set_focus(pane.table if pane is not None else None)

    @on(Input.Changed)
    def _on_change(self, event: Input.Changed) -> None:
        event.stop()
        if self._changed is not None:
            self._changed(event.value)

    @on(Input.Submitted)
    def _on_submit(self, event: Input.Submitted) -> None:
        event.stop()
        done = self._done
        self.close()
        if done is not None:
            done(event.value)
