"""Times as operators type them, one grammar for every verb: `09:15`, `10m`, `2026-03-02T09:15`, `1772424900000`.

A time without a zone is Indian Standard Time, as every time that people see.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from alphapanda.clock import IST, to_ist
from alphapanda.errors import UsageError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION_PART = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)")

DURATION = r"(?:\d{1,9}(?:\.\d{1,6})?(?:ms|s|m|h|d))+"
_DATE = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?"
_ZONE = r"(?:[Zz]|[+-]\d{2}:\d{2})"
POINT = rf"(?:{_DATE}(?:[Tt ]{_CLOCK}{_ZONE}?)?|{_CLOCK}|\d{{13}}|\d{{10}}|-{DURATION}|now|today|yesterday)"
"""A point in time, as a part of a regular expression; a bare duration is not one here."""

TIME_HELP = (
    "A time is 10m, 2h30m or 3d ago (also -10m), 09:15, 09:15:30, today, yesterday, now, 2026-03-02, "
    "2026-03-02T09:15, or Unix seconds or milliseconds."
)
DURATION_HELP = "A duration is 250ms, 30s, 10m, 2h30m or 3d."


def parse_time(text: str, now: datetime, *, past: bool = False) -> datetime:
    """Return the point in time that `text` names, aware.

    Args:
        text: `H:MM[:SS[.f]]` today, `now`, `today` and `yesterday` at midnight, a date, a date and time (ISO
            8601), a duration ago (`10m` or `-10m`), Unix seconds (10 digits) or milliseconds (13 digits).
        now: the present, aware.
        past: take a time of day that is still to come for yesterday's.

    Raises:
        UsageError: it names none.
    """
    text = text.strip()
    if re.fullmatch(rf"{POINT}|{DURATION}", text) is None:
        raise _not_a_time(text)
    try:
        if text in {"now", "today", "yesterday"}:
            return _named(text, now)
        if re.fullmatch(rf"-?{DURATION}", text):
            return now - parse_duration(text.removeprefix("-"))
        if text.isdecimal():
            return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), IST)
        if re.fullmatch(_CLOCK, text):
            moment = datetime.combine(to_ist(now).date(), _time_of_day(text), IST)
            return moment - timedelta(days=1) if past and moment > now else moment
        return _date_and_time(text)
    except (ValueError, OverflowError):
        raise _not_a_time(text) from None


def parse_duration(text: str) -> timedelta:
    """Return `1h30m`, `250ms`, `1.5s` as a duration; raises UsageError."""
    if re.fullmatch(DURATION, text):
        try:
            return timedelta(
                seconds=sum(float(amount) * _UNITS[unit] for amount, unit in _DURATION_PART.findall(text))
            )
        except OverflowError:
            pass
    raise UsageError(f"{text!r} is not a duration.", hint=DURATION_HELP)


def milliseconds(moment: datetime) -> int:
    """Return `moment` as Kafka has it: milliseconds since 1970, rounded down."""
    return (moment - datetime.fromtimestamp(0, IST)) // timedelta(milliseconds=1)


def _named(word: str, now: datetime) -> datetime:
    if word == "now":
        return now
    midnight = datetime.combine(to_ist(now).date(), time(), IST)
    return midnight - timedelta(days=word == "yesterday")


def _time_of_day(text: str) -> time:
    hour, _, rest = text.partition(":")
    return time.fromisoformat(f"{hour:0>2}:{rest}")


def _date_and_time(text: str) -> datetime:
    day, of_day = date.fromisoformat(text[:10]), text[11:]
    if not of_day:
        return datetime.combine(day, time(), IST)
    moment = datetime.combine(day, _time_of_day(of_day.upper()))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=IST)


def _not_a_time(text: str) -> UsageError:
    return UsageError(f"{text!r} is not a time.", hint=TIME_HELP)
