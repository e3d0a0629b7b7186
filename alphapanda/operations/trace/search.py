"""Finds records by bytes that occur in them: whole batches are searched, only hits are read.

A log has no index by id. What makes this fast: batches are searched as bytes, topics side by side, and from the
newest records back in ever larger steps, since people ask about what happened just now.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from alphapanda.kafka.batch_reader import BatchReader
from alphapanda.kafka.batches import batches_with, records_of
from alphapanda.kafka.client import KafkaReadLog
from alphapanda.kafka.reading import POLL_S, UnreadRanges
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Offsets, Partition, Record

SEARCH_BYTES = 2 << 20
"""Of one partition at once."""
FIRST_STEP = 4_096
STEP_GROWTH = 8
"""A search backwards looks at so many records of each partition, then at so many times more."""

_ONE_BATCH = 1

IsEnough = Callable[[Sequence[Record]], bool]
Span = tuple[int, int]
"""From an offset up to one that is not read."""


@dataclass(slots=True)
class LogSearch:
    """Searches partitions of one log, up to their ends when `look` is called.

    Attributes:
        log: for offsets.
        reader: for batches.
        read: how many records of each topic were looked through: what it cost.
    """

    log: KafkaReadLog
    reader: BatchReader
    read: Counter[str] = field(default_factory=Counter)
    _seen: dict[LogPosition, Record | None] = field(default_factory=dict)
    _partitions: dict[str, list[Partition]] = field(default_factory=dict)
    _beginnings: Offsets = field(default_factory=dict)
    _ends: Offsets = field(default_factory=dict)

    async def look(self, topics: Collection[str]) -> None:
        """See which records there are of `topics`: one question for all, however often they are searched then."""
        partitions = await self.log.partitions(sorted(topics))
        self._beginnings, self._ends = await asyncio.gather(
            self.log.beginnings(partitions), self.log.ends(partitions)
        )
        self._partitions = {topic: [] for topic in topics}
        for partition in partitions:
            self._partitions[partition.topic].append(partition)
        self._seen.clear()

    def beginning(self, partition: Partition) -> int | None:
        """Return the first offset that is still there, None for a partition that is not."""
        return self._beginnings.get(partition)

    async def at(self, position: LogPosition) -> Record | None:
        """Return the record at a place, None if it is not there any more (or yet)."""
        if position not in self._seen:
            self._seen[position] = await self._read_at(position)
        return self._seen[position]

    async def _read_at(self, position: LogPosition) -> Record | None:
        partition = Partition(position.topic, position.partition)
        if not self._beginnings.get(partition, 0) <= position.offset < self._ends.get(partition, 0):
            return None
        records = await self.some_at(partition, position.offset)
        return records[0] if records and records[0].offset == position.offset else None

    async def some_at(self, partition: Partition, offset: int) -> Sequence[Record]:
        """Return the records of one batch from `offset` on; empty when none comes."""
        self.reader.seek({partition: offset}, fetch_bytes=_ONE_BATCH)
        records = await self.reader.poll(POLL_S)
        self.read[partition.topic] += len(records)
        return records

    async def forward(
        self, needle: str, spans: Mapping[Partition, Span], is_enough: IsEnough | None = None
    ) -> list[Record]:
        """Return the records in `spans` in which `needle` occurs, in order within each partition.

        All of them, or, with `is_enough`, those found until it says so.
        """
        found: list[Record] = []
        wanted = needle.encode()
        starts = {partition: span[0] for partition, span in spans.items()}
        unread = UnreadRanges(self.reader, starts, {partition: span[1] for partition, span in spans.items()})
        self.reader.seek(
            {partition: starts[partition] for partition in unread.partitions}, fetch_bytes=SEARCH_BYTES
        )
        while left := unread.partitions:
            fetched = await self.reader.fetch(POLL_S, left)
            if fetched is not None:
                stop = unread.end(fetched.partition)
                self.read[fetched.partition.topic] += min(fetched.stop, stop) - fetched.start
                found += _hits(fetched.partition, fetched.data, wanted, fetched.start, stop)
                if is_enough is not None and is_enough(found):
                    break
            await unread.advance(came=fetched is not None)
        return found

    async def backward(
        self, needle: str, spans: Mapping[Partition, Span], is_enough: IsEnough = bool
    ) -> list[Record]:
        """Return records in which `needle` occurs, searching from the ends of `spans` back until it is enough."""
        found: list[Record] = []
        left, step = dict(spans), FIRST_STEP
        while left:
            chunk = {partition: (max(start, stop - step), stop) for partition, (start, stop) in left.items()}
            found += await self.forward(needle, chunk, is_enough)
            if is_enough(found):
                break
            left = {
                partition: (start, chunk[partition][0])
                for partition, (start, _) in left.items()
                if chunk[partition][0] > start
            }
            step *= STEP_GROWTH
        return found

    async def spans(
        self, topics: Collection[str], *, since_ms: int | None = None, until_ms: int | None = None
    ) -> dict[Partition, Span]:
        """Return where the records of `topics` between two times stand."""
        partitions = [partition for topic in sorted(topics) for partition in self._partitions[topic]]
        first, last = await asyncio.gather(self._since(partitions, since_ms), self._since(partitions, until_ms))
        return {
            one: (
                self._beginnings[one] if first is None else _or(first[one], self._ends[one]),
                self._ends[one] if last is None else min(_or(last[one], self._ends[one]), self._ends[one]),
            )
            for one in partitions
        }

    async def _since(
        self, partitions: Collection[Partition], timestamp_ms: int | None
    ) -> Mapping[Partition, int | None] | None:
        return None if timestamp_ms is None else await self.log.since(partitions, timestamp_ms)


def mentions(record: Record, needle: bytes) -> bool:
    """Whether `needle` occurs in a record's key, value or headers."""
    return (
        needle in (record.value or b"")
        or needle in (record.key or b"")
        or any(needle in (value or b"") for _, value in record.headers)
    )


def _hits(partition: Partition, data: bytes, needle: bytes, start: int, stop: int) -> list[Record]:
    return [
        record
        for batch in batches_with(data, needle)
        for record in records_of(partition, batch, start)
        if record.offset < stop and mentions(record, needle)
    ]


def _or(offset: int | None, end: int) -> int:
    return end if offset is None else offset
