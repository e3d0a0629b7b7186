"""Compatibility of two schemas: the `avro` library's verdict on the whole and on each change, with the field.

Beyond the specification a type must keep its meaning: a time in microseconds cannot be read as one in
milliseconds, and text that spells no number cannot be read as money.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from alphapanda.errors import DependencyError, UsageError
from alphapanda.serialization.avro_types import Schema
from alphapanda.serialization.schema_diff import (
    Change,
    SchemaChange,
    branches_of,
    canonical,
    differences,
    kind_of,
    meaning_of,
)

if TYPE_CHECKING:
    from avro.compatibility import SchemaCompatibilityResult
    from avro.name import Names
    from avro.schema import Schema as AvroSchema


class Level(StrEnum):
    """Compatibility levels, in the words of Confluent-compatible registries."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    """The new schema reads what the last one wrote: readers are upgraded first."""
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    """The last schema reads what the new one writes: writers are upgraded first."""
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def is_transitive(self) -> bool:
        """Whether it holds for every earlier version, not only the last."""
        return self.value.endswith("_TRANSITIVE")

    @property
    def is_backward(self) -> bool:
        """Whether the new schema must read earlier values."""
        return self.value.startswith(("BACKWARD", "FULL"))

    @property
    def is_forward(self) -> bool:
        """Whether earlier schemas must read new values."""
        return self.value.startswith(("FORWARD", "FULL"))


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """Why one schema cannot read what another wrote.

    Attributes:
        path: of the field; empty for the whole.
        message: one clause.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def incompatibilities(new: str, earlier: Iterable[str], level: Level = Level.BACKWARD) -> list[Incompatibility]:
    """Return why `new` may not follow `earlier`; nothing when it may.

    Args:
        new: a schema, as JSON.
        earlier: the schemas before it, oldest first; only the last counts unless the level is transitive.
        level: the compatibility to hold.

    Raises:
        UsageError: one of them is not an Avro schema.
        DependencyError: the library is not installed.
    """
    versions = list(earlier)
    reasons: list[Incompatibility] = []
    for old in versions if level.is_transitive else versions[-1:]:
        if level.is_backward:
            reasons += unreadable(reader=new, writer=old)
        if level.is_forward:
            reasons += [
                Incompatibility(reason.path, f"readers of the earlier schema fail: {reason.message}")
                for reason in unreadable(reader=old, writer=new)
            ]
    return list(dict.fromkeys(reasons))


def unreadable(*, reader: str, writer: str) -> list[Incompatibility]:
    """Return why values of `writer` cannot be read as `reader`; nothing when they can. Raises as above."""
    both = _AvroPair(reader, writer)
    found = [
        Incompatibility(change.path, reason)
        for change in differences(writer, reader)
        if (reason := _reason_of(change, both)) is not None
    ]
    verdict = both.verdict()
    if not found and not _is_compatible(verdict):
        places = " and ".join(sorted(verdict.locations))
        found = [Incompatibility(places, "; ".join(sorted(verdict.messages)) or "cannot be read")]
    return found


def _reason_of(change: SchemaChange, both: _AvroPair) -> str | None:
    """Return why a reader fails at a change from the writer's schema; None when it does not."""
    writer, reader = change.schemas
    match change.change:
        case Change.ADDED if "default" not in reader:
            return "is new and has no default: earlier values lack it"
        case Change.SYMBOLS if change.before and reader.get("default") not in reader["symbols"]:
            return f"no longer knows {change.before}"
        case Change.RENAMED if _short(change.before) != _short(change.after):
            return f"was {_short(change.before)}, is {_short(change.after)}"
        case Change.CHANGED if not both.can_read(reader, writer):
            if "null" in branches_of(writer) and "null" not in branches_of(reader):
                return "may have been null, and may not be now"
            return f"was {change.before}, is {change.after}"
        case _:
            return None


class _AvroPair:
    """A reader's and a writer's schema, and parts of them, as the `avro` library judges them."""

    def __init__(self, reader: str, writer: str) -> None:
        self._reader, self._reader_names = _parsed(reader)
        self._writer, self._writer_names = _parsed(writer)

    def verdict(self) -> SchemaCompatibilityResult:
        return _checked(self._reader, self._writer)

    def can_read(self, reader: Schema, writer: Schema) -> bool:
        """Return whether a part can be read, with the same meaning: our one rule beyond the specification."""
        parts = _part(reader, self._reader_names), _part(writer, self._writer_names)
        return _is_compatible(_checked(*parts)) and _keeps_meaning(reader, writer)


def _keeps_meaning(reader: Schema, writer: Schema) -> bool:
    meanings = {kind_of(branch): meaning_of(branch) for branch in branches_of(reader)}
    promoted = all(meaning for kind, meaning in meanings.items() if kind != "null")
    return not any(
        meanings[kind_of(branch)] != meaning_of(branch) if kind_of(branch) in meanings else promoted
        for branch in branches_of(writer)
        if branch != "null"
    )


def _part(schema: Schema, names: Names) -> AvroSchema:
    from avro.schema import make_avsc_object  # noqa: PLC0415 - an extra

    named = _by_name(schema)
    known = names.get_name(named, None) if isinstance(named, str) else None
    return make_avsc_object(named, names) if known is None else known


def _by_name(schema: Schema) -> Schema:
    """Return a part of a schema with the names of the types that the whole defines."""
    if isinstance(schema, list):
        return [_by_name(branch) for branch in schema]
    if isinstance(schema, dict):
        if "name" in schema:
            return str(schema["name"])
        return {key: _by_name(value) if key in {"items", "values"} else value for key, value in schema.items()}
    return schema


def _checked(reader: AvroSchema, writer: AvroSchema) -> SchemaCompatibilityResult:
    from avro.compatibility import ReaderWriterCompatibilityChecker  # noqa: PLC0415 - an extra

    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    return checker.get_compatibility(reader, writer)


def _is_compatible(result: SchemaCompatibilityResult) -> bool:
    return result.compatibility.name == "compatible"


def _parsed(schema: str) -> tuple[AvroSchema, Names]:
    try:
        from avro.errors import AvroException  # noqa: PLC0415 - an extra
        from avro.name import Names  # noqa: PLC0415
        from avro.schema import make_avsc_object, parse  # noqa: PLC0415
    except ImportError as error:
        raise DependencyError(
            "Schemas cannot be compared: the package avro is not installed.", hint="Install alphapanda[avro]."
        ) from error
    try:
        parse(schema)
        names = Names()
        return make_avsc_object(canonical(schema), names), names
    except (AvroException, ValueError, TypeError) as error:
        raise UsageError(f"This is not an Avro schema: {' '.join(str(error).split())[:200]}.") from error


def _short(name: str) -> str:
    return name.rpartition(".")[2]
