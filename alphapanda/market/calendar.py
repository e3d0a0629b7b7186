"""When the exchange trades: the sessions of NSE's cash and derivatives segments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

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

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class TradingSession:
    """One trading day.

    Attributes:
        day: the date in IST.
    """

    day: date

    def at(self, moment: time) -> datetime:
        """Return that IST time of this day, aware, in UTC."""
        return datetime.combine(self.day, moment, IST).astimezone(UTC)

    @property
    def opens(self) -> datetime:
        """Start of continuous trading, aware, in UTC."""
        return self.at(OPEN_FROM)

    @property
    def closes(self) -> datetime:
        """End of continuous trading, aware, in UTC."""
        return self.at(CLOSED_FROM)


@dataclass(frozen=True, slots=True)
class TradingCalendar:
    """Which days are sessions: Monday to Friday, less the holidays.

    Attributes:
        holidays: dates in IST without a session.
    """

    holidays: frozenset[date] = frozenset()

    def is_session(self, day: date) -> bool:
        """Return whether the exchange trades on that date."""
        return day.weekday() < _SATURDAY and day not in self.holidays

    def first_from(self, day: date) -> TradingSession:
        """Return the first session on `day` or after it."""
        while not self.is_session(day):
            day += timedelta(days=1)
        return TradingSession(day)

    def after(self, session: TradingSession) -> TradingSession:
        """Return the session that follows."""
        return self.first_from(session.day + timedelta(days=1))

    def phase(self, moment: datetime) -> SessionPhase:
        """Return what the exchange is doing at an aware moment."""
        local = moment.astimezone(IST)
        if not self.is_session(local.date()):
            return SessionPhase.CLOSED
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
