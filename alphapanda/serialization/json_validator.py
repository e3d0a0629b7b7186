"""Validation of an event in JSON against an Avro schema, without its struct.

So a dead letter can be tried against a schema that this program has no structs for: an earlier one, an edited one.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from alphapanda.errors import DecodeError
from alphapanda.serialization.avro_types import Schema
from alphapanda.serialization.schema_diff import Resolved, kind_of, shown

_LONGEST = 1 << 63
_ILLEGAL = re.compile(r"[^A-Za-z0-9_]")


class JsonValidator:
    """Tries JSON values against one schema.

    Args:
        schema: as JSON.
    """

    def __init__(self, schema: str) -> None:
        self._resolved = Resolved(json.loads(schema))

    def check(self, value: bytes) -> None:
        """Raise DecodeError, with the field's path, when the event in `value` does not fit."""
        try:
            event = msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise DecodeError(f"It is not JSON: {error}.") from error
        self._check(self._resolved.root, event, "")

    def _check(self, schema: Schema, value: Any, path: str) -> None:
        schema = self._resolved.look_up(schema)
        if isinstance(schema, list):
            self._check_union(schema, value, path)
            return
        kind = kind_of(schema)
        if isinstance(schema, str):
            schema = {"type": schema}
        match kind:
            case "record":
                self._check_record(schema, value, path)
            case "array" if isinstance(value, list):
                for index, item in enumerate(value):
                    self._check(schema["items"], item, f"{path}[{index}]")
            case "map" if isinstance(value, dict):
                for key, item in value.items():
                    self._check(schema["values"], item, f"{path}.{key}")
            case _ if not _is_scalar(kind, schema, value):
                raise DecodeError(f"{path or 'It'} is {_brief(value)}, not {shown(schema, self._resolved)}.")
            case _:
                pass

    def _check_union(self, branches: list[Any], value: Any, path: str) -> None:
        if value is None and "null" in branches:
            return
        first: DecodeError | None = None
        for branch in branches:
            if branch == "null":
                continue
            try:
                self._check(branch, value, path)
            except DecodeError as error:
                first = first or error
            else:
                return
        raise first or DecodeError(f"{path} is {_brief(value)}, not null.")

    def _check_record(self, schema: dict[str, Any], value: Any, path: str) -> None:
        fields = schema["fields"]
        if isinstance(value, list) and value:  # a struct that JSON has as an array
            value = {field["name"]: item for field, item in zip(fields, value, strict=False)}
        if not isinstance(value, dict):
            raise DecodeError(f"{path or 'It'} is {_brief(value)}, not {shown(schema, self._resolved)}.")
        for field in fields:
            inside = f"{path}.{field['name']}" if path else field["name"]
            if field["name"] in value:
                self._check(field["type"], value[field["name"]], inside)
            elif "default" not in field:
                raise DecodeError(f"{inside} is missing and has no default.")


def _is_scalar(kind: str, schema: dict[str, Any], value: Any) -> bool:
    """Return whether `value` is one of a type without parts."""
    match kind:
        case "string":
            fits = _is_decimal(value) if schema.get("format") == "decimal" else isinstance(value, str)
        case "enum":
            fits = isinstance(value, str) and _ILLEGAL.sub("_", value) in schema["symbols"]
        case "long" | "int" if schema.get("logicalType") == "timestamp-micros":
            fits = _is_time(value)
        case "long" | "int":
            whole = isinstance(value, int) and not isinstance(value, bool)
            fits = whole and -_LONGEST <= value < _LONGEST
        case "double" | "float":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            fits = isinstance(value, bool)
        case "null":
            fits = value is None
        case _:
            fits = False
    return fits


def _is_decimal(value: Any) -> bool:
    if isinstance(value, int | float):
        return not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    try:
        Decimal(value)
    except InvalidOperation:
        return False
    return True


def _is_time(value: Any) -> bool:
    try:
        return msgspec.convert(value, datetime).tzinfo is not None
    except msgspec.ValidationError:
        return False


def _brief(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, str):
        return json.dumps(value if len(value) <= 40 else f"{value[:40]}…", ensure_ascii=False)
    return "an object" if isinstance(value, dict) else "a list"
