"""Steps over Avro's binary encoding: each takes the bytes and a place, and returns the place behind one value.

Source of the layout: Apache Avro, specification, "Binary Encoding".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from alphapanda.errors import DecodeError
from alphapanda.serialization.avro_types import Schema
from alphapanda.serialization.differences import Resolved, kind_of

Skip: TypeAlias = Callable[[bytes, int], int]

_FIXED = {"boolean": 1, "float": 4, "double": 8}


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Return the whole number at a place, and the place behind it; raises IndexError at the end."""
    byte = data[at]
    at += 1
    number, shift = byte & 0x7F, 7
    while byte & 0x80:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
    return (number >> 1) ^ -(number & 1), at


def skip_over(schema: Schema, resolved: Resolved) -> Skip:
    """Return the step over a value of a schema.

    Raises:
        DecodeError: it has a type that this program's schemas do not have, or holds itself.
    """
    return _Skips(resolved).over(schema, ())


class _Skips:
    def __init__(self, resolved: Resolved) -> None:
        self._resolved = resolved

    def _branch(self, schema: Schema, inside: tuple[str, ...]) -> Skip:
        return partial(_fixed, 0) if schema == "null" else self.over(schema, inside)

    def over(self, schema: Schema, inside: tuple[str, ...]) -> Skip:
        found: Any = self._resolved.look_up(schema)
        if isinstance(found, list):
            return partial(_union, [self._branch(branch, inside) for branch in found])
        kind = kind_of(found)
        match kind:
            case "string" | "bytes":
                step: Skip = _text
            case "int" | "long" | "enum":
                step = _number
            case "array":
                step = partial(_blocks, self.over(found["items"], inside))
            case "map":
                step = partial(_blocks, partial(_row, [_text, self.over(found["values"], inside)]))
            case "record" if found["name"] not in inside:
                within = (*inside, found["name"])
                step = partial(_row, [self.over(field["type"], within) for field in found["fields"]])
            case _ if kind in _FIXED:
                step = partial(_fixed, _FIXED[kind])
            case _:
                raise DecodeError(f"Values of the type {kind} are not stepped over.")
        return step


def _text(data: bytes, at: int) -> int:
    length = data[at]
    at += 1
    if length & 0x81:  # of more than 63 bytes, or no length
        length, at = read_long(data, at - 1)
        if length < 0:
            raise IndexError(at)
        return at + length
    return at + (length >> 1)


def _number(data: bytes, at: int) -> int:
    while data[at] & 0x80:
        at += 1
    return at + 1


def _fixed(size: int, data: bytes, at: int) -> int:
    del data
    return at + size


def _row(steps: list[Skip], data: bytes, at: int) -> int:
    for step in steps:
        at = step(data, at)
    return at


def _union(branches: list[Skip], data: bytes, at: int) -> int:
    branch, at = read_long(data, at)
    if branch < 0:
        raise IndexError(branch)
    return branches[branch](data, at)


def _blocks(step: Skip, data: bytes, at: int) -> int:
    while True:
        count, at = read_long(data, at)
        if count == 0:
            return at
        if count < 0:  # the block's size follows: nothing in it need be looked at
            size, at = read_long(data, at)
            if size < 0:
                raise IndexError(size)
            at += size
            continue
        for _ in range(count):
            at = step(data, at)
