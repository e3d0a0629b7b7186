"""The log in memory: the same contract as Kafka's, for tests, backtests and crash drills."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from alphapanda.clock import Clock
from alphapanda.errors import DependencyError
from alphapanda.kafka.partitioner import partition_of
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Offsets, Outgoing, Partition, Record
from alphapanda.model.stage import Snapshot


class MemoryLog:
    """Topics as lists of records.

    Args:
        topics: how many partitions each has.
        clock: stamps the records.
        name: its identity.
    """

    def __init__(self, topics: Mapping[str, int], clock: Clock, *, name: str = "memory") -> None:
        self._records: dict[Partition, list[Record]] = {
            Partition(topic, number): [] for topic, count in topics.items() for number in range(count)
        }
        self._counts = dict(topics)
        self._clock = clock
        self._name = name
        self._arrived = asyncio.Event()

    async def identity(self) -> str:
        """Return its name."""
        return self._name

    async def partitions(self, topics: Collection[str]) -> tuple[Partition, ...]:
        """Return the partitions of these topics; raises DependencyError for a topic that does not exist."""
        for topic in topics:
            if topic not in self._counts:
                raise DependencyError(f"There is no topic {topic}.", hint="Run: alphapanda topics bootstrap")
        return tuple(Partition(topic, number) for topic in topics for number in range(self._counts[topic]))

    async def beginnings(self, partitions: Collection[Partition]) -> Offsets:
        """Return the first offset that each partition still holds."""
        return dict.fromkeys(partitions, 0)

    async def ends(self, partitions: Collection[Partition]) -> Offsets:
        """Return the offset of the next record of each partition."""
        return {partition: len(self._records[partition]) for partition in partitions}

    async def reader(self) -> MemoryReader:
        """Open a reader."""
        return MemoryReader(self)

    async def append(self, outgoing: Sequence[Outgoing]) -> list[LogPosition]:
        """Write all at once."""
        return [self.write(one) for one in outgoing]

    def write(self, one: Outgoing) -> LogPosition:
        """Write one record and return its position."""
        number = one.partition
        if number is None:
            number = partition_of(one.key, self._counts[one.topic])
        partition = Partition(one.topic, number)
        held = self._records[partition]
        written_ms = int(self._clock.now().timestamp() * 1000)
        record = Record(partition, len(held), written_ms, one.key, one.value, one.headers)
        held.append(record)
        self._arrived.set()
        return record.position

    def records(self, topic: str) -> list[Record]:
        """Return everything in a topic, partition by partition."""
        return [r for p, held in sorted(self._records.items()) if p.topic == topic for r in held]

    def held(self, partition: Partition, start: int, limit: int) -> list[Record]:
        """Return up to `limit` records from `start`."""
        return self._records[partition][start : start + limit]

    def end(self, partition: Partition) -> int:
        """Return the offset of a partition's next record."""
        return len(self._records[partition])

    async def wait(self) -> None:
        """Wait until something is written."""
        self._arrived.clear()
        await self._arrived.wait()


class MemoryReader:
    """Reads chosen partitions of a MemoryLog."""

    def __init__(self, log: MemoryLog, *, max_records: int = 500) -> None:
        self._log = log
        self._next: Offsets = {}
        self._max = max_records

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Go to these offsets; the partitions named are those read from now on."""
        self._next = dict(offsets)

    async def poll(self, timeout_s: float, only: Collection[Partition] | None = None) -> list[Record]:
        """Return new records, in order within each partition; none after `timeout_s`."""
        records = self._take(only)
        if not records:
            try:
                await asyncio.wait_for(self._log.wait(), timeout_s)
            except TimeoutError:
                return []
            records = self._take(only)
        return records

    def _take(self, only: Collection[Partition] | None) -> list[Record]:
        taken: list[Record] = []
        for partition in only or tuple(self._next):
            got = self._log.held(partition, self._next[partition], self._max)
            self._next[partition] += len(got)
            taken += got
        return taken

    async def position(self, partition: Partition) -> int:
        """Return the next offset that `poll` gives or waits for."""
        return self._next[partition]

    def known_end(self, partition: Partition) -> int | None:
        """Return the end of a partition."""
        return self._log.end(partition)

    async def aclose(self) -> None:
        """Nothing to close."""


class SoleOwnership:
    """Owns everything, for where nobody else is.

    Args:
        partitions: that it owns.
    """

    def __init__(self, partitions: Collection[Partition]) -> None:
        self._owned = frozenset(partitions)
        self.committed: Offsets = {}

    async def acquire(self) -> frozenset[Partition]:
        """Return all of it at once."""
        return self._owned

    @property
    def is_lost(self) -> bool:
        """Never."""
        return False

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Remember the offsets of the owned partitions."""
        self.committed |= {p: offset for p, offset in offsets.items() if p in self._owned}


class MemorySnapshots:
    """Keeps the last snapshot in memory."""

    def __init__(self) -> None:
        self.last: Snapshot | None = None

    async def load(self) -> Snapshot | None:
        """Return the last one, None when there is none."""
        return self.last

    async def save(self, snapshot: Snapshot) -> None:
        """Replace it."""
        self.last = snapshot
