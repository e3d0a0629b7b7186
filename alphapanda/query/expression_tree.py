"""What an expression of the filter language says, as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None


class Comparison(StrEnum):
    """How two values are compared."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as typed."""

    value: Scalar
    position: int


@dataclass(frozen=True, slots=True)
class Path:
    """A field: the root's name, then keys and indexes."""

    parts: tuple[str | int, ...]
    position: int

    def __str__(self) -> str:
        first, *rest = self.parts
        return str(first) + "".join(f".{part}" if isinstance(part, str) else f"[{part}]" for part in rest)


Operand: TypeAlias = Literal | Path


@dataclass(frozen=True, slots=True)
class Compare:
    """`left operator right`."""

    operator: Comparison
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Within:
    """`operand in [a, b]`."""

    operand: Operand
    choices: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """`container contains item`: a part of a text, an item of a list, a key of an object."""

    container: Operand
    item: Operand


@dataclass(frozen=True, slots=True)
class Matches:
    """`operand matches "pattern"`."""

    operand: Operand
    pattern: Literal


@dataclass(frozen=True, slots=True)
class Present:
    """A field alone: whether it is there and neither false nor null."""

    operand: Path


@dataclass(frozen=True, slots=True)
class Not:
    """`not inner`."""

    inner: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    parts: tuple[Node, ...]


Node: TypeAlias = Compare | Within | Contains | Matches | Present | Not | And | Or
