"""Many partitions in one order of time, each in its own order, with little in memory."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from alphapanda.model.records import Partition, Record

HELD = 4_000
"""How many records wait for slower partitions at most, about, over all partitions."""


@dataclass(slots=True)
class _PartitionCursor:
    """One partition: what waits, and how far in time it was read.

    A record counts as no earlier than those before it in its partition: their order there is the truth.
    """

    waiting: deque[tuple[int, Record]] = field(default_factory=deque)
    reached: float = -math.inf
    finished: bool = False


class TimeMerge:
    """Takes records partition by partition and gives them back in the order of time.

    Args:
        partitions: all that will be read.
    """

    def __init__(self, partitions: Collection[Partition]) -> None:
        self._lanes = {partition: _PartitionCursor() for partition in partitions}
        self._share = max(100, HELD // max(1, len(self._lanes)))

    @property
    def is_finished(self) -> bool:
        """Whether every partition was read to its end."""
        return all(lane.finished for lane in self._lanes.values())

    def add(self, partition: Partition, passed: Iterable[Record], reached_ms: int) -> None:
        """Take what passed the filter of a partition that was read up to `reached_ms`."""
        lane = self._lanes[partition]
        floor = int(lane.reached) if lane.reached > -math.inf else 0
        for record in passed:
            floor = max(floor, record.timestamp_ms)
            lane.waiting.append((floor, record))
        lane.reached = max(lane.reached, floor, reached_ms)

    def finish(self, partition: Partition) -> None:
        """Say that nothing more comes from a partition."""
        self._lanes[partition].finished = True

    def unfinished(self) -> list[Partition]:
        """Return the partitions that were not read to their end."""
        return [partition for partition, lane in self._lanes.items() if not lane.finished]

    def hungry(self) -> list[Partition]:
        """Return the partitions to read now: those that others wait for, and those that have little waiting."""
        low = self._low()
        return [
            partition
            for partition, lane in self._lanes.items()
            if not lane.finished and (lane.reached <= low or len(lane.waiting) < self._share)
        ]

    def ready(self) -> Sequence[Record]:
        """Take out, in order, what no record can come before any more."""
        low = self._low()
        found: list[tuple[int, Record]] = []
        for lane in self._lanes.values():
            waiting = lane.waiting
            while waiting and waiting[0][0] <= low:
                found.append(waiting.popleft())
        found.sort(key=lambda pair: pair[0])
        return [record for _, record in found]

    def _low(self) -> float:
        """Return the time up to which every unfinished partition was read."""
        return min((lane.reached for lane in self._lanes.values() if not lane.finished), default=math.inf)
