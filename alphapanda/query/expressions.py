"""Filters over records, as operators type them: `data.last_price > 1500 and broker == "paper"`.

An expression becomes a chain of closures over a plain mapping; nothing of what is typed is ever run as code.
What is not there is null: it equals only null, and is neither smaller nor greater than anything. A number also
compares with a text that spells one (money is text in JSON). `ts` compares with times of `toolkit.times`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from alphapanda.query.errors import TypedTextError
from alphapanda.query.expression_parser import parse_expression
from alphapanda.query.expression_tests import (
    Test,
    all_of,
    any_of,
    compared,
    contains,
    equals,
    matches,
    negated,
    ordered,
    present,
    reader,
)
from alphapanda.query.expression_tree import (
    And,
    Compare,
    Comparison,
    Contains,
    Literal,
    Matches,
    Node,
    Not,
    Or,
    Path,
    Present,
    Within,
)
from alphapanda.query.patterns import Pattern
from alphapanda.query.times import TIME_HELP, milliseconds, parse_time

RECORD_FIELDS = frozenset({"topic", "partition", "offset", "ts", "key", "headers"})
"""Fields that are there without decoding the value. `ts` is in milliseconds; `headers` a mapping of texts."""

ENVELOPE_FIELDS = frozenset(
    {"id", "type", "source", "version", "broker", "correlation_id", "causation_id", "trace_id", "data"}
)
"""Fields of an event's envelope."""

ROOTS = RECORD_FIELDS | ENVELOPE_FIELDS | {"value"}
"""What a field begins with; `value` is the whole decoded value, for records that are no events of ours."""

_MIRRORED: Mapping[Comparison, Comparison] = MappingProxyType(
    {
        Comparison.LESS: Comparison.GREATER,
        Comparison.LESS_OR_EQUAL: Comparison.GREATER_OR_EQUAL,
        Comparison.GREATER: Comparison.LESS,
        Comparison.GREATER_OR_EQUAL: Comparison.LESS_OR_EQUAL,
        Comparison.EQUAL: Comparison.EQUAL,
        Comparison.UNEQUAL: Comparison.UNEQUAL,
    }
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A filter, ready to run.

    Attributes:
        text: as typed.
        test: whether a record, a mapping of `ROOTS` to plain values, passes. It never raises.
        roots: the fields it looks at; others need not be there.
        paths: the same in full, `("data", "bids", 0)`, so that only these need be decoded.
    """

    text: str
    test: Test
    roots: frozenset[str]
    paths: frozenset[tuple[str | int, ...]] = frozenset()

    @property
    def needs_value(self) -> bool:
        """Whether the value has to be decoded for it."""
        return not self.roots <= RECORD_FIELDS


def compile_expression(text: str, now: datetime) -> Expression:
    """Return the filter that `text` spells; times of day in it are of the day of `now` (aware).

    Raises:
        TypedTextError: it is not in the language; `pointed` shows the place.
    """
    tree = parse_expression(text, ROOTS)
    paths = frozenset(path.parts for path in _paths(tree))
    roots = frozenset(str(parts[0]) for parts in paths)
    return Expression(text, _Compiler(text, now).test(tree), roots, paths)


def _paths(node: Node) -> Iterator[Path]:
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _paths(part)
        case Not(inner):
            yield from _paths(inner)
        case Compare(_, left, right) | Contains(left, right):
            yield from (side for side in (left, right) if isinstance(side, Path))
        case Within(operand) | Matches(operand) | Present(operand):
            if isinstance(operand, Path):
                yield operand


class _Compiler:
    def __init__(self, text: str, now: datetime) -> None:
        self._text = text
        self._now = now

    def test(self, node: Node) -> Test:
        match node:
            case And(parts):
                made = all_of([self.test(part) for part in parts])
            case Or(parts):
                made = any_of([self.test(part) for part in parts])
            case Not(inner):
                made = negated(self.test(inner))
            case Compare():
                made = self._compare(node)
            case Within(operand, choices):
                made = any_of([self._compare(Compare(Comparison.EQUAL, operand, choice)) for choice in choices])
            case Contains(container, item):
                made = contains(reader(container), reader(item))
            case Matches(operand, pattern):
                made = matches(reader(operand), self._pattern(pattern))
            case Present(path):
                made = present(reader(path))
        return made

    def _compare(self, node: Compare) -> Test:
        left, right = node.left, node.right
        if isinstance(left, Literal):
            if isinstance(right, Literal):
                raise TypedTextError("Two values, and no field", self._text, left.position)
            return self._compare(Compare(_MIRRORED[node.operator], right, left))
        if isinstance(right, Path):
            return compared(node.operator, reader(left), reader(right))
        right = self._as_time(left, right)
        if node.operator is Comparison.EQUAL:
            return equals(reader(left), right.value)
        if node.operator is Comparison.UNEQUAL:
            return negated(equals(reader(left), right.value))
        if right.value is None or isinstance(right.value, bool):
            raise TypedTextError("Nothing is greater or smaller than this", self._text, right.position)
        return ordered(reader(left), node.operator, right.value)

    def _as_time(self, path: Path, literal: Literal) -> Literal:
        """Return a text that `ts` is compared with as milliseconds."""
        if path.parts != ("ts",) or not isinstance(literal.value, str):
            return literal
        moment = parse_time(literal.value, self._now)
        if moment is None:
            raise TypedTextError("Not a time", self._text, literal.position, hint=TIME_HELP)
        return Literal(milliseconds(moment), literal.position)

    def _pattern(self, literal: Literal) -> Pattern:
        try:
            return Pattern(str(literal.value))
        except TypedTextError as error:
            inside = literal.position + 1 + error.position
            raise TypedTextError(
                str(error.message).split(" (column")[0], self._text, inside, hint=error.hint
            ) from error
