"""One line of a log, as it is written and as it is read back."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from alphapanda.telemetry.levels import LogLevel


class Marker(StrEnum):
    """What a line says about the life of its process, beside its text."""

    STARTED = "started"
    STOPPED = "stopped"


class LogRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line.

    Attributes:
        at: when it was said, aware UTC.
        service: who said it.
        level: how much it matters; None where a foreign line does not tell.
        channel: what it speaks of; empty for a foreign line.
        event: its text; may hold newlines for a foreign line.
        fields: the values beside it.
        raw: the line as it stands in the file, without its newline.
        marker: what it says about the process's life.
    """

    at: datetime
    service: str
    level: LogLevel | None
    channel: str
    event: str
    fields: dict[str, Any]
    raw: bytes
    marker: Marker | None = None


class _Line(msgspec.Struct, frozen=True):
    """The fixed part of a line: enough to know that it is one of ours."""

    ts: datetime
    level: LogLevel
    event: str
    channel: str = ""
    service: str = ""
    marker: Marker | None = None


_FIXED = frozenset(_Line.__struct_fields__)
_LINES = msgspec.json.Decoder(_Line)
_OBJECTS = msgspec.json.Decoder(dict[str, Any])


def encode_line(fields: dict[str, Any]) -> bytes:
    """Return plain data as one JSON line with its newline."""
    return msgspec.json.encode(fields) + b"\n"


def decode_line(raw: bytes, service: str) -> LogRecord | None:
    """Return the record in a JSON line of `service`'s file, or None if it is not one of ours."""
    try:
        line = _LINES.decode(raw)
        fields = _OBJECTS.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if line.ts.tzinfo is None:
        return None
    return LogRecord(
        at=line.ts.astimezone(UTC),
        service=line.service or service,
        level=line.level,
        channel=line.channel,
        event=line.event,
        fields={key: value for key, value in fields.items() if key not in _FIXED},
        raw=raw,
        marker=line.marker,
    )


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values of any kind as plain data; what JSON does not know becomes its `str`."""
    converted: dict[str, Any] = msgspec.to_builtins(values, str_keys=True, enc_hook=str)
    return converted
