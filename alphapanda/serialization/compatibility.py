"""Whether one schema can read what another wrote, and if not, why: the `avro` library's verdict, in our words.

The verdict is the reference implementation's. It says little of where and why, so the places are found by
walking through both schemas. Beyond the specification a type must keep its meaning: a time in microseconds
cannot be read as one in milliseconds, and text that is no number cannot be read as money.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from alphapanda.errors import DependencyError, UsageError
from alphapanda.serialization.avro_types import Schema
from alphapanda.serialization.canonical import canonical
from alphapanda.serialization.differences import Resolved, kind_of, meaning_of, shown

if TYPE_CHECKING:
    from avro.schema import Schema as AvroSchema


class Level(StrEnum):
    """What must be able to read what, in the words of Confluent-compatible registries."""

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
        """Whether the new schema must read what was written before."""
        return self.value.startswith(("BACKWARD", "FULL"))

    @property
    def is_forward(self) -> bool:
        """Whether earlier schemas must read what is written from now on."""
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
        level: what is asked for.

    Raises:
        UsageError: one of them is no Avro schema.
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
    """Return why what `writer` wrote cannot be read as `reader`; nothing when it can. Raises as above."""
    checked = _parsed(reader), _parsed(writer)
    from avro.compatibility import (  # noqa: PLC0415 - an extra
        ReaderWriterCompatibilityChecker,
        SchemaCompatibilityType,
    )

    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    result = checker.get_compatibility(*checked)
    found = list(_Explanation(Resolved(canonical(reader)), Resolved(canonical(writer))).reasons())
    if result.compatibility is not SchemaCompatibilityType.compatible and not found:
        places = " and ".join(sorted(result.locations))
        found = [Incompatibility(places, "; ".join(sorted(result.messages)) or "cannot be read")]
    return found


def _parsed(schema: str) -> AvroSchema:
    try:
        from avro.errors import AvroException  # noqa: PLC0415 - an extra
        from avro.schema import parse  # noqa: PLC0415
    except ImportError as error:
        raise DependencyError(
            "Schemas cannot be compared: the package avro is not installed.", hint="Install alphapanda[avro]."
        ) from error
    try:
        return parse(schema)
    except (AvroException, ValueError, TypeError) as error:
        raise UsageError(f"It is no Avro schema: {' '.join(str(error).split())[:200]}.") from error


_PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
"""What a written type may be read as (Avro 1.12, schema resolution)."""


class _Explanation:
    """Finds the places where a reader fails on what a writer wrote."""

    def __init__(self, reader: Resolved, writer: Resolved) -> None:
        self._reader = reader
        self._writer = writer
        self._seen: set[tuple[int, int]] = set()

    def reasons(self) -> Iterator[Incompatibility]:
        return self._of(self._reader.root, self._writer.root, "")

    def _of(self, reader: Schema, writer: Schema, path: str) -> Iterator[Incompatibility]:
        reader, writer = self._reader.look_up(reader), self._writer.look_up(writer)
        if isinstance(writer, list):
            yield from self._from_union(reader, writer, path)
        elif isinstance(reader, list):
            branches = [list(self._of(branch, writer, path)) for branch in reader]
            if all(branches):
                near = [why for branch, why in zip(reader, branches, strict=True) if self._alike(branch, writer)]
                yield from near[0] if near else [self._mismatch(reader, writer, path)]
        elif kind_of(reader) == kind_of(writer):
            if isinstance(reader, dict) and isinstance(writer, dict):
                yield from self._same_kind(reader, writer, path)
            elif meaning_of(reader) != meaning_of(writer):
                yield self._mismatch(reader, writer, path)
        elif kind_of(reader) not in _PROMOTIONS.get(kind_of(writer), ()) or meaning_of(reader):
            yield self._mismatch(reader, writer, path)

    def _from_union(self, reader: Schema, writer: list[Any], path: str) -> Iterator[Incompatibility]:
        for branch in writer:
            failed = list(self._of(reader, branch, path))
            if failed and kind_of(self._writer.look_up(branch)) == "null":
                yield Incompatibility(path, "may have been null, and may not be now")
            else:
                yield from failed

    def _alike(self, reader: Schema, writer: Schema) -> bool:
        reader = self._reader.look_up(reader)
        named = isinstance(reader, dict) and isinstance(writer, dict) and "name" in reader
        return kind_of(reader) == kind_of(writer) and (not named or _short(reader) == _short(writer))

    def _same_kind(self, reader: dict[str, Any], writer: dict[str, Any], path: str) -> Iterator[Incompatibility]:
        kind = kind_of(reader)
        if kind in {"record", "enum", "fixed"} and _short(reader) != _short(writer):
            yield Incompatibility(path, f"was {_short(writer)}, is {_short(reader)}")
        if kind == "record":
            if (id(reader), id(writer)) not in self._seen:  # a type that is used twice is explained once
                self._seen.add((id(reader), id(writer)))
                yield from self._records(reader, writer, path)
        elif kind == "enum":
            gone = [symbol for symbol in writer["symbols"] if symbol not in reader["symbols"]]
            if gone and reader.get("default") not in reader["symbols"]:
                yield Incompatibility(path, f"no longer knows {', '.join(gone)}")
        elif kind == "array":
            yield from self._of(reader["items"], writer["items"], f"{path}[]")
        elif kind == "map":
            yield from self._of(reader["values"], writer["values"], f"{path}{{}}")
        elif kind == "fixed" and reader["size"] != writer["size"]:
            yield Incompatibility(path, f"was {writer['size']} bytes, is {reader['size']}")
        elif meaning_of(reader) != meaning_of(writer):
            yield self._mismatch(reader, writer, path)

    def _records(self, reader: dict[str, Any], writer: dict[str, Any], path: str) -> Iterator[Incompatibility]:
        written = {field["name"]: field for field in writer["fields"]}
        for field in reader["fields"]:
            inside = f"{path}.{field['name']}" if path else field["name"]
            names = (field["name"], *field.get("aliases", ()))
            source = next((written[name] for name in names if name in written), None)
            if source is not None:
                yield from self._of(field["type"], source["type"], inside)
            elif "default" not in field:
                yield Incompatibility(inside, "is new and has no default: what was written before lacks it")

    def _mismatch(self, reader: Schema, writer: Schema, path: str) -> Incompatibility:
        return Incompatibility(path, f"was {shown(writer, self._writer)}, is {shown(reader, self._reader)}")


def _short(schema: Any) -> str:
    return str(schema["name"]).rpartition(".")[2]
