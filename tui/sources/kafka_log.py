"""The log on Kafka, as the dashboard reads it: no group, no commits, answers that gather."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from alphapanda.kafka.committed import committed_offsets
from alphapanda.kafka.errors import kafka_errors
from alphapanda.model.records import Offsets, Partition, Record
from tui.theme.formatter import to_ms

if TYPE_CHECKING:  # it brings an HTTP client, which only Avro needs
    from tui.sources.avro import AvroTopics

CLIENT = "alphapanda.tui"
TIMEOUT_MS = 5_000
CLOSE_S = 3.0
PATIENCE_S = 2.0
"""For a coordinator that still loads; a source is asked again anyway."""
PATIENT_BYTES = 64 << 10
PATIENT_MS = 200
CALM_MS = 5_000
FETCH_BYTES = 512 << 10
UNHURRIED_S = 1.0
"""How long aiokafka lets fetched records lie before it asks for other partitions' alone.

Its own 0.1 s is what lies between two polls: the partition that had news would then be left out of a request that
waits for five seconds, and be silent as long.
"""


@dataclass(frozen=True, slots=True)
class KafkaLogAccess:
    """The deployment's log.

    Attributes:
        address: returns host:port of Kafka; raises AlphaPandaError for a deployment that was never started.
        topics: that belong to the deployment, dead letters too.
        groups: consumer groups whose lag is shown.
        avro: reads what is written as Avro; None where all is JSON.
    """

    address: Callable[[], str]
    topics: frozenset[str]
    groups: tuple[str, ...]
    avro: AvroTopics | None = None

    def open(self) -> AbstractAsyncContextManager[OpenKafkaLog]:
        """Connect; raises DependencyError."""
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[OpenKafkaLog]:
        servers = await asyncio.to_thread(self.address)
        lookup = _consumer(servers, retry_backoff_ms=10)
        admin = AIOKafkaAdminClient(bootstrap_servers=servers, client_id=CLIENT, request_timeout_ms=TIMEOUT_MS)
        try:
            with kafka_errors(f"connecting to {servers}", connecting=True):
                await lookup.start()
                await admin.start()
            yield OpenKafkaLog(servers, lookup, admin, self)
        finally:
            await _within(admin.close(), admin)
            await _within(lookup.stop(), lookup)


class OpenKafkaLog:
    """The log, connected. Made by `KafkaLogAccess.open`."""

    def __init__(
        self,
        servers: str,
        lookup: AIOKafkaConsumer,
        admin: AIOKafkaAdminClient,
        log_access: KafkaLogAccess,
    ) -> None:
        self._servers = servers
        self._lookup = lookup
        self._admin = admin
        self._topics = log_access.topics
        self._groups = log_access.groups
        self._avro = log_access.avro

    async def partitions(self) -> tuple[Partition, ...]:
        """Return the partitions of all our topics that exist."""
        with kafka_errors("looking topics up", connecting=True):
            there = self._topics.intersection(await self._admin.list_topics())
            described = await self._admin.describe_topics(sorted(there)) if there else []
        found = [Partition(entry["topic"], p["partition"]) for entry in described for p in entry["partitions"]]
        return tuple(sorted(found))

    async def beginnings(self, partitions: Collection[Partition]) -> Offsets:
        """Return the first offset that each still holds."""
        with kafka_errors("asking for offsets", connecting=True):
            return _ours(await self._lookup.beginning_offsets(_theirs(partitions)) if partitions else {})

    async def ends(self, partitions: Collection[Partition]) -> Offsets:
        """Return the offset that each gives to its next record."""
        with kafka_errors("asking for offsets", connecting=True):
            return _ours(await self._lookup.end_offsets(_theirs(partitions)) if partitions else {})

    async def offsets_at(self, moment: datetime, partitions: Collection[Partition]) -> Offsets:
        """Return the offset of the first record written at or after a moment; the end where there is none."""
        ends = await self.ends(partitions)
        with kafka_errors("asking for offsets", connecting=True):
            found = await self._lookup.offsets_for_times(dict.fromkeys(_theirs(partitions), to_ms(moment)))
        at = {Partition(tp.topic, tp.partition): entry.offset for tp, entry in found.items() if entry is not None}
        return {partition: at.get(partition, end) for partition, end in ends.items()}

    async def committed(self) -> Mapping[str, Offsets]:
        """Return what the trading groups committed, by group."""
        answer: dict[str, Offsets] = {}
        with kafka_errors("asking for consumer groups", connecting=True):
            for group in self._groups:
                found = await committed_offsets(self._admin, group, patience_s=PATIENCE_S)
                answer[group] = {
                    Partition(tp.topic, tp.partition): entry.offset
                    for tp, entry in found.items()
                    if entry.offset >= 0 and tp.topic in self._topics
                }
        return answer

    async def reader(self, *, patient: bool = False) -> KafkaRecordReader:
        """Open a reader."""
        gather = {"fetch_min_bytes": PATIENT_BYTES, "fetch_max_wait_ms": PATIENT_MS} if patient else {}
        consumer = _consumer(self._servers, max_partition_fetch_bytes=FETCH_BYTES, **gather)
        try:
            with kafka_errors("connecting", connecting=True):
                await consumer.start()
        except BaseException:
            await _within(consumer.stop(), consumer)
            raise
        # There is no public way to it.
        consumer._fetcher._prefetch_backoff = UNHURRIED_S  # noqa: SLF001
        consumer._fetcher._fetcher_timeout = UNHURRIED_S  # noqa: SLF001 - it looks around as often, for nothing
        return KafkaRecordReader(consumer, self._avro, patient=patient)

    def to_read_again(self) -> Offsets:
        """Return from where on events can be read that could not before; they are told once."""
        return {} if self._avro is None else self._avro.to_read_again()


class KafkaRecordReader:
    """Reads partitions of Kafka. Made by `OpenKafkaLog.reader`."""

    def __init__(self, consumer: AIOKafkaConsumer, avro: AvroTopics | None, *, patient: bool) -> None:
        self._consumer = consumer
        self._avro = avro
        self._patient = patient
        self._calm = False
        self._partitions: dict[TopicPartition, Partition] = {}

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Read these partitions, from these offsets."""
        wanted = {TopicPartition(p.topic, p.number): p for p in offsets}
        if wanted.keys() != self._partitions.keys():
            self._partitions = wanted
            self._consumer.assign(list(wanted))
        for tp, partition in wanted.items():
            self._consumer.seek(tp, offsets[partition])

    async def poll(self, timeout_s: float, limit: int) -> Sequence[Record]:
        """Return what came, `limit` records at most; nothing after `timeout_s`."""
        with kafka_errors("reading", connecting=True):
            got = await self._consumer.getmany(timeout_ms=int(timeout_s * 1000), max_records=limit)
        if self._patient and self._calm is bool(got):
            self._gather(calm=not got)
        records: list[Record] = []
        for tp, messages in got.items():
            partition = self._partitions[tp]
            records += [Record(partition, m.offset, m.timestamp, m.key, m.value, m.headers) for m in messages]
        return records if self._avro is None else await self._avro.records(records)

    def _gather(self, *, calm: bool) -> None:
        """Let records gather while they come; while none do, be woken by the first and not five times a second."""
        self._calm = calm
        fetcher = self._consumer._fetcher  # noqa: SLF001 - there is no public way to it
        fetcher._fetch_min_bytes = 1 if calm else PATIENT_BYTES  # noqa: SLF001
        fetcher._fetch_max_wait_ms = CALM_MS if calm else PATIENT_MS  # noqa: SLF001

    async def position(self, partition: Partition) -> int:
        """Return the next offset that `poll` gives."""
        with kafka_errors(f"reading {partition}", connecting=True):
            return int(await self._consumer.position(TopicPartition(partition.topic, partition.number)))

    def known_end(self, partition: Partition) -> int | None:
        """Return a partition's end as the last fetch saw it."""
        end = self._consumer.highwater(TopicPartition(partition.topic, partition.number))
        return None if end is None else int(end)

    async def aclose(self) -> None:
        """Stop reading."""
        await _within(self._consumer.stop(), self._consumer)


async def _within(closing: Awaitable[None], whose: AIOKafkaConsumer | AIOKafkaAdminClient) -> None:
    """Wait for a client to close; where a broker or a topic went away it may not: its connections are shut."""
    await asyncio.sleep(0)  # a consumer whose tasks never began cancels whoever stops it
    try:
        async with asyncio.timeout(CLOSE_S):
            await closing
    except TimeoutError:
        return
    finally:
        for connection in tuple(whose._client._conns.values()):  # noqa: SLF001 - there is no public way to them
            connection.close()


def _consumer(servers: str, **more: object) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=servers,
        client_id=CLIENT,
        enable_auto_commit=False,
        auto_offset_reset="latest",
        request_timeout_ms=TIMEOUT_MS + 5_000,
        **{"fetch_max_wait_ms": CALM_MS, **more},
    )


def _theirs(partitions: Collection[Partition]) -> list[TopicPartition]:
    return [TopicPartition(partition.topic, partition.number) for partition in partitions]


def _ours(offsets: Mapping[TopicPartition, int]) -> Offsets:
    return {Partition(tp.topic, tp.partition): offset for tp, offset in offsets.items()}
