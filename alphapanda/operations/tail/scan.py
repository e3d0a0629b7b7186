"""Reads ranges of topics, filters them, and gives the matching records in the order of time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import groupby

from alphapanda.clock import Clock
from alphapanda.errors import KafkaUnreachableError
from alphapanda.kafka.client import KafkaReadLog
from alphapanda.kafka.log import LogReader
from alphapanda.model.records import Partition, Record
from alphapanda.operations.tail.filters import RecordFilter
from alphapanda.query.offsets import At, OffsetRange

POLL_S = 0.5
PATIENCE_POLLS = 60
"""A record that a partition's end promises must come within 30 s."""


@dataclass(frozen=True, slots=True)
class OffsetSpan:
    """The offsets to read of one partition: from `start` up to `stop`, which is not read."""

    start: int
    stop: int


@dataclass(slots=True)
class ReadCounter:
    """The records read so far.

    Attributes:
        scanned: records read.
        matched: of them, those that passed the filter.
        bytes: in the keys and values of the records read.
    """

    scanned: int = 0
    matched: int = 0
    bytes: int = 0

    def count(self, records: Sequence[Record], passed: Sequence[Record]) -> None:
        """Count one batch."""
        self.scanned += len(records)
        self.matched += len(passed)
        self.bytes += sum(len(record.value or b"") + len(record.key or b"") for record in records)


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """The records that a tail reads.

    Attributes:
        spans: the offsets of each partition.
        follow: then read new records as they come.
        until_ms: leave out records from this time on, Unix milliseconds, and stop following then.
    """

    spans: Mapping[Partition, OffsetSpan]
    follow: bool = False
    until_ms: int | None = None


async def resolve(
    log: KafkaReadLog, partitions: Collection[Partition], wanted: OffsetRange, *, follow: bool, now_ms: int
) -> ReadPlan:
    """Return what a range names in each partition at this moment.

    Args:
        log: asked for offsets.
        partitions: to be read.
        wanted: the range.
        follow: read new records too, until the range's end if that is in the future.
        now_ms: the present, Unix milliseconds.
    """
    beginnings = await log.beginnings(partitions)
    ends = await log.ends(partitions)
    at = {ms: await log.since(partitions, ms) for ms in dict.fromkeys(wanted.times)}
    spans: dict[Partition, OffsetSpan] = {}
    for partition in sorted(partitions):
        oldest, newest = beginnings[partition], ends[partition]
        found = {ms: offsets[partition] for ms, offsets in at.items()}
        start, stop = wanted.resolve(oldest, newest, found)
        spans[partition] = OffsetSpan(start, newest if stop is None else stop)
    stop_bound = wanted.stop
    until_ms = stop_bound.ms if isinstance(stop_bound, At) else None
    open_end = stop_bound is None or (until_ms is not None and until_ms > now_ms)
    return ReadPlan(spans, follow=follow and open_end, until_ms=until_ms)


class Tail:
    """One reading of topics.

    Args:
        reading: what to read.
        picks: the filter.
        clock: for the end of following.

    Attributes:
        counter: the records read so far.
    """

    def __init__(self, reading: ReadPlan, picks: RecordFilter, clock: Clock) -> None:
        self._reading = reading
        self._picks = picks
        self._clock = clock
        self.counter = ReadCounter()

    async def batches(self, reader: LogReader) -> AsyncGenerator[Sequence[Record]]:
        """Give the matching records: present ones in the order of time, then, if followed, new ones.

        A batch may be empty: it says that something was read. Memory stays the same however much is read.
        """
        reader.seek({partition: span.start for partition, span in self._reading.spans.items()})
        async with aclosing(self._catch_up(reader)) as there:
            async for batch in there:
                yield batch
        if self._reading.follow:
            async with aclosing(self._follow(reader)) as coming:
                async for batch in coming:
                    yield batch

    async def _catch_up(self, reader: LogReader) -> AsyncGenerator[Sequence[Record]]:
        spans = self._reading.spans
        merge = TimeMerge(spans)
        for partition, span in spans.items():
            if span.start >= span.stop:
                merge.finish(partition)
        idle = 0
        while not merge.is_finished:
            hungry = merge.hungry()
            records = await reader.poll(POLL_S, only=hungry)
            for partition, group in groupby(records, key=lambda record: record.partition):
                self._take(merge, partition, list(group))
            if not records:
                for partition in hungry:
                    if await reader.position(partition) >= spans[partition].stop:
                        merge.finish(partition)
            idle = 0 if records else idle + 1
            if idle > PATIENCE_POLLS:
                end = spans[hungry[0]].stop
                raise KafkaUnreachableError(
                    f"Timed out reading {hungry[0]}: expected records up to offset {end}.",
                    hint="Run: alphapanda doctor",
                )
            yield merge.ready()

    def _take(self, merge: TimeMerge, partition: Partition, records: list[Record]) -> None:
        stop = self._reading.spans[partition].stop
        reached = records[-1]
        if reached.offset >= stop - 1:
            merge.finish(partition)
            if not self._reading.follow:
                records = [record for record in records if record.offset < stop]
        merge.add(partition, self._passed(records), reached.timestamp_ms)

    async def _follow(self, reader: LogReader) -> AsyncGenerator[Sequence[Record]]:
        while (left_s := self._seconds_left()) > 0:
            records = await reader.poll(min(POLL_S, left_s))
            yield sorted(self._passed(records), key=lambda record: record.timestamp_ms)

    def _seconds_left(self) -> float:
        until_ms = self._reading.until_ms
        return POLL_S if until_ms is None else until_ms / 1000 - self._clock.now().timestamp()

    def _passed(self, records: Sequence[Record]) -> Sequence[Record]:
        until_ms = self._reading.until_ms
        if until_ms is not None and self._reading.follow:
            records = [record for record in records if record.timestamp_ms < until_ms]
        passed = self._picks.pick(records)
        self.counter.count(records, passed)
        return passed


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
