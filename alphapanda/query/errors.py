"""A fault in what an operator typed, with the place of it."""

from __future__ import annotations

from alphapanda.errors import UsageError


class TypedTextError(UsageError):
    """A text that was typed cannot be understood.

    Attributes:
        text: what was typed.
        position: where in it the fault is, from 0.
    """

    def __init__(self, message: str, text: str, position: int, *, hint: str = "") -> None:
        super().__init__(f"{message} (column {position + 1} of {text!r}).", hint=hint)
        self.text = text
        self.position = position

    @property
    def pointed(self) -> str:
        """The text with a caret under the place, two lines."""
        return f"{self.text}\n{' ' * self.position}^"
