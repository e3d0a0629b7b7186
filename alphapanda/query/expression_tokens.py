"""Words of the filter language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from alphapanda.query.errors import TypedTextError

MAX_EXPRESSION = 4000


class TokenKind(StrEnum):
    """What a word is."""

    NUMBER = "number"
    TEXT = "text"
    NAME = "name"
    WORD = "word"
    """One of the language's own: and, or, not, in, contains, matches, true, false, null."""
    SIGN = "sign"
    END = "end"


WORDS = frozenset({"and", "or", "not", "in", "contains", "matches", "true", "false", "null"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word.

    Attributes:
        kind: what it is.
        text: as typed; of a quoted text, what it means.
        position: where it begins.
    """

    kind: TokenKind
    text: str
    position: int


_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z_]))
      | (?P<text>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*')
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>==|!=|<=|>=|[<>()\[\],.-])""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_HABITS = {"=": "==", "&": "and", "|": "or", "!": "not", "~": "matches"}
"""What people of other languages type, and what it is here."""


def tokens(text: str) -> Iterator[Token]:
    """Return the words of `text` and an END; raises TypedTextError at what is none."""
    if len(text) > MAX_EXPRESSION:
        raise TypedTextError(f"An expression has at most {MAX_EXPRESSION} characters", text[:80], 0)
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unknown(text, at)
        if match.lastgroup != "space":
            yield _token(match)
        at = match.end()
    yield Token(TokenKind.END, "", len(text))


def _token(match: re.Match[str]) -> Token:
    word, kind = match.group(), TokenKind(str(match.lastgroup))
    if kind is TokenKind.TEXT:
        # In front of a quote or a backslash a backslash means the next character; else it stays, for patterns.
        word = _ESCAPE.sub(lambda found: found[1] if found[1] in "\"'\\" else found[0], word[1:-1])
    elif word in WORDS:
        kind = TokenKind.WORD
    return Token(kind, word, match.start())


def _unknown(text: str, at: int) -> TypedTextError:
    char = text[at]
    if char in "\"'":
        return TypedTextError("The text is not closed", text, at)
    if char in _HABITS:
        return TypedTextError(f"{char!r} is not known here", text, at, hint=f"Write {_HABITS[char]}.")
    return TypedTextError(f"{char!r} is not known here", text, at)
