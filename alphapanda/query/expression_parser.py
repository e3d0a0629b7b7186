"""The filter language's grammar, by recursive descent.

::

    expression = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation   = "not" negation | test
    test       = "(" expression ")" | operand [ comparison operand
                                              | ["not"] "in" "[" literal { "," literal } "]"
                                              | ["not"] "contains" operand
                                              | ["not"] "matches" text ]
    operand    = literal | name { "." name | "[" (text | number) "]" }
    literal    = ["-"] number | text | true | false | null
"""

from __future__ import annotations

import math
from collections.abc import Collection

from alphapanda.errors import nearest
from alphapanda.query.errors import TypedTextError
from alphapanda.query.expression_tokens import Token, TokenKind, tokens
from alphapanda.query.expression_tree import (
    And,
    Compare,
    Comparison,
    Contains,
    Literal,
    Matches,
    Node,
    Not,
    Operand,
    Or,
    Path,
    Present,
    Within,
)

MAX_DEPTH = 50
_MAX_INDEX = 1_000_000


def parse_expression(text: str, roots: Collection[str]) -> Node:
    """Return the tree of `text`, whose fields begin with one of `roots`; raises TypedTextError."""
    return _Parser(text, roots).parse()


class _Parser:
    def __init__(self, text: str, roots: Collection[str]) -> None:
        self._text = text
        self._roots = roots
        self._tokens = list(tokens(text))
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._expression()
        token = self._token
        if token.kind is not TokenKind.END:
            if token.text in set(Comparison):
                raise self._fault("Comparisons are not chained", hint="Write a < b and b < c.")
            raise self._fault("Expected and, or, or the end")
        return node

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _take(self, kind: TokenKind, *texts: str) -> Token | None:
        token = self._token
        if token.kind is kind and (not texts or token.text in texts):
            self._at += 1
            return token
        return None

    def _expect(self, sign: str) -> None:
        if self._take(TokenKind.SIGN, sign) is None:
            raise self._fault(f"Expected {sign!r}")

    def _expression(self) -> Node:
        parts = [self._conjunction()]
        while self._take(TokenKind.WORD, "or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self) -> Node:
        parts = [self._negation()]
        while self._take(TokenKind.WORD, "and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negation(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._fault("Nested too deeply")
        try:
            return Not(self._negation()) if self._take(TokenKind.WORD, "not") else self._test()
        finally:
            self._depth -= 1

    def _test(self) -> Node:
        if self._take(TokenKind.SIGN, "("):
            inner = self._expression()
            self._expect(")")
            return inner
        left = self._operand()
        comparison = self._take(TokenKind.SIGN, *Comparison)
        if comparison is not None:
            return Compare(Comparison(comparison.text), left, self._operand())
        negated = self._take(TokenKind.WORD, "not") is not None
        tested = self._relation(left)
        if tested is not None:
            return Not(tested) if negated else tested
        if negated:
            raise self._fault("Expected in, contains or matches")
        if isinstance(left, Path):
            return Present(left)
        raise TypedTextError(
            "A value alone says nothing", self._text, left.position, hint="Compare it with a field."
        )

    def _relation(self, left: Operand) -> Node | None:
        if self._take(TokenKind.WORD, "in"):
            return Within(left, self._choices())
        if self._take(TokenKind.WORD, "contains"):
            return Contains(left, self._operand())
        if self._take(TokenKind.WORD, "matches"):
            token = self._take(TokenKind.TEXT)
            if token is None:
                raise self._fault("Expected a pattern in quotes")
            return Matches(left, Literal(token.text, token.position))
        return None

    def _choices(self) -> tuple[Literal, ...]:
        self._expect("[")
        choices = [self._choice()]
        while self._take(TokenKind.SIGN, ","):
            choices.append(self._choice())
        self._expect("]")
        return tuple(choices)

    def _choice(self) -> Literal:
        literal = self._literal()
        if literal is None:
            raise self._fault("Expected a value")
        return literal

    def _operand(self) -> Operand:
        literal = self._literal()
        if literal is not None:
            return literal
        name = self._take(TokenKind.NAME)
        if name is None:
            raise self._fault("Expected a field or a value")
        if name.text not in self._roots:
            near = nearest(name.text, self._roots)
            raise TypedTextError(
                f"{name.text!r} is not a field of a record",
                self._text,
                name.position,
                hint=f"Did you mean {near!r}?" if near else f"Known: {', '.join(sorted(self._roots))}.",
            )
        return Path((name.text, *self._keys()), name.position)

    def _keys(self) -> list[str | int]:
        keys: list[str | int] = []
        while True:
            if self._take(TokenKind.SIGN, "."):
                name = self._take(TokenKind.NAME) or self._take(TokenKind.WORD)
                if name is None:
                    raise self._fault("Expected a name")
                keys.append(name.text)
            elif self._take(TokenKind.SIGN, "["):
                keys.append(self._key())
                self._expect("]")
            else:
                return keys

    def _key(self) -> str | int:
        text = self._take(TokenKind.TEXT)
        if text is not None:
            return text.text
        number = self._token
        if number.kind is not TokenKind.NUMBER or not number.text.isdecimal() or int(number.text) > _MAX_INDEX:
            raise self._fault("Expected a name in quotes or an index")
        self._at += 1
        return int(number.text)

    def _literal(self) -> Literal | None:
        token = self._token
        if self._take(TokenKind.TEXT):
            return Literal(token.text, token.position)
        if word := self._take(TokenKind.WORD, "true", "false", "null"):
            return Literal({"true": True, "false": False, "null": None}[word.text], word.position)
        negative = self._take(TokenKind.SIGN, "-") is not None
        number = self._take(TokenKind.NUMBER)
        if number is None:
            if negative:
                raise self._fault("Expected a number")
            return None
        value = int(number.text) if number.text.isdecimal() else float(number.text)
        if not math.isfinite(value):
            raise TypedTextError("The number is too large", self._text, number.position)
        return Literal(-value if negative else value, token.position)

    def _fault(self, message: str, *, hint: str = "") -> TypedTextError:
        token = self._token
        found = "the end" if token.kind is TokenKind.END else repr(token.text)
        return TypedTextError(f"{message}, found {found}", self._text, token.position, hint=hint)
