"""The syntax error of everything that operators type: filters, patterns, offsets, times."""

from __future__ import annotations

from alphapanda.errors import UsageError


class QuerySyntaxError(UsageError):
    """A filter, a pattern or a range that cannot be parsed.

    Attributes:
        text: the text as typed.
        position: the place of the error in it, from 0.
    """

    def __init__(self, message: str, text: str, position: int, *, hint: str = "") -> None:
        super().__init__(f"{message} (column {position + 1} of {text!r}).", hint=hint)
        self.reason = message
        self.text = text
        self.position = position

    @property
    def pointed(self) -> str:
        """The text with a caret under the place, two lines."""
        return f"{self.text}\n{' ' * self.position}^"
