"""A filter over records, ready to run, and the fields that it may read. `query.compiler` makes it of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from alphapanda.query.predicates import Predicate

RECORD_FIELDS = frozenset({"topic", "partition", "offset", "ts", "key", "headers"})
"""Fields that are there without decoding the value. `ts` is in milliseconds; `headers` a mapping of texts."""

ENVELOPE_FIELDS = frozenset(
    {"id", "type", "source", "version", "broker", "correlation_id", "causation_id", "trace_id", "data"}
)
"""Fields of an event's envelope."""

ROOTS = RECORD_FIELDS | ENVELOPE_FIELDS | {"value"}
"""First names of fields; `value` is the whole decoded value, for records that are no events of ours."""

FieldPath: TypeAlias = tuple[str | int, ...]
"""A field: a name of `ROOTS`, then keys and indexes."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A filter, ready to run.

    Attributes:
        text: as typed.
        test: whether a record, a mapping of `ROOTS` to plain values, passes. It never raises.
        roots: the first names of the fields it reads; others need not be in the mapping.
        paths: the same in full, `("data", "bids", 0)`, so that only these need be decoded.
    """

    text: str
    test: Predicate
    roots: frozenset[str]
    paths: frozenset[FieldPath] = frozenset()

    @property
    def needs_value(self) -> bool:
        """Whether the value has to be decoded for it."""
        return not self.roots <= RECORD_FIELDS
