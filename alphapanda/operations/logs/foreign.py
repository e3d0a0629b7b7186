"""Log lines of Kafka (slf4j-simple, log4j) and Valkey."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime

from alphapanda.errors import UnknownNameError
from alphapanda.telemetry.log import LogLevel
from alphapanda.telemetry.record import LogRecord

ParseLine = Callable[[bytes, str], LogRecord | None]
"""Returns the record in a line of a service, or None if the line has no time of its own."""

_KAFKA = re.compile(
    r"\[?(?P<ts>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3}(?:Z|[+-]\d\d:?\d\d)?)\]?"
    r"(?: \[(?P<thread>[^\]]*)\])? (?P<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL) (?P<text>.*)"
)
_VALKEY = re.compile(
    r"\d+:[A-Z] (?P<ts>\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3}) (?P<sign>[.*#-]) (?P<text>.*)"
)
_JAVA = re.compile(r"\[[\d.]+s\]\[(?P<level>[a-z]+) *\]")
"""The Java machine's own lines tell the seconds since its start, and a level."""
_MONTHS = {calendar.month_abbr[n]: n for n in range(1, 13)}
_VALKEY_LEVELS = {".": LogLevel.DEBUG, "-": LogLevel.DEBUG, "*": LogLevel.INFO, "#": LogLevel.WARNING}


def parse_foreign(raw: bytes, service: str) -> LogRecord | None:
    """Return the record in a line of Kafka's or Valkey's log."""
    text = raw.decode(errors="replace").rstrip("\r")
    return _kafka(text, raw, service) or _valkey(text, raw, service)


def _kafka(text: str, raw: bytes, service: str) -> LogRecord | None:
    match = _KAFKA.match(text)
    if match is None:
        return None
    try:
        at = datetime.fromisoformat(match["ts"].replace(",", "."))
        level = LogLevel.parse(match["level"])
    except (ValueError, UnknownNameError):
        return None
    return _record(at, level, match["text"], raw, service)


def _valkey(text: str, raw: bytes, service: str) -> LogRecord | None:
    match = _VALKEY.match(text)
    if match is None:
        return None
    day, month, year, clock = match["ts"].split()
    try:
        at = datetime.fromisoformat(f"{year}-{_MONTHS[month]:02d}-{int(day):02d}T{clock}")
    except (KeyError, ValueError):
        return None
    return _record(at, _VALKEY_LEVELS[match["sign"]], match["text"], raw, service)


def _record(at: datetime, level: LogLevel, text: str, raw: bytes, service: str) -> LogRecord:
    # Without an offset the server wrote the machine's local time, which is what astimezone takes it for.
    return LogRecord(
        at=at.astimezone(UTC), service=service, level=level, channel="", event=text, fields={}, raw=raw
    )


def undated(raw: bytes, service: str, before: LogRecord | None, at: datetime) -> LogRecord:
    """Return a record for a line without a time: a continuation with the time and level of the line before."""
    text = raw.decode(errors="replace").rstrip("\r")
    return LogRecord(
        at=before.at if before else at,
        service=service,
        level=_own_level(text) or (before.level if before else None),
        channel=before.channel if before else "",
        event=text,
        fields={},
        raw=raw,
    )


def _own_level(text: str) -> LogLevel | None:
    match = _JAVA.match(text)
    if match is None:
        return None
    try:
        return LogLevel.parse(match["level"])
    except UnknownNameError:
        return None
