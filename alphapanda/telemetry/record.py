"""One line of a log: as it is written, read back, and shown to people."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from alphapanda.clock import to_ist
from alphapanda.telemetry.log import LogLevel


class Marker(StrEnum):
    """Marks the start and the end of a process in its log."""

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


RESET = "\x1b[0m"
DIM = "\x1b[2m"
BOLD = "\x1b[1m"

_LEVEL_STYLES = {
    LogLevel.DEBUG: DIM,
    LogLevel.INFO: "\x1b[32m",
    LogLevel.WARNING: "\x1b[33m",
    LogLevel.ERROR: "\x1b[31m",
    LogLevel.CRITICAL: "\x1b[1;31m",
}
_LEVEL_WORDS = {
    LogLevel.DEBUG: "DEBUG",
    LogLevel.INFO: "INFO",
    LogLevel.WARNING: "WARN",
    LogLevel.ERROR: "ERROR",
    LogLevel.CRITICAL: "FATAL",
}
_SERVICE_STYLES = ("\x1b[36m", "\x1b[35m", "\x1b[34m", "\x1b[96m", "\x1b[95m", "\x1b[94m", "\x1b[93m", "\x1b[92m")
_TRACEBACK_KEYS = ("exception", "stack")


class PrettyRenderer:
    """Turns records into text for a terminal or a file."""

    def __init__(self, *, colour: bool, names: bool = True, name_width: int = 0) -> None:
        """Remember the look.

        Args:
            colour: whether to use ANSI colours; no meaning hangs on them alone.
            names: whether each line begins with its service.
            name_width: the column that services are padded to.
        """
        self._colour = colour
        self._names = names
        self._name_width = name_width

    def render(self, record: LogRecord) -> str:
        """Return the text of one record, without a final newline."""
        if record.marker is Marker.STARTED:
            return self._marker(record)
        head = f"{self._time(record)} {self._service(record)}{self._level(record.level)} "
        fields = dict(record.fields)
        traces = [str(fields.pop(key)) for key in _TRACEBACK_KEYS if key in fields]
        values = " ".join(f"{self._paint(DIM, key + '=')}{_value(value)}" for key, value in fields.items())
        first, *more = [_safe(line) for line in record.event.split("\n")]
        body = f"{first}  {values}" if values else first
        continuation = [f"    {_safe(line)}" for text in traces for line in text.rstrip().split("\n")]
        return "\n".join([head + body, *(f"    {line}" for line in more), *continuation])

    def _marker(self, record: LogRecord) -> str:
        text = f"── {record.service} {record.event} {_marker_detail(record.fields)}".rstrip() + " ──"
        return f"{self._time(record)} {self._paint(BOLD, _safe(text))}"

    def _time(self, record: LogRecord) -> str:
        return self._paint(DIM, f"{to_ist(record.at):%d %b %H:%M:%S.%f}"[:-3])

    def _service(self, record: LogRecord) -> str:
        if not self._names:
            return ""
        style = _SERVICE_STYLES[zlib.crc32(record.service.encode()) % len(_SERVICE_STYLES)]
        return self._paint(style, f"{record.service:<{self._name_width}}") + " "

    def _level(self, level: LogLevel | None) -> str:
        if level is None:
            return "     "
        return self._paint(_LEVEL_STYLES[level], f"{_LEVEL_WORDS[level]:<5}")

    def _paint(self, style: str, text: str) -> str:
        return f"{style}{text}{RESET}" if self._colour else text


def _marker_detail(fields: dict[str, Any]) -> str:
    details = [f"{key.replace('_', ' ')} {_value(value)}" for key, value in fields.items() if value is not None]
    return f"({', '.join(details)})" if details else ""


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = _safe(text.replace("\n", "\\n"))
    return f'"{text}"' if not text or " " in text else text


def _safe(text: str) -> str:
    """Return the text without control characters: a log must not be able to steer a terminal."""
    return "".join(char if char.isprintable() or char == "\t" else f"\\x{ord(char):02x}" for char in text)
