"""Reading up to an offset, the newest records, and what comes next: without a group, nothing is committed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing

from alphapanda.errors import KafkaUnreachableError
from alphapanda.kafka.log import LogReader, ReadableLog
from alphapanda.model.records import Offsets, Partition, Record

POLL_S = 0.25
PATIENCE_S = 15.0
"""How long the records that the log's own end offset promises may take to come."""
FOLLOW_POLL_S = 0.5


class UnreadRanges:
    """The partitions that are not read to their goal yet, and the patience with a log that gives nothing.

    Args:
        reader: reads them; it is sent to the starts.
        starts: the first offset of each partition; 0 where none is named.
        ends: the offset to read up to.
        patience_s: how long nothing may come, in polls of `POLL_S`.
    """

    def __init__(
        self,
        reader: LogReader,
        starts: Mapping[Partition, int],
        ends: Mapping[Partition, int],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._reader = reader
        self._ends = {partition: end for partition, end in ends.items() if starts.get(partition, 0) < end}
        self._patience_polls = patience_s / POLL_S
        self._idle_polls = 0

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The partitions that are still to be read."""
        return tuple(self._ends)

    def end(self, partition: Partition) -> int:
        """Return the offset to read up to; 0 for a partition that is done."""
        return self._ends.get(partition, 0)

    async def advance(self, *, came: bool) -> None:
        """Drop the partitions that are done, after a poll.

        Args:
            came: whether the poll gave anything.

        Raises:
            KafkaUnreachableError: nothing has come for too long.
        """
        for partition, end in tuple(self._ends.items()):
            if await self._reader.position(partition) >= end:
                del self._ends[partition]
        self._idle_polls = 0 if came else self._idle_polls + 1
        if self._ends and self._idle_polls > self._patience_polls:
            partition, end = next(iter(self._ends.items()))
            raise KafkaUnreachableError(
                f"Timed out reading {partition}: expected records up to offset {end}.",
                hint="Run: alphapanda doctor",
            )


async def records_between(
    reader: LogReader,
    starts: Mapping[Partition, int],
    ends: Mapping[Partition, int],
    *,
    patience_s: float = PATIENCE_S,
) -> AsyncGenerator[list[Record], None]:
    """Give the records from `starts` up to `ends` as they come, in order within each partition.

    Raises:
        KafkaUnreachableError: records that the log promises do not come.
    """
    unread = UnreadRanges(reader, starts, ends, patience_s=patience_s)
    if not unread.partitions:
        return
    reader.seek({partition: starts.get(partition, 0) for partition in unread.partitions})
    while wanted := unread.partitions:
        records = await reader.poll(POLL_S, only=wanted)
        yield [record for record in records if record.offset < unread.end(record.partition)]
        await unread.advance(came=bool(records))


async def stream(
    log: ReadableLog, starts: Mapping[Partition, int], ends: Mapping[Partition, int]
) -> AsyncGenerator[list[Record], None]:
    """Give the records from `starts` up to `ends` with a reader of its own; see `records_between`."""
    if all(starts.get(partition, 0) >= end for partition, end in ends.items()):
        return
    reader = await log.reader()
    async with aclosing(reader), aclosing(records_between(reader, starts, ends)) as batches:
        async for records in batches:
            yield records


async def read_all(
    log: ReadableLog, starts: Mapping[Partition, int], ends: Mapping[Partition, int]
) -> list[Record]:
    """Return every record from `starts` up to `ends`, in order within each partition; see `records_between`."""
    found: list[Record] = []
    async with aclosing(stream(log, starts, ends)) as batches:
        async for records in batches:
            found += records
    return found


async def newest(log: ReadableLog, topics: Collection[str], count: int) -> tuple[list[Record], Offsets]:
    """Return up to `count` of the newest records of each topic by time, and the offsets that follow them."""
    partitions = await log.partitions(topics)
    ends = await log.ends(partitions)
    beginnings = await log.beginnings(partitions)
    starts = {p: max(beginnings[p], end - count) for p, end in ends.items()}
    records = await read_all(log, starts, ends)
    return sorted(records, key=lambda record: (record.timestamp_ms, record.offset)), ends


async def follow(log: ReadableLog, starts: Offsets) -> AsyncGenerator[list[Record], None]:
    """Give the records from `starts` on, for ever; an empty list when none came for a while."""
    reader = await log.reader()
    async with aclosing(reader):
        reader.seek(starts)
        while True:
            records = await reader.poll(FOLLOW_POLL_S)
            yield sorted(records, key=lambda record: (record.timestamp_ms, record.offset))
