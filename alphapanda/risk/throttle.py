"""How many orders any second of event time holds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RateWindow:
    """Event times of the orders passed last, sorted: signals of different instruments come out of order.

    Args:
        capacity: how many times are kept; the oldest are forgotten first.
    """

    def __init__(self, capacity: int = 4_096) -> None:
        self._times: list[int] = []
        self._capacity = capacity

    def busiest(self, ts: datetime) -> int:
        """Return how many orders the fullest second around `ts` would hold with one more at `ts`."""
        at = _us(ts)
        first, last = bisect_right(self._times, at - SECOND_US), bisect_left(self._times, at + SECOND_US)
        near = self._times[first:last]
        insort(near, at)
        return max(bisect_left(near, start + SECOND_US) - i for i, start in enumerate(near) if start <= at)

    def add(self, ts: datetime) -> None:
        """Count one order."""
        insort(self._times, _us(ts))
        if len(self._times) > self._capacity:
            del self._times[0]

    def dump(self) -> list[int]:
        """Return the times, microseconds since 1970, ascending."""
        return list(self._times)

    def load(self, times: Iterable[int]) -> None:
        """Take these times."""
        self._times = list(times)


def _us(ts: datetime) -> int:
    return (ts - _EPOCH) // _MICROSECOND
