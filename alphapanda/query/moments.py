"""Points in time as people type them: `10m`, `2h30m`, `10:42`, `2025-11-17`, ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from alphapanda.clock import IST, to_ist
from alphapanda.errors import UsageError

HINT = "Say how long ago (10m, 2h30m, 3d), a time of today (10:42, 10:42:15), a date (2025-11-17), or ISO 8601."

_AGO = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?")


def parse_moment(text: str, now: datetime) -> datetime:
    """Return the point in time that `text` names, aware UTC; raises UsageError.

    What has no offset is Indian Standard Time. A time of day is today's, or yesterday's if today's is to come.
    """
    words = text.strip().lower()
    ago = _AGO.fullmatch(words)
    try:
        if words and ago:
            days, hours, minutes, seconds = (int(part or 0) for part in ago.groups())
            return now - timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if words in {"now", "today", "yesterday"}:
            return _named(words, now)
        if _TIME.fullmatch(words):
            return _time_of_day(words, now)
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is no point in time.", hint=HINT) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=IST)).astimezone(UTC)


def _named(word: str, now: datetime) -> datetime:
    if word == "now":
        return now
    midnight = datetime.combine(to_ist(now).date(), time(), IST)
    return (midnight - timedelta(days=word == "yesterday")).astimezone(UTC)


def _time_of_day(words: str, now: datetime) -> datetime:
    hour, _, rest = words.partition(":")
    of_day = time.fromisoformat(f"{hour:0>2}:{rest}")
    moment = datetime.combine(to_ist(now).date(), of_day, IST)
    return (moment if moment <= now else moment - timedelta(days=1)).astimezone(UTC)
