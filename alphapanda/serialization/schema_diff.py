"""Two schemas compared, field by field; one form for schemas that differ only in their spelling."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from alphapanda.serialization.avro_types import Schema

_CONTAINERS = {"array": "items", "map": "values"}
MEANINGS = ("logicalType", "format", "precision", "scale")
"""Attributes that give a type's values their meaning."""


class Change(StrEnum):
    """Kinds of change."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    DEFAULT = "default"
    SYMBOLS = "symbols"
    RENAMED = "renamed"
    ALIASED = "aliased"


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One change between two schemas.

    Attributes:
        path: of the field: `data.order.limit_price`, `data.positions[].quantity`; empty for the whole.
        change: its kind.
        before: the type, default, symbols or name before; empty for an added field.
        after: the same after; empty for a removed field.
        schemas: the types before and after, or the fields.
    """

    path: str
    change: Change
    before: str
    after: str
    schemas: tuple[Any, Any] = field(default=(None, None), repr=False, compare=False)


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
            for one in schema.get("fields", ()):
                self._collect(one["type"], namespace)
            for key in ("items", "values", "type"):
                if isinstance(schema.get(key), dict | list):
                    self._collect(schema[key], namespace)

    def look_up(self, schema: Schema) -> Schema:
        """Return the type that a name refers to, and anything else unchanged."""
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
    """Return the changes between two schemas, given as JSON; `doc` does not count."""
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
        if isinstance(before, list) or isinstance(after, list):
            yield from self._unions(before, after, path)
        elif isinstance(before, dict) and isinstance(after, dict) and kind_of(before) == kind_of(after):
            names = full_name_of(before), full_name_of(after)
            if names[0] != names[1]:
                yield SchemaChange(path, Change.RENAMED, *names, (before, after))
            yield from self._same_kind(before, after, path)
        else:
            yield from self._changed(before, after, path)

    def _changed(self, before: Schema, after: Schema, path: str) -> Iterator[SchemaChange]:
        names = shown(before, self._old), shown(after, self._new)
        if names[0] != names[1]:
            yield SchemaChange(path, Change.CHANGED, *names, (before, after))

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
                yield SchemaChange(path, Change.SYMBOLS, ", ".join(gone), ", ".join(come), (before, after))
        elif kind in _CONTAINERS:
            inner = _CONTAINERS[kind]
            yield from self.of(before[inner], after[inner], f"{path}{'[]' if kind == 'array' else '{}'}")
        else:
            yield from self._changed(before, after, path)

    def _records(self, before: dict[str, Any], after: dict[str, Any], path: str) -> Iterator[SchemaChange]:
        was = {one["name"]: one for one in before["fields"]}
        kept: set[str] = set()
        for one in after["fields"]:
            inside = f"{path}.{one['name']}" if path else one["name"]
            name = next((name for name in (one["name"], *one.get("aliases", ())) if name in was), None)
            if name is None:
                yield SchemaChange(inside, Change.ADDED, "", _field(one, self._new), (None, one))
                continue
            kept.add(name)
            if name != one["name"]:
                yield SchemaChange(inside, Change.ALIASED, name, one["name"], (was[name], one))
            yield from self.of(was[name]["type"], one["type"], inside)
            defaults = _default(was[name]), _default(one)
            if defaults[0] != defaults[1]:
                yield SchemaChange(inside, Change.DEFAULT, *defaults, (was[name], one))
        for name, one in was.items():
            if name not in kept:
                inside = f"{path}.{name}" if path else name
                yield SchemaChange(inside, Change.REMOVED, _field(one, self._old), "", (one, None))

    def _unions(self, before: Schema, after: Schema, path: str) -> Iterator[SchemaChange]:
        """Compare two types of which at least one is a union: the whole, then the branches that both have."""
        yield from self._changed(before, after, path)
        new = {shown(branch, self._new): branch for branch in branches_of(after)}
        for branch in branches_of(before):
            same = new.get(shown(branch, self._old))
            if same is not None:
                yield from self.of(branch, same, path)


def branches_of(schema: Schema) -> list[Any]:
    """Return the branches of a union; any other type is its own only branch."""
    return schema if isinstance(schema, list) else [schema]


def full_name_of(schema: dict[str, Any]) -> str:
    """Return the full name of a type; empty where it has none."""
    return full_name(schema) if "name" in schema else ""


def _default(one: dict[str, Any]) -> str:
    return json.dumps(one["default"], ensure_ascii=False) if "default" in one else ""


def _field(one: dict[str, Any], resolved: Resolved) -> str:
    default = f" = {_default(one)}" if "default" in one else ""
    return f"{shown(one['type'], resolved)}{default}"


def canonical(schema: str) -> Any:
    """Return a schema without its descriptions: the part that a reader and a writer must agree on.

    Names are full: registries write them differently from how they were given.
    """
    return _canonical(json.loads(schema), "")


def _canonical(schema: Any, namespace: str) -> Any:
    if isinstance(schema, list):
        return [_canonical(branch, namespace) for branch in schema]
    if isinstance(schema, str):
        return schema if schema in _PRIMITIVES or "." in schema or not namespace else f"{namespace}.{schema}"
    made = {key: value for key, value in schema.items() if key not in {"doc", "namespace"}}
    if "name" in made:
        made["name"] = full_name(schema, namespace)
        namespace = made["name"].rpartition(".")[0]
    for key in ("type", "items", "values"):
        if key in made and made[key] not in _COMPLEX:
            made[key] = _canonical(made[key], namespace)
    if "fields" in made:
        made["fields"] = [_canonical_field(one, namespace) for one in made["fields"]]
    # A type without anything beside its name is that name.
    return made["type"] if made.keys() == {"type"} else made


def _canonical_field(one: dict[str, Any], namespace: str) -> dict[str, Any]:
    kept = {key: value for key, value in one.items() if key != "doc"}
    return {**kept, "type": _canonical(one["type"], namespace)}


_PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_COMPLEX = ("record", "enum", "array", "map", "fixed")


def full_name(schema: dict[str, Any], namespace: str = "") -> str:
    """Return the full name of a named type."""
    name: str = schema["name"]
    space = schema.get("namespace", namespace)
    return name if "." in name or not space else f"{space}.{name}"
