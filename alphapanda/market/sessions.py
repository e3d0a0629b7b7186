"""The trading day in India by arithmetic on UTC, cheap enough for every tick.

IST has no summer time, so a fixed offset is exact. Which days are trading days is the calendar's business.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import msgspec

IST_OFFSET = timedelta(hours=5, minutes=30)
DAY = timedelta(days=1)
MARKET_OPEN = timedelta(hours=9, minutes=15)
"""The NSE's continuous session begins at 09:15 IST."""


class IstDay(msgspec.Struct, frozen=True, gc=False):
    """One calendar day of India, as a half-open interval of UTC.

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
