"""One form for schemas that say the same, however they are written."""

from __future__ import annotations

import json
from typing import Any


def canonical(schema: str) -> Any:
    """Return what of a schema a reader and a writer must agree on: all but the words that explain it.

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
        made["fields"] = [_canonical_field(field, namespace) for field in made["fields"]]
    # A type without anything beside its name is that name.
    return made["type"] if made.keys() == {"type"} else made


def _canonical_field(field: dict[str, Any], namespace: str) -> dict[str, Any]:
    kept = {key: value for key, value in field.items() if key != "doc"}
    return {**kept, "type": _canonical(field["type"], namespace)}


_PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_COMPLEX = ("record", "enum", "array", "map", "fixed")


def full_name(schema: dict[str, Any], namespace: str = "") -> str:
    """Return the full name of a named type."""
    name: str = schema["name"]
    space = schema.get("namespace", namespace)
    return name if "." in name or not space else f"{space}.{name}"
