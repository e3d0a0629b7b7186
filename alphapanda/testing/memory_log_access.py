"""The log in memory, as the dashboard reads it: for the seeded market and the tests."""

from __future__ import annotations

import asyncio
import bisect
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

from alphapanda.model.records import Headers, Offsets, Partition, Record
from topics.errors import AlphaPandaError

KEPT = 40_000


class MemoryLogAccess:
    """Topics as lists of records; the oldest go.

    Attributes:
        failing: raised by whoever opens or asks, as a lost connection is; None to work.
        groups: what consumer groups committed.

    Args:
        topics: how many partitions each has.
        kept: records of each partition.
    """

    def __init__(self, topics: Mapping[str, int], kept: int = KEPT) -> None:
        self._kept = kept
        self._held: dict[Partition, list[Record]] = {
            Partition(topic, number): [] for topic, count in sorted(topics.items()) for number in range(count)
        }
        self._first: Offsets = dict.fromkeys(self._held, 0)
        self.failing: AlphaPandaError | None = None
        self.groups: dict[str, Offsets] = {}
        self.arrived = asyncio.Event()

    def write(
        self, topic: str, number: int, written_ms: int, key: bytes, value: bytes, headers: Headers = ()
    ) -> Record:
        """Add a record and return it."""
        partition = next(p for p in (Partition(topic, number),) if p in self._held)
        held = self._held[partition]
        record = Record(partition, self.end(partition), written_ms, key, value, headers)
        held.append(record)
        if len(held) > 2 * self._kept:
            self._first[partition] += len(held) - self._kept
            del held[: -self._kept]
        self.arrived.set()
        return record

    def remove_topic(self, topic: str) -> None:
        """Delete a topic."""
        for partition in [p for p in self._held if p.topic == topic]:
            del self._held[partition], self._first[partition]

    def open(self) -> AbstractAsyncContextManager[MemoryLogAccess]:
        """Connect; raises what `failing` holds."""
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[MemoryLogAccess]:
        self.check()
        yield self

    def check(self) -> None:
        """Raise what `failing` holds."""
        if self.failing is not None:
            raise self.failing

    def end(self, partition: Partition) -> int:
        """Return the offset of a partition's next record."""
        return self._first[partition] + len(self._held[partition])

    def held(self, partition: Partition, start: int, limit: int) -> list[Record]:
        """Return up to `limit` records from an offset."""
        if partition not in self._held:
            return []
        first = max(0, start - self._first[partition])
        return self._held[partition][first : first + limit]

    async def partitions(self) -> tuple[Partition, ...]:
        """Return all partitions."""
        self.check()
        return tuple(self._held)

    async def beginnings(self, partitions: Collection[Partition]) -> Offsets:
        """Return the first offset that each still holds."""
        self.check()
        return {p: self._first[p] for p in partitions}

    async def ends(self, partitions: Collection[Partition]) -> Offsets:
        """Return the offset that each gives to its next record."""
        self.check()
        return {p: self.end(p) for p in partitions}

    async def offsets_at(self, moment: datetime, partitions: Collection[Partition]) -> Offsets:
        """Return the offset of the first record written at or after a moment; the end where there is none."""
        self.check()
        wanted = int(moment.timestamp() * 1000)
        return {
            p: self._first[p] + bisect.bisect_left(self._held[p], wanted, key=lambda r: r.timestamp_ms)
            for p in partitions
        }

    async def committed(self) -> Mapping[str, Offsets]:
        """Return what groups committed."""
        self.check()
        return self.groups

    def to_read_again(self) -> Offsets:
        """Return nothing: what is here can be read."""
        return {}

    async def reader(self, *, patient: bool = False) -> MemoryLogReader:
        """Open a reader."""
        del patient
        return MemoryLogReader(self)


class MemoryLogReader:
    """Reads partitions of a `MemoryTape`."""

    def __init__(self, log_access: MemoryLogAccess) -> None:
        self._log_access = log_access
        self._next: Offsets = {}

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Read these partitions, from these offsets."""
        self._next = dict(offsets)

    async def poll(
        self, timeout_s: float, only: Collection[Partition] | None = None, limit: int = 2_000
    ) -> Sequence[Record]:
        """Return up to `limit` new records; none after `timeout_s`."""
        self._log_access.check()
        wanted = tuple(self._next) if only is None else only
        taken = self._take(wanted, limit)
        if taken:
            return taken
        self._log_access.arrived.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self._log_access.arrived.wait()
        except TimeoutError:
            return []
        return self._take(wanted, limit)

    def _take(self, wanted: Collection[Partition], limit: int) -> list[Record]:
        taken: list[Record] = []
        for partition in wanted:
            got = self._log_access.held(partition, self._next[partition], limit - len(taken))
            if got:
                self._next[partition] = got[-1].offset + 1
                taken += got
        return taken

    async def position(self, partition: Partition) -> int:
        """Return the next offset that `poll` gives."""
        return self._next[partition]

    def known_end(self, partition: Partition) -> int | None:
        """Return a partition's end."""
        return self._log_access.end(partition)

    async def aclose(self) -> None:
        """Nothing to close."""
