"""What the durable runner needs of a log, of a snapshot store and of a meter.

Two logs implement it: Kafka (`alphapanda.kafka.client`) and memory (`alphapanda.testing.memory_log`);
one contract suite runs on both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Protocol

import msgspec

from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Offsets, Outgoing, Partition, Record


class LogReader(Protocol):
    """Reads chosen partitions from chosen offsets. Joins no group, commits nothing."""

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Go to these offsets; the partitions named are those read from now on."""
        ...

    async def poll(self, timeout_s: float, only: Collection[Partition] | None = None) -> Sequence[Record]:
        """Return what has come, in order within each partition; nothing after `timeout_s`."""
        ...

    async def position(self, partition: Partition) -> int:
        """Return the next offset that `poll` gives or waits for."""
        ...

    def known_end(self, partition: Partition) -> int | None:
        """Return the end of a partition as the last poll saw it; None before the first."""
        ...

    async def aclose(self) -> None:
        """Stop reading."""
        ...


class ReadableLog(Protocol):
    """Topics with partitions, as far as they can be read."""

    async def identity(self) -> str:
        """Return what tells this log from any other: the cluster's id."""
        ...

    async def partitions(self, topics: Collection[str]) -> tuple[Partition, ...]:
        """Return the partitions of these topics; raises DependencyError for a topic that is not there."""
        ...

    async def beginnings(self, partitions: Collection[Partition]) -> Offsets:
        """Return the first offset that each still holds."""
        ...

    async def ends(self, partitions: Collection[Partition]) -> Offsets:
        """Return the offset that each gives to its next record."""
        ...

    async def reader(self) -> LogReader:
        """Open a reader."""
        ...


class Log(ReadableLog, Protocol):
    """An append-only log."""

    async def append(self, outgoing: Sequence[Outgoing]) -> Sequence[LogPosition]:
        """Write all, in order within each partition, and return where they stand once all are acknowledged."""
        ...


class Ownership(Protocol):
    """Who works: at most one member of the group owns a partition."""

    async def acquire(self) -> frozenset[Partition]:
        """Wait until this member owns something, and return what."""
        ...

    @property
    def is_lost(self) -> bool:
        """Whether what `acquire` returned has changed since."""
        ...

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Remember, for those who measure lag, what was consumed of the owned partitions."""
        ...


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A stage's state and what it is the fold of.

    Attributes:
        log: identity of the log.
        taken_at: when.
        state: the stage's own bytes.
        inputs: next offset of each input partition.
        outputs: next offset of each of our output partitions.
        recent: ids of the inputs folded last, oldest first.
    """

    log: str
    taken_at: datetime
    state: bytes
    inputs: dict[str, int]
    outputs: dict[str, int]
    recent: tuple[str, ...]


class SnapshotStore(Protocol):
    """Keeps one snapshot a service; each write replaces the last as a whole."""

    async def load(self) -> Snapshot | None:
        """Return the last one, None when there is none."""
        ...

    async def save(self, snapshot: Snapshot) -> None:
        """Replace it."""
        ...


class Meter(Protocol):
    """What a runner counts."""

    def consumed(self, records: Sequence[Record], now: datetime) -> None:
        """Count a batch of inputs and the age of its newest record."""
        ...

    def produced(self, positions: Sequence[LogPosition]) -> None:
        """Count outputs that are in the log."""
        ...

    def batch(self, events: int, seconds: float) -> None:
        """Measure one batch, from poll to commit."""
        ...

    def recovered(self, events: int, seconds: float) -> None:
        """Measure a recovery."""
        ...

    def lag(self, partition: Partition, records: int) -> None:
        """Say how many records of an input wait to be read."""
        ...

    def snapshot(self, seconds: float) -> None:
        """Measure writing one snapshot."""
        ...

    def duplicate(self) -> None:
        """Count an event that was folded already."""
        ...

    def failed(self, kind: str) -> None:
        """Count a failure: `transient`, `permanent`, `auth` or `unexpected`."""
        ...

    def dead_letter(self) -> None:
        """Count a dead letter."""
        ...


class Projector(Protocol):
    """Writes views of a stage's state; they can be lost and made again."""

    async def project(self, *, changed: bool, force: bool = False) -> None:
        """Write the views if they changed since, unless it was done a moment ago; `force` writes now."""
        ...


class NoProjector:
    """For stages without views."""

    async def project(self, *, changed: bool, force: bool = False) -> None:
        """Do nothing."""


class BatchStep(IntEnum):
    """The numbered steps of a batch, in order. A process may die after any of them."""

    POLLED = 1
    DECIDED = 2
    PRODUCING = 3
    FLUSHED = 4
    PROJECTED = 5
    COMMITTED = 6
    SNAPSHOT = 7


OnStep = Callable[[BatchStep], None]
"""Told of each step as it is done; tests die in it."""


def no_step(step: BatchStep) -> None:
    """Live through every step."""
