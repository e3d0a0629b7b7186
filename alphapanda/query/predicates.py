"""The closures that a filter is made of: each reads a field or tests a record, and none ever raises."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, TypeAlias

from alphapanda.query.patterns import Pattern

Predicate: TypeAlias = Callable[[Mapping[str, Any]], bool]
Getter: TypeAlias = Callable[[Mapping[str, Any]], Any]

MAX_TEXT = 65_536
"""How much of a text is searched by `matches`, in characters."""

_MAX_NUMBER = 64
_STARTS = frozenset("-+.0123456789")
_ENDS = frozenset(".0123456789")

_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)


def constant(value: Any) -> Getter:
    """Return what gives the same value for every record."""
    return lambda _record: value


def getter(parts: Sequence[str | int]) -> Getter:
    """Return what reads a field from a record, given its root's name, then keys and indexes; None if absent."""
    root, *keys = parts
    if not keys:
        return lambda record: record.get(root)  # type: ignore[arg-type] # a root is a name
    if len(keys) == 1 and isinstance(keys[0], str):
        return _member(str(root), keys[0])
    return _deep(str(root), keys)


def _member(root: str, key: str) -> Getter:
    def read(record: Mapping[str, Any]) -> Any:
        inner = record.get(root)
        return inner.get(key) if isinstance(inner, dict) else None

    return read


def _deep(root: str, keys: list[str | int]) -> Getter:
    def read(record: Mapping[str, Any]) -> Any:
        value = record.get(root)
        for key in keys:
            if isinstance(key, str):
                value = value.get(key) if isinstance(value, dict) else None
            else:
                value = value[key] if isinstance(value, list) and key < len(value) else None
        return value

    return read


def all_of(tests: Sequence[Predicate]) -> Predicate:
    """Predicate whether all tests pass; later ones only run when the earlier did."""
    if len(tests) == 2:
        first, second = tests
        return lambda record: first(record) and second(record)
    return lambda record: all(test(record) for test in tests)


def any_of(tests: Sequence[Predicate]) -> Predicate:
    """Predicate whether any test passes; later ones only run when no earlier did."""
    if len(tests) == 2:
        first, second = tests
        return lambda record: first(record) or second(record)
    return lambda record: any(test(record) for test in tests)


def negated(test: Predicate) -> Predicate:
    """Predicate whether a test fails."""
    return lambda record: not test(record)


def present(read: Getter) -> Predicate:
    """Predicate whether a field is there, and neither null nor false."""

    def test(record: Mapping[str, Any]) -> bool:
        value = read(record)
        return value is not None and value is not False

    return test


def equals(read: Getter, wanted: Any) -> Predicate:
    """Predicate whether a field equals a value.

    Two texts are the same text; a number and a text are the same number. A truth value is not a number.
    """
    if wanted is None or isinstance(wanted, bool):
        return lambda record: read(record) is wanted
    kind, exact = type(wanted), _number(wanted)

    def test(record: Mapping[str, Any]) -> bool:
        value = read(record)
        if type(value) is kind:
            return bool(value == wanted)
        return exact is not None and _number(value) == exact

    return test


def ordered(read: Getter, how: str, wanted: float | str) -> Predicate:
    """Predicate whether a field is smaller or greater than a value."""
    compare, exact = _ORDERINGS[how], _number(wanted)
    if exact is None:
        # A text that spells no number: texts are ordered as texts.
        def test_text(record: Mapping[str, Any]) -> bool:
            value = read(record)
            return isinstance(value, str) and compare(value, wanted)

        return test_text
    plain = wanted if not isinstance(wanted, str) else None

    def test(record: Mapping[str, Any]) -> bool:
        value = read(record)
        kind = type(value)
        if plain is not None and (kind is float or kind is int):
            return compare(value, plain)
        number = _number(value)
        return number is not None and compare(number, exact)

    return test


def compared(how: str, left: Getter, right: Getter) -> Predicate:
    """Compare two fields: as numbers if both spell one, else as texts, else for sameness alone."""
    if how == "!=":
        return negated(compared("==", left, right))
    compare: Callable[[Any, Any], bool] = _ORDERINGS.get(how, operator.eq)
    equal = how == "=="

    def test(record: Mapping[str, Any]) -> bool:
        first, second = left(record), right(record)
        one, two = _number(first), _number(second)
        if one is not None and two is not None:
            return compare(one, two)
        if isinstance(first, str) and isinstance(second, str):
            return compare(first, second)
        return equal and type(first) is type(second) and bool(first == second)

    return test


def contains(container: Getter, item: Getter) -> Predicate:
    """Predicate for a part of a text, an item of a list or a key of an object."""

    def test(record: Mapping[str, Any]) -> bool:
        within, wanted = container(record), item(record)
        if isinstance(within, str):
            return isinstance(wanted, str) and wanted in within
        if isinstance(within, list):
            return any(type(each) is type(wanted) and each == wanted for each in within)
        return isinstance(within, dict) and isinstance(wanted, str) and wanted in within

    return test


def matches(read: Getter, pattern: Pattern) -> Predicate:
    """Predicate whether a pattern is found in a text."""
    search = pattern.search

    def test(record: Mapping[str, Any]) -> bool:
        value = read(record)
        return isinstance(value, str) and search(value[:MAX_TEXT])

    return test


def _number(value: Any) -> Decimal | None:
    """Return a number, or the number that a text spells, exactly; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float | str):
        text = repr(value) if isinstance(value, float) else value
        if len(text) > _MAX_NUMBER or text[:1] not in _STARTS or text[-1:] not in _ENDS:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    return None
