"""The log on Kafka: one idempotent producer with acks=all, and readers without groups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from alphapanda.errors import DependencyError
from alphapanda.kafka.errors import kafka_errors
from alphapanda.kafka.group_offsets import COORDINATOR_PATIENCE_S, CommittedOffset, committed_offsets
from alphapanda.kafka.internals import close_in_time, look_up_topics
from alphapanda.kafka.reader import FETCH_BYTES, GATHER_BYTES, GATHER_MS, KafkaReader, from_aiokafka, to_aiokafka
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Offsets, Outgoing, Partition

if TYPE_CHECKING:
    from alphapanda.settings.sections import KafkaSettings


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """How to reach Kafka.

    Attributes:
        bootstrap_servers: host:port, comma-separated.
        client_id: our name in the broker's logs and quotas.
        fetch_max_wait_ms: how long a fetch may wait for data; data wakes it at once anyway.
        request_timeout_ms: also how long a write is tried while no broker answers.
        session_timeout_ms: after which a member that fell silent loses the partitions that it owned.
        batch_bytes: the most that one request writes to a partition; more for bulk.
    """

    bootstrap_servers: str
    client_id: str
    fetch_max_wait_ms: int = 5_000
    request_timeout_ms: int = 40_000
    session_timeout_ms: int = 10_000
    batch_bytes: int = 16_384

    @classmethod
    def from_settings(cls, kafka: KafkaSettings, bootstrap_servers: str, name: str) -> KafkaOptions:
        """Return the options of one client of this deployment: a daemon's, a command's or the dashboard's.

        Args:
            kafka: the deployment's `[kafka]`.
            bootstrap_servers: where its Kafka listens.
            name: of the client, e.g. `risk.paper`, `dlq`, `tui`.
        """
        return cls(
            bootstrap_servers,
            f"alphapanda.{name}",
            # A fetch that waits as long as a request may take would look like one that is lost.
            fetch_max_wait_ms=min(kafka.fetch_max_wait_ms, kafka.request_timeout_ms // 2),
            request_timeout_ms=kafka.request_timeout_ms,
        )


def new_consumer(options: KafkaOptions, **more: object) -> AIOKafkaConsumer:
    """Return a consumer that commits nothing by itself."""
    settings = {"fetch_max_wait_ms": options.fetch_max_wait_ms, "auto_offset_reset": "earliest", **more}
    return AIOKafkaConsumer(
        bootstrap_servers=options.bootstrap_servers,
        client_id=options.client_id,
        enable_auto_commit=False,
        request_timeout_ms=options.request_timeout_ms,
        **settings,
    )


class KafkaReadLog:
    """The log, for reading and for questions about it. Made by `open_read_log`."""

    def __init__(self, options: KafkaOptions, lookup: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        self._options = options
        self._lookup = lookup
        self._admin = admin
        self._looked_up: frozenset[str] = frozenset()

    async def identity(self) -> str:
        """Return the cluster's id."""
        with kafka_errors("asking for the cluster's id", connecting=True):
            return str((await self._admin.describe_cluster())["cluster_id"])

    async def partitions(self, topics: Collection[str]) -> tuple[Partition, ...]:
        """Return the partitions of these topics; raises DependencyError for a topic that does not exist."""
        if not topics:
            return ()
        with kafka_errors("looking topics up"):
            described = await self._admin.describe_topics(list(topics))
        found = {entry["topic"]: [p["partition"] for p in entry["partitions"]] for entry in described}
        missing = [topic for topic in topics if not found.get(topic)]
        if missing:
            raise DependencyError(
                f"There is no topic {', '.join(missing)}.", hint="Run: alphapanda topics bootstrap"
            )
        return tuple(Partition(topic, number) for topic in topics for number in sorted(found[topic]))

    async def beginnings(self, partitions: Collection[Partition]) -> Offsets:
        """Return the first offset that each partition still holds."""
        return await self._offsets(partitions, latest=False)

    async def ends(self, partitions: Collection[Partition]) -> Offsets:
        """Return the offset of the next record of each partition."""
        return await self._offsets(partitions, latest=True)

    async def _offsets(self, partitions: Collection[Partition], *, latest: bool) -> Offsets:
        if not partitions:
            return {}
        ask = self._lookup.end_offsets if latest else self._lookup.beginning_offsets
        with kafka_errors("asking for offsets"):
            await self._look_up(partitions)
            found = await ask(list(map(to_aiokafka, partitions)))
        return {from_aiokafka(tp): offset for tp, offset in found.items()}

    async def _look_up(self, partitions: Collection[Partition]) -> None:
        known = self._looked_up | {partition.topic for partition in partitions}
        if known != self._looked_up:
            await look_up_topics(self._lookup, known)
            self._looked_up = known

    async def topics(self) -> frozenset[str]:
        """Return the names of all topics, without Kafka's own."""
        with kafka_errors("listing topics"):
            return frozenset(name for name in await self._admin.list_topics() if not name.startswith("__"))

    async def since(self, partitions: Collection[Partition], timestamp_ms: int) -> dict[Partition, int | None]:
        """Return the first offset at or after a time, Unix milliseconds; None where nothing is that late."""
        if not partitions:
            return {}
        with kafka_errors("asking for offsets by time"):
            await self._look_up(partitions)
            found = await self._lookup.offsets_for_times({to_aiokafka(one): timestamp_ms for one in partitions})
        return {from_aiokafka(tp): None if answer is None else int(answer.offset) for tp, answer in found.items()}

    async def committed(
        self, group: str, *, patience_s: float = COORDINATOR_PATIENCE_S
    ) -> dict[Partition, CommittedOffset]:
        """Return every offset that a group has committed; a coordinator that still loads is waited for."""
        with kafka_errors(f"reading the offsets of {group}", connecting=True):
            return await committed_offsets(self._admin, group, patience_s=patience_s)

    async def reader(self, fetch_bytes: int = FETCH_BYTES, *, gather: bool = False) -> KafkaReader:
        """Open a reader.

        Args:
            fetch_bytes: about so much of a partition is asked for at once.
            gather: let many small batches come as one answer; see `KafkaReader`.
        """
        gathering = {"fetch_min_bytes": GATHER_BYTES, "fetch_max_wait_ms": GATHER_MS} if gather else {}
        consumer = new_consumer(self._options, max_partition_fetch_bytes=fetch_bytes, **gathering)
        try:
            with kafka_errors("connecting", connecting=True):
                await consumer.start()
        except BaseException:
            await close_in_time(consumer.stop(), consumer)
            raise
        return KafkaReader(consumer, gather=gather, fetch_max_wait_ms=self._options.fetch_max_wait_ms)


class KafkaLog(KafkaReadLog):
    """The log, read and written. Made by `open_log`."""

    def __init__(
        self,
        options: KafkaOptions,
        lookup: AIOKafkaConsumer,
        admin: AIOKafkaAdminClient,
        producer: AIOKafkaProducer,
    ) -> None:
        super().__init__(options, lookup, admin)
        self._producer = producer
        self._bulk: dict[tuple[str, int], asyncio.Lock] = {}

    async def append(self, outgoing: Sequence[Outgoing]) -> list[LogPosition]:
        """Write all, in order within each partition, and return their positions once all are acknowledged."""
        with kafka_errors("writing"):
            pending = [
                await self._producer.send(
                    one.topic, one.value, key=one.key, partition=one.partition, headers=list(one.headers)
                )
                for one in outgoing
            ]
            acks = await asyncio.gather(*pending)
        return [LogPosition(ack.topic, ack.partition, ack.offset) for ack in acks]

    async def append_in_bulk(self, outgoing: Sequence[Outgoing]) -> list[LogPosition]:
        """Write as `append` does, in batches made here: thousands at once for a fraction of the cost.

        Every record has to name its partition; otherwise all are written by `append`.
        """
        if any(one.partition is None for one in outgoing):
            return await self.append(outgoing)
        places: dict[tuple[str, int], list[int]] = {}
        for index, one in enumerate(outgoing):
            places.setdefault((one.topic, one.partition or 0), []).append(index)
        return await self._send_batches(outgoing, places)

    async def _send_batches(
        self, outgoing: Sequence[Outgoing], places: Mapping[tuple[str, int], Sequence[int]]
    ) -> list[LogPosition]:
        pending: list[tuple[list[int], asyncio.Future[Any]]] = []
        with kafka_errors("writing"):
            for (topic, partition), indexes in places.items():
                # Two tasks that hand aiokafka batches for one partition wait for each other until they time out.
                async with self._bulk.setdefault((topic, partition), asyncio.Lock()):
                    for members, batch in self._batches(outgoing, indexes):
                        future = await self._producer.send_batch(batch, topic, partition=partition)
                        pending.append((members, future))
            acks = await asyncio.gather(*(future for _, future in pending))
        positions: dict[int, LogPosition] = {}
        for (members, _), ack in zip(pending, acks, strict=True):
            for place, index in enumerate(members):
                positions[index] = LogPosition(ack.topic, ack.partition, ack.offset + place)
        return [positions[index] for index in range(len(outgoing))]

    def _batches(self, outgoing: Sequence[Outgoing], indexes: Sequence[int]) -> Iterator[tuple[list[int], Any]]:
        """Give the records of one partition as full batches, each with which records are in it."""
        batch, members = self._producer.create_batch(), list[int]()
        for index in indexes:
            one = outgoing[index]
            added = batch.append(timestamp=None, key=one.key, value=one.value, headers=list(one.headers))
            if added is None:
                batch.close()
                yield members, batch
                batch, members = self._producer.create_batch(), []
                batch.append(timestamp=None, key=one.key, value=one.value, headers=list(one.headers))
            members.append(index)
        if members:
            batch.close()
            yield members, batch


@asynccontextmanager
async def open_read_log(options: KafkaOptions) -> AsyncIterator[KafkaReadLog]:
    """Open the log for reading alone. Raises DependencyError."""
    async with _lookups(options) as (lookup, admin):
        yield KafkaReadLog(options, lookup, admin)


@asynccontextmanager
async def open_log(options: KafkaOptions) -> AsyncIterator[KafkaLog]:
    """Open the log; records written are flushed on the way out. Raises DependencyError."""
    async with _lookups(options) as (lookup, admin):
        producer = AIOKafkaProducer(
            bootstrap_servers=options.bootstrap_servers,
            client_id=options.client_id,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_request_size=8 << 20,
            max_batch_size=options.batch_bytes,
            request_timeout_ms=options.request_timeout_ms,
        )
        try:
            with kafka_errors(f"connecting to {options.bootstrap_servers}", connecting=True):
                await producer.start()
            yield KafkaLog(options, lookup, admin, producer)
        finally:
            await producer.stop()


@asynccontextmanager
async def open_admin(options: KafkaOptions) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open aiokafka's administration of the cluster; raises KafkaUnreachableError."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=options.bootstrap_servers,
        client_id=options.client_id,
        request_timeout_ms=options.request_timeout_ms,
    )
    try:
        with kafka_errors(f"connecting to {options.bootstrap_servers}", connecting=True):
            await admin.start()
        yield admin
    finally:
        await close_in_time(admin.close(), admin)


class RecordDeleter:
    """Deletes the oldest records of partitions for good. Made by `open_record_deleter`."""

    def __init__(self, admin: AIOKafkaAdminClient) -> None:
        self._admin = admin

    async def delete_before(self, offsets: Mapping[Partition, int]) -> Offsets:
        """Delete all records before these offsets; return the oldest offset of each partition afterwards."""
        wanted = {
            to_aiokafka(partition): RecordsToDelete(before_offset=offset) for partition, offset in offsets.items()
        }
        with kafka_errors("deleting records"):
            done = await self._admin.delete_records(wanted)
        return {from_aiokafka(tp): int(oldest) for tp, oldest in done.items()}


@asynccontextmanager
async def open_record_deleter(options: KafkaOptions) -> AsyncIterator[RecordDeleter]:
    """Connect; raises KafkaUnreachableError."""
    async with open_admin(options) as admin:
        yield RecordDeleter(admin)


@asynccontextmanager
async def _lookups(options: KafkaOptions) -> AsyncIterator[tuple[AIOKafkaConsumer, AIOKafkaAdminClient]]:
    lookup = new_consumer(options, retry_backoff_ms=10)
    try:
        with kafka_errors(f"connecting to {options.bootstrap_servers}", connecting=True):
            await lookup.start()
        async with open_admin(options) as admin:
            yield lookup, admin
    finally:
        await close_in_time(lookup.stop(), lookup)
