"""A pattern as the program of an automaton: the parser of `alphapanda.query.patterns`.

Each step reads one character, goes on at two places, or asks whether the text begins or ends here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from alphapanda.query.errors import TypedTextError

MAX_PATTERN = 200
MAX_REPEAT = 100
MAX_PROGRAM = 4000

_HELP = "Known: . [a-z] \\d \\w \\s ( ) | * + ? {m,n} ^ $ and (?i) at the start."

Accepts: TypeAlias = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Char:
    """Reads one character."""

    accepts: Accepts


@dataclass(slots=True)
class Split:
    """Goes on at both places."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Begin:
    """Goes on only where the text begins."""


@dataclass(frozen=True, slots=True)
class End:
    """Goes on only where the text ends."""


@dataclass(frozen=True, slots=True)
class PatternMatch:
    """The pattern was found."""


Step: TypeAlias = Char | Split | Begin | End | PatternMatch
Program: TypeAlias = list[Step]


def compile_pattern(text: str) -> Program:
    """Return the program of a pattern; raises TypedTextError if it cannot be understood or is too large."""
    return _PatternCompiler(text).program()


class _PatternCompiler:
    """Recursive descent over the pattern, straight into a program."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._fold = text.startswith("(?i)")
        if len(text) > MAX_PATTERN:
            raise TypedTextError(f"A pattern has at most {MAX_PATTERN} characters", text, MAX_PATTERN)
        if self._fold:
            self._at = 4

    def program(self) -> Program:
        steps = self._alternatives()
        if self._at < len(self._text):
            raise self._fault("No group is open here")
        return [*steps, PatternMatch()]

    def _alternatives(self) -> Program:
        steps = self._sequence()
        while self._take("|"):
            other = self._sequence()
            steps = self._bounded(
                [Split(1, len(steps) + 2), *_moved(steps, 1), *self._jump(len(steps) + 1, other)]
            )
        return steps

    def _jump(self, at: int, other: Program) -> Program:
        """Return what stands at `at` between two alternatives: over the second, then the second."""
        after = at + 1 + len(other)
        return [Split(after, after), *_moved(other, at + 1)]

    def _sequence(self) -> Program:
        steps: Program = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            piece = self._repeated()
            steps = self._bounded([*steps, *_moved(piece, len(steps))])
        return steps

    def _repeated(self) -> Program:
        piece = self._atom()
        while self._at < len(self._text) and self._text[self._at] in "*+?{":
            piece = self._repeat(piece)
        return piece

    def _repeat(self, piece: Program) -> Program:
        place = self._at
        sign = self._text[self._at]
        self._at += 1
        if sign == "{":
            low, high = self._counts(place)
        else:
            low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        size = len(piece)
        if size * max(low, high or 0, 1) > MAX_PROGRAM:
            raise self._fault("The pattern repeats too much", place)
        steps: Program = []
        for _ in range(low):
            steps += _moved(piece, len(steps))
        if high is None:
            start = len(steps)
            steps += [Split(start + 1, start + size + 2), *_moved(piece, start + 1), Split(start, start)]
        else:
            end = len(steps) + (high - low) * (size + 1)
            for _ in range(high - low):
                steps.append(Split(len(steps) + 1, end))
                steps += _moved(piece, len(steps))
        return self._bounded(steps)

    def _counts(self, place: int) -> tuple[int, int | None]:
        end = self._text.find("}", self._at)
        inside = self._text[self._at : end] if end >= 0 else ""
        first, comma, second = inside.partition(",")
        if not _is_count(first) or not (second == "" or _is_count(second)):
            raise self._fault("A repeat is {m}, {m,} or {m,n}", place)
        self._at = end + 1
        low = int(first)
        high = (int(second) if second else None) if comma else low
        if max(low, high or 0) > MAX_REPEAT or (high is not None and high < low):
            raise self._fault(f"A repeat counts up, to at most {MAX_REPEAT}", place)
        return low, high

    def _atom(self) -> Program:
        char = self._text[self._at]
        if char in "*+?{":
            raise self._fault("Nothing to repeat")
        self._at += 1
        if char == "(":
            return self._group()
        return [self._single(char)]

    def _single(self, char: str) -> Step:
        match char:
            case "[":
                step: Step = Char(self._class())
            case ".":
                step = Char(lambda read: read != "\n")
            case "^":
                step = Begin()
            case "$":
                step = End()
            case "\\":
                step = Char(self._escape())
            case _:
                step = Char(self._literal(char))
        return step

    def _group(self) -> Program:
        place = self._at - 1
        if self._text.startswith("?:", self._at):
            self._at += 2
        elif self._text.startswith("?", self._at):
            raise self._fault("This kind of group is not known", place)
        steps = self._alternatives()
        if not self._take(")"):
            raise self._fault("The group is not closed", place)
        return steps

    def _escape(self) -> Accepts:
        if self._at >= len(self._text):
            raise self._fault("Nothing is escaped", self._at - 1)
        char = self._text[self._at]
        self._at += 1
        if char in _CLASSES:
            return _CLASSES[char]
        if char in _CONTROLS:
            return self._literal(_CONTROLS[char])
        if char.isalnum():
            raise self._fault(f"\\{char} is not known", self._at - 2)
        return self._literal(char)

    def _class(self) -> Accepts:
        place = self._at - 1
        negated = self._take("^")
        parts: list[Accepts] = []
        while self._at < len(self._text) and (self._text[self._at] != "]" or not parts):
            parts.append(self._class_part(place))
        if not self._take("]"):
            raise self._fault("The class is not closed", place)
        if negated:
            return lambda read: not any(part(read) for part in parts)
        return lambda read: any(part(read) for part in parts)

    def _class_part(self, place: int) -> Accepts:
        char = self._text[self._at]
        self._at += 1
        if char == "\\":
            return self._escape()
        last = self._text[self._at + 1 : self._at + 2]
        if self._text[self._at : self._at + 1] != "-" or last in {"", "]"}:
            return self._literal(char)
        self._at += 2
        if last < char or last == "\\":
            raise self._fault(f"{char}-{last} is no range", place)
        if self._fold:
            return lambda read: char <= read.lower() <= last or char <= read.upper() <= last
        return lambda read: char <= read <= last

    def _literal(self, char: str) -> Accepts:
        if self._fold:
            folded = char.lower()
            return lambda read: read.lower() == folded
        return lambda read: read == char

    def _take(self, char: str) -> bool:
        if self._text.startswith(char, self._at):
            self._at += 1
            return True
        return False

    def _bounded(self, steps: Program) -> Program:
        if len(steps) > MAX_PROGRAM:
            raise self._fault("The pattern is too large", min(self._at, len(self._text)))
        return steps

    def _fault(self, message: str, place: int | None = None) -> TypedTextError:
        return TypedTextError(message, self._text, self._at if place is None else place, hint=_HELP)


def _moved(steps: Program, by: int) -> Program:
    """Return `steps` as they are when they begin at `by`."""
    return [Split(step.first + by, step.second + by) if isinstance(step, Split) else step for step in steps]


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4


def _word(char: str) -> bool:
    return char.isalnum() or char == "_"


_CLASSES: dict[str, Accepts] = {
    "d": str.isdecimal,
    "D": lambda char: not char.isdecimal(),
    "w": _word,
    "W": lambda char: not _word(char),
    "s": str.isspace,
    "S": lambda char: not char.isspace(),
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}
