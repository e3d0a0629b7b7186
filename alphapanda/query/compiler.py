"""Filters over records, as operators type them: `data.last_price > 1500 and broker == "paper"`.

An expression becomes a chain of closures over a plain mapping; nothing that is typed is ever run as code.
An absent field is null: it equals only null, and is neither smaller nor greater than anything. A number also
compares with a text that spells one (money is text in JSON). `ts` compares with the times of `query.times`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from lark import Token, Transformer, v_args
from lark.exceptions import VisitError

from alphapanda.errors import UsageError
from alphapanda.query import predicates
from alphapanda.query.errors import QuerySyntaxError
from alphapanda.query.expressions import ROOTS, Expression, FieldPath
from alphapanda.query.grammar import parse
from alphapanda.query.patterns import Pattern
from alphapanda.query.predicates import Getter, Predicate
from alphapanda.query.times import TIME_HELP, milliseconds, parse_time

_MAX_INDEX = 1_000_000
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MIRRORED: Mapping[str, str] = MappingProxyType({"<": ">", "<=": ">=", ">": "<", ">=": "<="})
_WORDS: Mapping[str, bool | None] = MappingProxyType({"TRUE": True, "FALSE": False, "NULL": None})


def compile_expression(text: str, now: datetime) -> Expression:
    """Return the filter that `text` spells; times of day in it are of the day of `now` (aware).

    Raises:
        QuerySyntaxError: it is not in the language; `pointed` shows the place.
    """
    tree = parse(text, ROOTS)
    compiler = _Compiler(text, now)
    try:
        test = compiler.transform(tree)
    except VisitError as error:
        raise error.orig_exc from None
    return Expression(text, test, frozenset(str(path[0]) for path in compiler.paths), frozenset(compiler.paths))


@dataclass(frozen=True, slots=True)
class _Literal:
    value: str | float | bool | None
    position: int

    @property
    def getter(self) -> Getter:
        return predicates.constant(self.value)


@dataclass(frozen=True, slots=True)
class _Field:
    path: FieldPath

    @property
    def getter(self) -> Getter:
        return predicates.getter(self.path)


_Operand: TypeAlias = _Literal | _Field


@v_args(inline=True)
class _Compiler(Transformer[Token, Predicate]):
    """Makes closures of a syntax tree, from its leaves up; one method for each rule of the grammar."""

    def __init__(self, text: str, now: datetime) -> None:
        super().__init__()
        self._text = text
        self._now = now
        self.paths: set[FieldPath] = set()

    def disjunction(self, *tests: Predicate) -> Predicate:
        return predicates.any_of(tests)

    def conjunction(self, *tests: Predicate) -> Predicate:
        return predicates.all_of(tests)

    def negated(self, _not: Token, test: Predicate) -> Predicate:
        return predicates.negated(test)

    def present(self, operand: _Operand) -> Predicate:
        if isinstance(operand, _Literal):
            raise self._error("A value alone says nothing", operand.position, hint="Compare it with a field.")
        return predicates.present(operand.getter)

    def comparison(self, left: _Operand, how: Token, right: _Operand) -> Predicate:
        return self._compare(left, str(how), right)

    def membership(self, operand: _Operand, *rest: Token | _Literal) -> Predicate:
        tests = [self._compare(operand, "==", choice) for choice in rest if isinstance(choice, _Literal)]
        return _perhaps_negated(rest[0], predicates.any_of(tests))

    def containment(self, container: _Operand, *rest: Any) -> Predicate:
        return _perhaps_negated(rest[0], predicates.contains(container.getter, rest[-1].getter))

    def match(self, operand: _Operand, *rest: Token) -> Predicate:
        return _perhaps_negated(rest[0], predicates.matches(operand.getter, self._pattern(rest[-1])))

    def field(self, root: Token, *keys: Token) -> _Field:
        path = (str(root), *map(self._key, keys))
        self.paths.add(path)
        return _Field(path)

    def literal(self, *tokens: Token) -> _Literal:
        position, token = tokens[0].start_pos or 0, tokens[-1]
        if token.type == "TEXT":
            return _Literal(_unquoted(token), position)
        if token.type in _WORDS:
            return _Literal(_WORDS[token.type], position)
        number = int(token) if token.isdecimal() else float(token)
        if not math.isfinite(number):
            raise self._error("The number is too large", token.start_pos)
        return _Literal(-number if len(tokens) > 1 else number, position)

    def _key(self, token: Token) -> str | int:
        if token.type == "NUMBER":
            if not token.isdecimal() or int(token) > _MAX_INDEX:
                raise self._error(f"Expected a name in quotes or an index, found {str(token)!r}", token.start_pos)
            return int(token)
        return _unquoted(token) if token.type == "TEXT" else str(token)

    def _compare(self, left: _Operand, how: str, right: _Operand) -> Predicate:
        if isinstance(left, _Literal):
            if isinstance(right, _Literal):
                raise self._error("Two values, and no field", left.position)
            left, how, right = right, _MIRRORED.get(how, how), left
        if isinstance(right, _Field):
            return predicates.compared(how, left.getter, right.getter)
        value = self._as_time(left, right)
        if how in {"==", "!="}:
            equal = predicates.equals(left.getter, value)
            return equal if how == "==" else predicates.negated(equal)
        if value is None or isinstance(value, bool):
            raise self._error("< and > need a number, a text or a time here", right.position)
        return predicates.ordered(left.getter, how, value)

    def _as_time(self, field: _Field, literal: _Literal) -> str | float | bool | None:
        """Return a text that `ts` is compared with as milliseconds, other values as they are."""
        if field.path != ("ts",) or not isinstance(literal.value, str):
            return literal.value
        try:
            return milliseconds(parse_time(literal.value, self._now))
        except UsageError:
            raise self._error("Not a time", literal.position, hint=TIME_HELP) from None

    def _pattern(self, token: Token) -> Pattern:
        try:
            return Pattern(_unquoted(token))
        except QuerySyntaxError as error:
            place = (token.start_pos or 0) + 1 + error.position
            raise self._error(error.reason, place, hint=error.hint) from error

    def _error(self, message: str, position: int | None, *, hint: str = "") -> QuerySyntaxError:
        return QuerySyntaxError(message, self._text, position or 0, hint=hint)


def _perhaps_negated(first: object, test: Predicate) -> Predicate:
    return predicates.negated(test) if isinstance(first, Token) and first.type == "NOT" else test


def _unquoted(token: Token) -> str:
    """Return the text in quotes. A backslash escapes a quote or a backslash; else it stays, for patterns."""
    return _ESCAPE.sub(lambda found: found[1] if found[1] in "\"'\\" else found[0], token[1:-1])
