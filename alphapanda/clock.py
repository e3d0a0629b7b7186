"""The only place that reads time. Everything else takes a `Clock`.

Times inside are aware UTC; people see IST.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

IST = timezone(timedelta(hours=5, minutes=30), "IST")


class Clock(Protocol):
    """Where the time of day and elapsed time come from."""

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back, for measuring durations."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the one place

    def monotonic(self) -> float:
        """Return the machine's monotonic clock in seconds."""
        return time.monotonic()  # noqa: TID251 - this is the one place


@dataclass(slots=True)
class ManualClock:
    """A clock that moves when it is told to, for tests and for replays."""

    at: datetime
    elapsed: float = field(default=0.0)

    def now(self) -> datetime:
        """Return the time it was last set to."""
        return self.at

    def monotonic(self) -> float:
        """Return the seconds it was advanced by so far."""
        return self.elapsed

    def advance(self, seconds: float) -> None:
        """Move both times forward."""
        self.at += timedelta(seconds=seconds)
        self.elapsed += seconds


def to_ist(moment: datetime) -> datetime:
    """Return `moment` in Indian Standard Time, for people's eyes."""
    return moment.astimezone(IST)
