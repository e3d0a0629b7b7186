"""When the exchange trades: the sessions of NSE's cash and derivatives segments.

Holidays and special sessions are dated data: `holidays.toml` beside this file, and a deployment's `calendar.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from alphapanda.clock import IST


class SessionPhase(StrEnum):
    """What the exchange is doing at one moment."""

    PRE_OPEN = "pre-open"
    """Orders are collected for the opening auction."""
    CONTINUOUS = "continuous"
    CLOSING = "closing"
    """Trades at the closing price."""
    CLOSED = "closed"


PRE_OPEN_FROM: Final = time(9, 0)
OPENING_AUCTION: Final = time(9, 8)
"""When the opening auction is matched, at the latest (NSE, pre-open session)."""
OPEN_FROM: Final = time(9, 15)
CLOSED_FROM: Final = time(15, 30)
CLOSING_FROM: Final = time(15, 40)
CLOSING_UNTIL: Final = time(16, 0)

SESSION_SECONDS: Final = 22_500
"""Length of continuous trading: 09:15 to 15:30."""

IST_OFFSET: Final = timedelta(hours=5, minutes=30)
"""India has no summer time, so a fixed offset is exact, and cheap enough for every tick."""
DAY: Final = timedelta(days=1)
MARKET_OPEN: Final = timedelta(hours=9, minutes=15)
"""From midnight to the begin of NSE's continuous session."""

_SATURDAY = 5


class IstDay(msgspec.Struct, frozen=True, gc=False):
    """One calendar day of India, trading day or not, as a half-open interval of UTC.

    Attributes:
        start: midnight IST, aware UTC.
        end: the next midnight IST.
    """

    start: datetime
    end: datetime

    @property
    def market_open(self) -> datetime:
        """09:15 IST."""
        return self.start + MARKET_OPEN

    def at(self, time_of_day: time) -> datetime:
        """Return that time of day (IST, naive) on this day, aware UTC."""
        return self.start + timedelta(
            hours=time_of_day.hour, minutes=time_of_day.minute, seconds=time_of_day.second
        )


def ist_day(moment: datetime) -> IstDay:
    """Return the Indian calendar day that `moment` (aware) falls on."""
    local = moment.astimezone(UTC) + IST_OFFSET
    start = local.replace(hour=0, minute=0, second=0, microsecond=0) - IST_OFFSET
    return IstDay(start, start + DAY)


@dataclass(frozen=True, slots=True)
class TradingSession:
    """One trading day.

    Attributes:
        day: the date in IST.
        opens_at: when continuous trading starts, IST.
        closes_at: when it ends, IST.
    """

    day: date
    opens_at: time = OPEN_FROM
    closes_at: time = CLOSED_FROM

    def at(self, moment: time) -> datetime:
        """Return that IST time of this day, aware, in UTC."""
        return datetime.combine(self.day, moment, IST).astimezone(UTC)

    @property
    def opens(self) -> datetime:
        """Start of continuous trading, aware, in UTC."""
        return self.at(self.opens_at)

    @property
    def closes(self) -> datetime:
        """End of continuous trading, aware, in UTC."""
        return self.at(self.closes_at)


class SpecialSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A session on a holiday or a weekend, or with hours of its own.

    Attributes:
        name: why there is one.
        opens: start of continuous trading, IST.
        closes: its end, IST.
    """

    name: str = ""
    opens: time = OPEN_FROM
    closes: time = CLOSED_FROM

    def __post_init__(self) -> None:
        """Refuse hours that are none."""
        if self.closes <= self.opens:
            raise ValueError(f"closes {self.closes} is not after opens {self.opens}")


class CalendarDays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of trading days.

    Attributes:
        first: the first day that the file covers.
        last: the last one.
        holidays: days without a session, each with its name.
        sessions: days with a session though they are holidays or on a weekend; they win over holidays.
    """

    first: date | None = None
    last: date | None = None
    holidays: Mapping[date, str] = msgspec.field(default_factory=dict[date, str])
    sessions: Mapping[date, SpecialSession] = msgspec.field(default_factory=dict[date, SpecialSession])

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> CalendarDays:
        """Return the days that a TOML document names; raises msgspec.ValidationError."""
        return msgspec.convert(document, cls, str_keys=True)


@dataclass(frozen=True, slots=True)
class TradingCalendar:
    """Which days are sessions: Monday to Friday, less the holidays, and special sessions.

    Attributes:
        holidays: dates in IST without a session.
        special: sessions on other days than Monday to Friday, on holidays, or with hours of their own.
        first: the first day whose holidays are known; None where every day counts as known.
        last: the last one.
    """

    holidays: frozenset[date] = frozenset()
    special: Mapping[date, TradingSession] = field(default_factory=dict)
    first: date | None = None
    last: date | None = None

    def with_days(self, days: CalendarDays) -> TradingCalendar:
        """Return this calendar with those days over its own: a day of `days` wins."""
        special = {day: session for day, session in self.special.items() if day not in days.holidays}
        special |= {day: TradingSession(day, one.opens, one.closes) for day, one in days.sessions.items()}
        return replace(
            self,
            holidays=(self.holidays | days.holidays.keys()) - days.sessions.keys(),
            special=special,
            first=min(filter(None, (self.first, days.first)), default=None),
            last=max(filter(None, (self.last, days.last)), default=None),
        )

    def covers(self, day: date) -> bool:
        """Return whether the holidays of that date are known; if not, Monday to Friday count as sessions."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def is_session(self, day: date) -> bool:
        """Return whether the exchange trades on that date."""
        return day in self.special or (day.weekday() < _SATURDAY and day not in self.holidays)

    def first_from(self, day: date) -> TradingSession:
        """Return the first session on `day` or after it."""
        while not self.is_session(day):
            day += timedelta(days=1)
        return self.special.get(day, TradingSession(day))

    def after(self, session: TradingSession) -> TradingSession:
        """Return the session that follows."""
        return self.first_from(session.day + timedelta(days=1))

    def phase(self, moment: datetime) -> SessionPhase:
        """Return what the exchange is doing at an aware moment."""
        local = moment.astimezone(IST)
        if not self.is_session(local.date()):
            return SessionPhase.CLOSED
        session = self.special.get(local.date(), TradingSession(local.date()))
        if session.opens_at != OPEN_FROM or session.closes_at != CLOSED_FROM:
            if moment < session.opens - _PRE_OPEN or moment >= session.closes:
                return SessionPhase.CLOSED
            return SessionPhase.CONTINUOUS if moment >= session.opens else SessionPhase.PRE_OPEN
        for phase, start, end in _PHASES:
            if start <= local.time() < end:
                return phase
        return SessionPhase.CLOSED

    def trades_at(self, moment: datetime) -> bool:
        """Return whether the exchange trades at `moment`: pre-open to close."""
        return self.phase(moment) is not SessionPhase.CLOSED


_PHASES = (
    (SessionPhase.PRE_OPEN, PRE_OPEN_FROM, OPEN_FROM),
    (SessionPhase.CONTINUOUS, OPEN_FROM, CLOSED_FROM),
    (SessionPhase.CLOSING, CLOSING_FROM, CLOSING_UNTIL),
)
_PRE_OPEN = timedelta(minutes=15)
"""How long before a special session orders are collected."""


@cache
def exchange_calendar() -> TradingCalendar:
    """Return the exchanges' calendar of this release: `holidays.toml`."""
    text = files("alphapanda.market").joinpath("holidays.toml").read_text(encoding="utf-8")
    return TradingCalendar().with_days(CalendarDays.parse(tomllib.loads(text)))
