"""Points in time as operators type them: `09:15`, `-10m`, `2026-03-02T09:15`, `1772424900000`.

What has no zone is Indian Standard Time, as everything that people see.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from alphapanda.clock import IST, to_ist

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION_PART = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)")

DURATION = r"(?:\d{1,9}(?:\.\d{1,6})?(?:ms|s|m|h|d))+"
DATE = r"\d{4}-\d{2}-\d{2}"
CLOCK = r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?"
ZONE = r"(?:Z|[+-]\d{2}:\d{2})"
POINT = rf"(?:{DATE}(?:T{CLOCK}{ZONE}?)?|{CLOCK}|\d{{13}}|\d{{10}}|-{DURATION}|now)"
"""A point in time, as a part of a regular expression."""

TIME_HELP = "A time is 09:15, 09:15:30, 2026-03-02, 2026-03-02T09:15, -10m, now, or Unix seconds or milliseconds."


def parse_duration(text: str) -> timedelta | None:
    """Return `1h30m`, `250ms`, `1.5s` as a duration, None if it is none."""
    if not re.fullmatch(DURATION, text):
        return None
    try:
        return timedelta(
            seconds=sum(float(amount) * _UNITS[unit] for amount, unit in _DURATION_PART.findall(text))
        )
    except OverflowError:
        return None


def parse_time(text: str, now: datetime) -> datetime | None:
    """Return the point in time that `text` names, None if it names none.

    Args:
        text: `HH:MM[:SS[.f]]` today, a date, a date and time, `now`, a duration ago (`-10m`), Unix seconds
            (10 digits) or milliseconds (13 digits).
        now: the present, aware.
    """
    if not re.fullmatch(POINT, text):
        return None
    try:
        if text == "now":
            return now
        if text.startswith("-"):
            duration = parse_duration(text[1:])
            return now - duration if duration is not None else None
        if text.isdecimal():
            return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), IST)
        return _calendar_time(text, to_ist(now).date())
    except (ValueError, OverflowError):
        return None


def _calendar_time(text: str, today: date) -> datetime:
    if re.fullmatch(CLOCK, text):
        return datetime.combine(today, time.fromisoformat(text), IST)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=IST)


def milliseconds(moment: datetime) -> int:
    """Return `moment` as Kafka has it: milliseconds since 1970, rounded down."""
    return (moment - datetime.fromtimestamp(0, IST)) // timedelta(milliseconds=1)
