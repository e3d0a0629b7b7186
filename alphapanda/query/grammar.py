"""The grammar of the filter language, and its errors in an operator's words."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedToken

from alphapanda.errors import nearest
from alphapanda.query.errors import QuerySyntaxError

MAX_EXPRESSION = 4000
MAX_DEPTH = 50
KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "matches", "true", "false", "null"})

_GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction (_OR conjunction)*
?conjunction: negation (_AND negation)*
?negation: NOT negation -> negated
         | test
?test: "(" disjunction ")"
     | operand -> present
     | operand COMPARISON operand -> comparison
     | operand NOT? _IN "[" literal ("," literal)* "]" -> membership
     | operand NOT? _CONTAINS operand -> containment
     | operand NOT? _MATCHES TEXT -> match
?operand: literal | field
field: ROOT ("." KEY | "[" (TEXT | NUMBER) "]")*
literal: TEXT | MINUS? NUMBER | TRUE | FALSE | NULL

_OR.1: /or\b/
_AND.1: /and\b/
NOT.1: /not\b/
_IN.1: /in\b/
_CONTAINS.1: /contains\b/
_MATCHES.1: /matches\b/
TRUE.1: /true\b/
FALSE.1: /false\b/
NULL.1: /null\b/
COMPARISON: "==" | "!=" | "<=" | ">=" | "<" | ">"
MINUS: "-"
NUMBER: /[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![A-Za-z_])/
TEXT: /"([^"\\]|\\.)*"/s | /'([^'\\]|\\.)*'/s
ROOT: /[A-Za-z_][A-Za-z0-9_]*/
KEY: /[A-Za-z_][A-Za-z0-9_]*/
%ignore /[ \t\r\n\f\v]+/
"""
"""`ROOT` begins a field, `KEY` follows a dot: the lexer tells them apart by their place. Keywords go first."""

_EXPECTED = (
    ({"ROOT"}, "a field or a value"),
    ({"TRUE"}, "a value"),
    ({"TEXT", "NUMBER"}, "a name in quotes or an index"),
    ({"TEXT"}, "a pattern in quotes"),
    ({"NUMBER"}, "a number"),
    ({"KEY"}, "a name"),
    ({"RSQB"}, "']'"),
    ({"RPAR"}, "')'"),
    ({"$END"}, "and, or, or the end"),
    ({"_IN"}, "in, contains or matches"),
    ({"LSQB"}, "'['"),
)
"""The words for what may come next: those of the first row with all its terminals allowed."""

_FOREIGN = {"=": "==", "&": "and", "|": "or", "!": "not", "~": "matches"}
"""Operators of other languages, and what they are here."""


def parse(text: str, roots: Collection[str]) -> Tree[Token]:
    """Return the syntax tree of `text`, whose fields begin with one of `roots`; raises QuerySyntaxError."""
    if len(text) > MAX_EXPRESSION:
        raise QuerySyntaxError(f"An expression has at most {MAX_EXPRESSION} characters", text[:80], 0)
    session = _lark().parse_interactive(text)
    nesting = _Nesting(text)
    try:
        for token in session.iter_parse():
            nesting.check(token)
            if token.type == "ROOT":
                _check_root(text, token, roots)
        tree: Tree[Token] = session.feed_eof()  # type: ignore[no-untyped-call]
    except UnexpectedCharacters as error:
        place: int = error.pos_in_stream  # type: ignore[assignment] # lark declares it as None
        raise _unknown_character(text, place) from error
    except UnexpectedToken as error:
        accepted: set[str] = session.accepts()  # type: ignore[no-untyped-call]
        raise _unexpected(text, error.token, accepted) from error
    return tree


@cache
def _lark() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)


class _Nesting:
    """Counts open brackets and the `not` in front of them: each is a call when the filter runs."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._levels = [0]

    def check(self, token: Token) -> None:
        """Raise QuerySyntaxError where `token` goes too deep."""
        match token.type:
            case "LPAR":
                self._levels.append(1)
            case "RPAR" if len(self._levels) > 1:
                self._levels.pop()
                self._levels[-1] = int(len(self._levels) > 1)
            case "NOT":
                self._levels[-1] += 1
            case _:
                self._levels[-1] = int(len(self._levels) > 1)
        if sum(self._levels) > MAX_DEPTH:
            raise QuerySyntaxError("Nested too deeply", self._text, _position(token))


def _check_root(text: str, token: Token, roots: Collection[str]) -> None:
    name = str(token)
    if name in KEYWORDS:
        raise QuerySyntaxError(f"Expected a field or a value, found {name!r}", text, _position(token))
    if name not in roots:
        near = nearest(name, roots)
        hint = f"Did you mean {near!r}?" if near else f"Known: {', '.join(sorted(roots))}."
        raise QuerySyntaxError(f"{name!r} is not a field of a record", text, _position(token), hint=hint)


def _unexpected(text: str, token: Token, accepted: Collection[str]) -> QuerySyntaxError:
    ends = token.type == "$END"
    place = len(text) if ends else _position(token)
    found = "the end" if ends else repr(str(token))
    if token.type == "COMPARISON" and "_AND" in accepted:
        return QuerySyntaxError(
            f"Comparisons are not chained, found {found}", text, place, hint="Write a < b and b < c."
        )
    allowed = set(accepted)
    wanted = next((words for terminals, words in _EXPECTED if terminals <= allowed), "something else")
    return QuerySyntaxError(f"Expected {wanted}, found {found}", text, place)


def _unknown_character(text: str, place: int) -> QuerySyntaxError:
    char = text[place]
    if char in "\"'":
        return QuerySyntaxError("The text is not closed", text, place)
    hint = f"Write {_FOREIGN[char]}." if char in _FOREIGN else ""
    return QuerySyntaxError(f"{char!r} is not known here", text, place, hint=hint)


def _position(token: Token) -> int:
    return token.start_pos or 0
