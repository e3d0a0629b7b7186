r"""Regular expressions that take linear time: an operator's pattern runs over millions of records.

The engine is RE2 (https://github.com/google/re2/wiki/Syntax): as Python's `re`, without look-around and without
back-references. `$` is the very end, `\d \w \s \b` know ASCII, `(?i)` at the start folds case.
"""

from __future__ import annotations

import re

import re2

from alphapanda.query.errors import QuerySyntaxError

MAX_PATTERN = 200

_HINT = r"Known: . [a-z] \d \w \s \b ( ) | * + ? {m,n} ^ $ and (?i) at the start."
_BRACKETS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]?|[()]", re.DOTALL)
"""Escapes and classes, in which brackets are letters, and brackets."""

_REASONS = {
    "no argument for repetition operator": "Nothing to repeat before {}",
    "bad repetition operator": "{} repeats a repetition",
    "invalid repetition size": "{} is not a repetition: it counts up, to at most 1000 in all",
    "missing )": "The group is not closed",
    "unexpected )": "No group is open here",
    "missing ]": "The class is not closed",
    "invalid character class range": "{} is not a range",
    "invalid escape sequence": "{} is not known",
    "invalid perl operator": "{} is not known: this kind of group",
    "trailing \\": "Nothing is escaped",
}
"""RE2's reasons, and ours; the rest of RE2's message is the part of the pattern."""


class Pattern:
    """One compiled pattern. Raises QuerySyntaxError on construction if it cannot be parsed or is too large."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_PATTERN:
            raise QuerySyntaxError(f"A pattern has at most {MAX_PATTERN} characters", text, MAX_PATTERN)
        self.text = text
        fault = _fault_of(text)
        if fault is not None:
            raise _syntax_error(text, *fault)
        self._search = re2.compile(text.encode(), options=_options()).search

    def search(self, text: str) -> bool:
        """Return whether the pattern is found anywhere in `text`."""
        return self._search(text.encode(errors="replace")) is not None


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    return options


def _fault_of(text: str) -> tuple[str, str] | None:
    """Return RE2's reason against a pattern, and the part of it that is meant; None where it has none."""
    try:
        re2.compile(text.encode(), options=_options())
    except UnicodeEncodeError as error:
        return "not text", text[error.start : error.end]
    except re2.error as error:
        reason, _, part = error.args[0].decode(errors="replace").partition(": ")
        return reason, part
    return None


def _syntax_error(text: str, reason: str, part: str) -> QuerySyntaxError:
    words = _REASONS.get(reason, reason.capitalize() + " {}").format(part).strip()
    return QuerySyntaxError(words, text, _position(text, reason, part), hint=_HINT)


def _position(text: str, reason: str, part: str) -> int:
    """Return the place of a fault: RE2 names the part of the pattern, not its place."""
    if reason in {"missing )", "unexpected )"}:
        return _unpaired(text)
    for end in range(len(part), len(text) + 1):
        if _fault_of(text[:end]) == (reason, part):
            return end - max(1, len(part))
    return 0


def _unpaired(text: str) -> int:
    opened: list[int] = []
    for found in _BRACKETS.finditer(text):
        if found.group() == "(":
            opened.append(found.start())
        elif found.group() == ")":
            if not opened:
                return found.start()
            opened.pop()
    return opened[-1] if opened else 0
