"""The deployment's log as the dashboard reads it: its topics, its groups' offsets, and events in Avro as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from alphapanda.kafka.client import KafkaOptions, KafkaReadLog, open_read_log
from alphapanda.kafka.reader import MAX_RECORDS, KafkaReader
from alphapanda.model.records import Offsets, Partition, Record
from tui.theme.formatter import to_ms

if TYPE_CHECKING:  # it brings an HTTP client, which only Avro needs
    from tui.sources.avro import AvroTopics

COORDINATOR_PATIENCE_S: Final = 2.0
"""For a coordinator that still loads; a source asks again anyway."""
FETCH_BYTES: Final = 512 << 10


@dataclass(frozen=True, slots=True)
class KafkaLogAccess:
    """The deployment's log.

    Attributes:
        options: returns how to reach Kafka; raises AlphaPandaError for a deployment that was never started.
        topics: the deployment's, dead letters too.
        groups: consumer groups whose lag is shown.
        avro: reads events in Avro; None where all are JSON.
    """

    options: Callable[[], KafkaOptions]
    topics: frozenset[str]
    groups: tuple[str, ...]
    avro: AvroTopics | None = None

    def open(self) -> AbstractAsyncContextManager[OpenKafkaLog]:
        """Connect; raises DependencyError."""
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[OpenKafkaLog]:
        options = await asyncio.to_thread(self.options)
        async with open_read_log(options) as log:
            yield OpenKafkaLog(log, self)


class OpenKafkaLog:
    """The log, connected. Made by `KafkaLogAccess.open`."""

    def __init__(self, log: KafkaReadLog, access: KafkaLogAccess) -> None:
        self._log = log
        self._access = access

    async def partitions(self) -> tuple[Partition, ...]:
        """Return the partitions of all our topics that exist."""
        existing = self._access.topics & await self._log.topics()
        return tuple(sorted(await self._log.partitions(sorted(existing))))

    async def beginnings(self, partitions: Collection[Partition]) -> Offsets:
        """Return the first offset that each partition still holds."""
        return await self._log.beginnings(partitions)

    async def ends(self, partitions: Collection[Partition]) -> Offsets:
        """Return the offset of the next record of each partition."""
        return await self._log.ends(partitions)

    async def offsets_at(self, moment: datetime, partitions: Collection[Partition]) -> Offsets:
        """Return the offset of the first record written at or after a moment; the end where there is none."""
        ends = await self._log.ends(partitions)
        found = await self._log.since(partitions, to_ms(moment))
        return {one: end if (at := found.get(one)) is None else at for one, end in ends.items()}

    async def committed(self) -> Mapping[str, Offsets]:
        """Return the offsets that the trading groups committed, by group."""
        return {group: await self._committed(group) for group in self._access.groups}

    async def _committed(self, group: str) -> Offsets:
        found = await self._log.committed(group, patience_s=COORDINATOR_PATIENCE_S)
        return {one: at.offset for one, at in found.items() if one.topic in self._access.topics}

    async def reader(self, *, patient: bool = False) -> KafkaReader | AvroReader:
        """Open a reader."""
        reader = await self._log.reader(FETCH_BYTES, gather=patient)
        return reader if self._access.avro is None else AvroReader(reader, self._access.avro)

    def to_read_again(self) -> Offsets:
        """Return the offsets from which events can be read that could not before; each is given once."""
        return {} if self._access.avro is None else self._access.avro.to_read_again()


class AvroReader:
    """Reads partitions of Kafka, and gives events in Avro as JSON."""

    def __init__(self, reader: KafkaReader, avro: AvroTopics) -> None:
        self._reader = reader
        self._avro = avro
        self.seek = reader.seek
        self.position = reader.position
        self.known_end = reader.known_end
        self.aclose = reader.aclose

    async def poll(
        self, timeout_s: float, only: Collection[Partition] | None = None, limit: int = MAX_RECORDS
    ) -> Sequence[Record]:
        """Return up to `limit` new records; none after `timeout_s`."""
        return await self._avro.records(await self._reader.poll(timeout_s, only, limit))
