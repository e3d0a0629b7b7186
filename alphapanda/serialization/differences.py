"""Two schemas, field by field: what was added, what is gone, what changed its type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alphapanda.serialization.avro_types import Schema
from alphapanda.serialization.canonical import canonical, full_name

_CONTAINERS = {"array": "items", "map": "values"}
MEANINGS = ("logicalType", "format", "precision", "scale")
"""What tells how a value is to be understood, beside its type."""


class Change(StrEnum):
    """What happened to a part of a schema."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    DEFAULT = "default"
    SYMBOLS = "symbols"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One of them.

    Attributes:
        path: of the field: `data.order.limit_price`, `data.positions[].quantity`; empty for the whole.
        change: what happened.
        before: how it was; empty where it was not.
        after: how it is; empty where it is no more.
    """

    path: str
    change: Change
    before: str
    after: str


class Resolved:
    """A schema with the names in it looked up."""

    def __init__(self, schema: Schema) -> None:
        self.root = schema
        self._named: dict[str, dict[str, Any]] = {}
        self._collect(schema, "")

    def _collect(self, schema: Schema, namespace: str) -> None:
        if isinstance(schema, list):
            for branch in schema:
                self._collect(branch, namespace)
        elif isinstance(schema, dict):
            if "name" in schema:
                name = full_name(schema, namespace)
                namespace = name.rpartition(".")[0]
                self._named[name] = schema
                self._named.setdefault(name.rpartition(".")[2], schema)
            for field in schema.get("fields", ()):
                self._collect(field["type"], namespace)
            for key in ("items", "values", "type"):
                if isinstance(schema.get(key), dict | list):
                    self._collect(schema[key], namespace)

    def look_up(self, schema: Schema) -> Schema:
        """Return what a name stands for, and anything else as it is."""
        if isinstance(schema, str):
            return self._named.get(schema, schema)
        if isinstance(schema, dict) and isinstance(schema.get("type"), dict | list):
            return self.look_up(schema["type"])
        return schema


def kind_of(schema: Schema) -> str:
    """Return the Avro type: `record`, `union`, `long`."""
    if isinstance(schema, list):
        return "union"
    return schema if isinstance(schema, str) else str(schema["type"])


def meaning_of(schema: Schema) -> tuple[tuple[str, Any], ...]:
    """Return what says how the values of a type are to be understood."""
    if not isinstance(schema, dict):
        return ()
    return tuple((key, schema[key]) for key in MEANINGS if key in schema)


def shown(schema: Schema, resolved: Resolved) -> str:
    """Return a type in a few words: `long (timestamp-micros)`, `string (decimal) or null`, `Side`."""
    schema = resolved.look_up(schema)
    if isinstance(schema, list):
        branches = [shown(branch, resolved) for branch in schema]
        return " or ".join(sorted(branches, key=lambda name: name == "null"))
    if isinstance(schema, str):
        return schema
    if "name" in schema:
        return str(schema["name"]).rpartition(".")[2]
    inner = _CONTAINERS.get(kind_of(schema))
    if inner:
        return f"{kind_of(schema)} of {shown(schema[inner], resolved)}"
    meaning = schema.get("logicalType") or schema.get("format")
    return f"{kind_of(schema)} ({meaning})" if meaning else kind_of(schema)


def differences(before: str, after: str) -> list[SchemaChange]:
    """Return what differs between two schemas, given as JSON; words that only explain do not count."""
    old, new = Resolved(canonical(before)), Resolved(canonical(after))
    return list(_SchemaComparison(old, new).of(old.root, new.root, ""))


class _SchemaComparison:
    """Walks through two schemas side by side."""

    def __init__(self, old: Resolved, new: Resolved) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[str, str]] = set()

    def of(self, before: Schema, after: Schema, path: str) -> Iterator[SchemaChange]:
        before, after = self._old.look_up(before), self._new.look_up(after)
        names = shown(before, self._old), shown(after, self._new)
        if isinstance(before, list) and isinstance(after, list):
            yield from self._unions(before, after, path)
        elif isinstance(before, dict) and isinstance(after, dict) and kind_of(before) == kind_of(after):
            if full_name_of(before) != full_name_of(after):
                yield SchemaChange(path, Change.RENAMED, full_name_of(before), full_name_of(after))
            yield from self._same_kind(before, after, path)
        elif names[0] != names[1]:
            yield SchemaChange(path, Change.CHANGED, *names)

    def _same_kind(self, before: dict[str, Any], after: dict[str, Any], path: str) -> Iterator[SchemaChange]:
        kind = kind_of(before)
        if kind == "record":
            pair = full_name_of(before), full_name_of(after)
            if pair in self._seen:
                return  # a type that is used twice is compared once
            self._seen.add(pair)
            yield from self._records(before, after, path)
        elif kind == "enum":
            was, now = before["symbols"], after["symbols"]
            gone, come = [s for s in was if s not in now], [s for s in now if s not in was]
            if gone or come:
                yield SchemaChange(path, Change.SYMBOLS, ", ".join(gone), ", ".join(come))
        elif kind in _CONTAINERS:
            inner = _CONTAINERS[kind]
            yield from self.of(before[inner], after[inner], f"{path}{'[]' if kind == 'array' else '{}'}")
        elif meaning_of(before) != meaning_of(after):
            yield SchemaChange(path, Change.CHANGED, shown(before, self._old), shown(after, self._new))

    def _records(self, before: dict[str, Any], after: dict[str, Any], path: str) -> Iterator[SchemaChange]:
        was = {field["name"]: field for field in before["fields"]}
        now = {field["name"]: field for field in after["fields"]}
        for name, field in now.items():
            inside = f"{path}.{name}" if path else name
            old = was.get(name)
            if old is None:
                yield SchemaChange(inside, Change.ADDED, "", _field(field, self._new))
                continue
            yield from self.of(old["type"], field["type"], inside)
            defaults = _default(old), _default(field)
            if defaults[0] != defaults[1]:
                yield SchemaChange(inside, Change.DEFAULT, *defaults)
        for name, field in was.items():
            if name not in now:
                inside = f"{path}.{name}" if path else name
                yield SchemaChange(inside, Change.REMOVED, _field(field, self._old), "")

    def _unions(self, before: list[Any], after: list[Any], path: str) -> Iterator[SchemaChange]:
        old = {shown(branch, self._old): branch for branch in before}
        new = {shown(branch, self._new): branch for branch in after}
        if old.keys() != new.keys():
            yield SchemaChange(path, Change.CHANGED, shown(before, self._old), shown(after, self._new))
        for name in old.keys() & new.keys():
            yield from self.of(old[name], new[name], path)


def full_name_of(schema: dict[str, Any]) -> str:
    """Return the full name of a type; empty where it has none."""
    return full_name(schema) if "name" in schema else ""


def _default(field: dict[str, Any]) -> str:
    return json.dumps(field["default"], ensure_ascii=False) if "default" in field else ""


def _field(field: dict[str, Any], resolved: Resolved) -> str:
    default = f" = {_default(field)}" if "default" in field else ""
    return f"{shown(field['type'], resolved)}{default}"
