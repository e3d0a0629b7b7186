"""The log as protocols: whoever only names them loads no Kafka client.

Kafka implements them (`alphapanda.kafka.client`), and memory (`alphapanda.testing.memory_log`); one contract suite
runs on both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Offsets, Outgoing, Partition, Record


class LogReader(Protocol):
    """Reads chosen partitions from chosen offsets. Joins no group, commits nothing."""

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Go to these offsets; the partitions named are those read from now on."""
        ...

    async def poll(self, timeout_s: float, only: Collection[Partition] | None = None) -> Sequence[Record]:
        """Return new records, in order within each partition; none after `timeout_s`."""
        ...

    async def position(self, partition: Partition) -> int:
        """Return the next offset that `poll` gives or waits for."""
        ...

    def known_end(self, partition: Partition) -> int | None:
        """Return the end of a partition as of the last poll; None before the first."""
        ...

    async def aclose(self) -> None:
        """Stop reading."""
        ...


class ReadableLog(Protocol):
    """Topics with partitions, as far as they can be read."""

    async def identity(self) -> str:
        """Return the id that tells this log from any other: the cluster's."""
        ...

    async def partitions(self, topics: Collection[str]) -> tuple[Partition, ...]:
        """Return the partitions of these topics; raises DependencyError for a topic that does not exist."""
        ...

    async def beginnings(self, partitions: Collection[Partition]) -> Offsets:
        """Return the first offset that each partition still holds."""
        ...

    async def ends(self, partitions: Collection[Partition]) -> Offsets:
        """Return the offset of the next record of each partition."""
        ...

    async def reader(self) -> LogReader:
        """Open a reader."""
        ...


class Log(ReadableLog, Protocol):
    """An append-only log."""

    async def append(self, outgoing: Sequence[Outgoing]) -> Sequence[LogPosition]:
        """Write all, in order within each partition; return their positions once all are acknowledged."""
        ...


class Ownership(Protocol):
    """Membership of a consumer group: at most one member owns a partition."""

    async def acquire(self) -> frozenset[Partition]:
        """Wait until this member owns partitions, and return them."""
        ...

    @property
    def is_lost(self) -> bool:
        """Whether the ownership has changed since `acquire` returned."""
        ...

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Commit the offsets of the owned partitions, for whoever measures lag."""
        ...
