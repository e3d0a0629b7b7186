"""What an operator types after `/`: words, `!words`, `field:condition`, or `=` and a whole expression.

=======================  ============================================================
`infy`                   the text is somewhere in the row; a regular expression works too
`!paper`                 it is not
`status:FILLED`          the column holds this text
`last:>1500`             the column compares so: `=` `!=` `>` `>=` `<` `<=`
`reason:~collar|stale`   the column matches the expression
`level:>=warn`           a column of words with an order, by that order
`=data.qty > 100`        the filter language of `alphapanda topics`, for the whole line
=======================  ============================================================

All parts must hold. Nothing that is typed is ever run as code, and expressions take linear time.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from alphapanda.errors import UnknownNameError
from alphapanda.query.errors import QuerySyntaxError
from alphapanda.query.patterns import Pattern
from tui.render.spec import TableSpec

R = TypeVar("R")

_CONDITION = re.compile(r"(?P<not>!?)(?P<field>[a-z_][a-z0-9_]*):(?P<operator>>=|<=|!=|>|<|=|~|)(?P<value>.*)")
_SPECIAL = frozenset("^$.*+?()[]{}|\\")
_MINUS = "−"


@dataclass(frozen=True, slots=True)
class RowFilter(Generic[R]):
    """A filter, ready to run.

    Attributes:
        text: as typed.
        test: whether a row passes; never raises.
        words: that are looked for, in lower case, to be shown in the rows.
    """

    text: str
    test: Callable[[R], bool]
    words: tuple[str, ...] = ()


def parse_filter(text: str, spec: TableSpec[R], now: datetime) -> RowFilter[R] | None:
    """Return the filter that `text` spells, None for none.

    Raises:
        QuerySyntaxError: it is not in the language.
        UnknownNameError: there is no such column.
    """
    text = text.strip()
    if not text:
        return None
    if text.startswith("="):
        from alphapanda.query.compiler import compile_expression  # noqa: PLC0415 - the parser, not needed at start

        expression = compile_expression(text[1:].strip(), now)
        return RowFilter(text, lambda row: expression.test(spec.for_filter(row)))
    tests = [_part(word, spec) for word in text.split()]
    return RowFilter(text, lambda row: all(test(row) for test in tests), _words_in(text))


def _words_in(text: str) -> tuple[str, ...]:
    """Return the plain words of a filter, longest first."""
    plain = [
        word.casefold()
        for word in text.split()
        if not word.startswith("!") and not _SPECIAL.intersection(word) and not _CONDITION.fullmatch(word)
    ]
    return tuple(sorted(plain, key=len, reverse=True))


def _part(word: str, spec: TableSpec[R]) -> Callable[[R], bool]:
    condition = _CONDITION.fullmatch(word)
    if condition is not None:
        test = _condition(word, condition, spec)
        return _negated(test) if condition["not"] else test
    if word.startswith("!"):
        return _negated(_words(word[1:], spec))
    return _words(word, spec)


def _words(word: str, spec: TableSpec[R]) -> Callable[[R], bool]:
    found = _finder(word)
    return lambda row: found(spec.search(row))


def _finder(word: str) -> Callable[[str], bool]:
    """Return what looks for a word, without regard to case."""
    folded = word.casefold()
    if not _SPECIAL.intersection(word):
        return lambda text: folded in text.casefold()
    pattern = Pattern(folded)
    return lambda text: pattern.search(text.casefold())


class _RowComparison(StrEnum):
    EQUAL = "="
    UNEQUAL = "!="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LESS = "<"
    LESS_OR_EQUAL = "<="


_HOW: Mapping[_RowComparison, Callable[[float, float], bool]] = MappingProxyType(
    {
        _RowComparison.EQUAL: operator.eq,
        _RowComparison.UNEQUAL: operator.ne,
        _RowComparison.GREATER: operator.gt,
        _RowComparison.GREATER_OR_EQUAL: operator.ge,
        _RowComparison.LESS: operator.lt,
        _RowComparison.LESS_OR_EQUAL: operator.le,
    }
)


def _condition(word: str, match: re.Match[str], spec: TableSpec[R]) -> Callable[[R], bool]:
    column = spec.by_key.get(match["field"])
    if column is None:
        raise UnknownNameError("column", match["field"], spec.by_key)
    wanted, how = match["value"], match["operator"]
    if not wanted:
        raise QuerySyntaxError(
            "A value is missing", word, len(word), hint="For example status:FILLED or qty:>100."
        )
    value = column.value
    if how in {"", "~"}:
        found = _finder(wanted)
        return lambda row: found(_text(value(row)))
    compare = _RowComparison(how)
    if column.scale:
        place = _place(wanted, column.scale)
        if place is None:
            raise QuerySyntaxError(
                "No such value", word, match.start("value"), hint=f"From least to most: {' '.join(column.scale)}."
            )
        return lambda row: _holds(compare, _place(_text(value(row)), column.scale), place)
    number = _number(wanted)
    if number is None:
        if compare not in {_RowComparison.EQUAL, _RowComparison.UNEQUAL}:
            raise QuerySyntaxError("Not a number", word, match.start("value"), hint="For example qty:>100.")
        folded = wanted.casefold()
        return lambda row: (_text(value(row)).casefold() == folded) is (compare is _RowComparison.EQUAL)
    return lambda row: _holds(compare, _number(_text(value(row))), number)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _place(text: str, scale: tuple[str, ...]) -> float | None:
    """Return where a word stands on a scale; its beginning is enough."""
    found = (place for place, word in enumerate(scale) if word.startswith(text.casefold()))
    return next(found, None) if text else None


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "").replace(_MINUS, "-"))
    except ValueError:
        return None


def _holds(compare: _RowComparison, left: float | None, right: float) -> bool:
    if left is None:
        return compare is _RowComparison.UNEQUAL
    return _HOW[compare](left, right)


def _negated(test: Callable[[R], bool]) -> Callable[[R], bool]:
    return lambda row: not test(row)
