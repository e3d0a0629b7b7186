"""Records as they are written out: JSON lines, the bytes alone, the payload alone, or a line for people.

An undecodable value is shown as it is, with the reason (`value_error`); it never ends a reading.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from alphapanda.clock import to_ist
from alphapanda.model.records import Header, Record

SCHEMA_VERSION = 1
_EXCERPT = 120
_TYPE_WIDTH = 16

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Format(StrEnum):
    """How records are written."""

    TABLE = "table"
    """A line for people."""
    JSONL = "jsonl"
    """One JSON object a line, with everything there is of a record."""
    RAW = "raw"
    """The value's bytes as they are, each followed by a line feed."""
    VALUE = "value"
    """The payload (an event's `data`, else the whole value) as JSON on one line."""


class _UndecodableError(Exception):
    """The value is not JSON."""


def as_json_line(record: Record) -> bytes:
    """Return everything there is of a record as one JSON object.

    A key that is not UTF-8 is in `key_base64`, a header in `headers_base64`, a value that is not JSON in
    `value_base64` with the reason in `value_error`.
    """
    row: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "kind": "record",
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "timestamp": _utc(record),
        "timestamp_ms": record.timestamp_ms,
        **_text("key", record.key),
        "headers": {},
    }
    for name, value in record.headers:
        part = _text(name, value)
        if name in part:
            row["headers"][name] = part[name]
        else:
            row.setdefault("headers_base64", {})[name] = part[f"{name}_base64"]
    if record.value is None:
        row["value"] = None
    else:
        try:
            row["value"] = msgspec.Raw(_one_line(record.value))
        except _UndecodableError as error:
            row |= {"value_base64": base64.b64encode(record.value).decode(), "value_error": str(error)}
    return bytes(_encode(row))


def as_raw(record: Record) -> bytes:
    """Return the value's bytes, untouched."""
    return record.value or b""


def as_value(record: Record) -> bytes:
    """Return the payload as JSON on one line; an error object where there is none."""
    try:
        value = _decoded(record.value)
    except _UndecodableError as error:
        return bytes(_encode({"value_error": str(error), "position": str(record.position)}))
    return bytes(_encode(value["data"] if _is_event(value) else value))


def as_table_line(position_width: int) -> Callable[[Record], str]:
    """Return what makes lines for people, in which places in the log take up `position_width`."""

    def line(record: Record) -> str:
        when = to_ist(datetime.fromtimestamp(record.timestamp_ms / 1000, UTC))
        stamp = f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03}"
        kind = (record.header(Header.TYPE) or b"-").decode(errors="replace")
        key = "-" if record.key is None else record.key.decode(errors="replace")
        parts = (stamp, f"{record.position!s:<{position_width}}", f"{kind:<{_TYPE_WIDTH}}", key, _summary(record))
        return printable("  ".join(parts))

    return line


def printable(text: str) -> str:
    """Return `text` without what a terminal would take for a command."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "�" for sign in text)


def _summary(record: Record) -> str:
    if record.value is None:
        return "(no value)"
    try:
        value = _decoded(record.value)
    except _UndecodableError as error:
        excerpt = record.value[:_EXCERPT].decode(errors="replace")
        return f"value_error: {error}: {excerpt!r}"
    shown = value["data"] if _is_event(value) else value
    return bytes(_encode(shown)).decode()


def _is_event(value: Any) -> bool:
    return isinstance(value, dict) and "data" in value and "type" in value


def _decoded(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return _decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _UndecodableError(_reason(error)) from error


def _one_line(value: bytes) -> bytes:
    """Return JSON without line feeds between its parts; numbers stay as they are spelled."""
    try:
        _decode(value)
        return bytes(msgspec.json.format(value, indent=-1))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _UndecodableError(_reason(error)) from error


def _reason(error: Exception) -> str:
    return f"not JSON ({error})"


def _text(name: str, value: bytes | None) -> dict[str, Any]:
    if value is None:
        return {name: None}
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value).decode()}


def _utc(record: Record) -> datetime:
    return datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
