"""Whether a record has outlived its use: its validity ran out, or its session is over.

Two clocks count. The market's is the time of the newest tick: a simulated or recorded session has its own days.
The wall's is what a person lives by: a market that stands still over night makes nothing fresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from alphapanda.market.sessions import ist_day
from alphapanda.model.kinds import EventType, Validity
from alphapanda.operations.dead_letters.record import DeadLetter

VALID_FOR: Mapping[EventType, timedelta] = MappingProxyType(
    {
        EventType.MARKET_TICK: timedelta(0),
        EventType.SIGNAL_RAW: timedelta(minutes=5),
        EventType.SIGNAL_VALIDATED: timedelta(minutes=2),
        EventType.PNL_SNAPSHOT: timedelta(minutes=1),
        EventType.CONTROL_COMMAND: timedelta(minutes=5),
    }
)
"""How long an event is good for. What is not here is good for its session."""

IMMEDIATE_FOR = timedelta(seconds=30)
"""How long an IOC order's signal or submission is good for."""

LONGEST_SESSION = timedelta(hours=12)
"""By the wall's clock; pre-open to close is seven hours."""

TIMELESS = frozenset({EventType.AUDIT_RECORDED, EventType.ALERT_RAISED, EventType.DEAD_LETTER_MOVED})
"""Records of what happened, which nobody acts on."""

_STARTS_AN_ORDER = frozenset({EventType.SIGNAL_RAW, EventType.SIGNAL_VALIDATED, EventType.ORDER_SUBMITTED})


@dataclass(frozen=True, slots=True)
class Freshness:
    """The present, and how long things are good for.

    Attributes:
        now: wall clock, aware.
        market_now: event time of the newest tick; None before the first.
        valid_for: what an operator says instead of the table and of sessions.
    """

    now: datetime
    market_now: datetime | None = None
    valid_for: timedelta | None = None

    def why_stale(self, letter: DeadLetter, kind: EventType) -> str:
        """Return why a record of that kind is of no use any more; empty where it is."""
        if kind in TIMELESS:
            return ""
        if kind is EventType.MARKET_TICK:
            return "market data: the market has moved on"
        if self.valid_for is not None:
            return self._why_too_old(letter, kind)
        return self._why_other_session(letter) or self._why_too_old(letter, kind)

    def _why_other_session(self, letter: DeadLetter) -> str:
        happened, written = letter.event.ts, _written(letter)
        if happened is not None and self.market_now is not None:
            if ist_day(happened) != ist_day(self.market_now):
                return f"from another session: {_day(happened)}, the market is at {_day(self.market_now)}"
        elif ist_day(written) != ist_day(self.now):
            return f"from another session: {_day(written)}"
        return ""

    def _why_too_old(self, letter: DeadLetter, kind: EventType) -> str:
        wall = self.now - _written(letter)
        allowed = self._allowed(letter, kind)
        if allowed is None:
            return f"{_length(wall)} old: its session is over" if wall > LONGEST_SESSION else ""
        ages = [(wall, "")]
        if letter.event.ts is not None and self.market_now is not None:
            ages.append((self.market_now - letter.event.ts, " of market time"))
        age, clock = max(ages)
        return f"{_length(age)}{clock} old, good for {_length(allowed)}" if age > allowed else ""

    def _allowed(self, letter: DeadLetter, kind: EventType) -> timedelta | None:
        if self.valid_for is not None:
            return self.valid_for
        if kind in _STARTS_AN_ORDER and letter.event.validity == Validity.IOC:
            return IMMEDIATE_FOR
        return VALID_FOR.get(kind)


def _written(letter: DeadLetter) -> datetime:
    return datetime.fromtimestamp(letter.original_ms / 1000, UTC)


def _day(moment: datetime) -> str:
    return f"{ist_day(moment).start + timedelta(hours=12):%Y-%m-%d}"


def _length(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
