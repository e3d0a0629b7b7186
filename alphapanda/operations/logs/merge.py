"""Merging the lines of several services in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from alphapanda.telemetry.record import LogRecord

REORDER_WINDOW = timedelta(milliseconds=250)


def merge(services: Iterable[Iterable[LogRecord]]) -> Iterator[LogRecord]:
    """Yield the records of all services in the order of time.

    Each service's own lines stay in the order in which it wrote them: where its clock was set back, its
    lines are taken for as late as the latest before them. Equal times come in the order of `services`.
    """
    keyed = [_never_back(records) for records in services]
    for _, record in heapq.merge(*keyed, key=lambda pair: pair[0]):
        yield record


def _never_back(records: Iterable[LogRecord]) -> Iterator[tuple[datetime, LogRecord]]:
    latest: datetime | None = None
    for record in records:
        latest = record.at if latest is None else max(latest, record.at)
        yield latest, record


class ReorderWindow:
    """Holds live lines back for a moment, so that those of slower writers can go before them."""

    def __init__(self, window: timedelta = REORDER_WINDOW) -> None:
        """Remember how long."""
        self._window = window
        self._heap: list[tuple[datetime, int, datetime, LogRecord]] = []
        self._latest: dict[str, datetime] = {}
        self._count = 0

    def push(self, record: LogRecord, now: datetime) -> None:
        """Take a line that was read just now."""
        key = max(record.at, self._latest.get(record.service, record.at))
        self._latest[record.service] = key
        self._count += 1
        heapq.heappush(self._heap, (key, self._count, now, record))

    def pop(self, now: datetime) -> list[LogRecord]:
        """Return, in the order of time, the lines that nothing can go before any more."""
        ripe = []
        while self._heap and self._is_ripe(self._heap[0], now):
            ripe.append(heapq.heappop(self._heap)[3])
        return ripe

    def drain(self) -> list[LogRecord]:
        """Return all that is held, in the order of time."""
        return [heapq.heappop(self._heap)[3] for _ in range(len(self._heap))]

    def _is_ripe(self, entry: tuple[datetime, int, datetime, LogRecord], now: datetime) -> bool:
        at, _, arrived, _ = entry
        # A line from a clock that runs ahead would wait for its time to come: it waits twice the window at most.
        return at <= now - self._window or arrived <= now - 2 * self._window
