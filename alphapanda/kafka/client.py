"""The log on Kafka: one idempotent producer with acks=all, readers without groups, ownership by groups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from alphapanda.errors import DependencyError
from alphapanda.kafka.errors import kafka_errors
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Offsets, Outgoing, Partition, Record

MAX_RECORDS = 2_000
"""The most that one poll gives, so that a batch stays some tens of milliseconds."""

UNHURRIED_S = 5.0
HURRIED_S = 0.1
"""How long aiokafka lets fetched records lie before it asks for the other partitions' alone.

A partition left out of a request that waits for news is silent until others have some, for as long as
`fetch_max_wait_ms`: a batch of a tenth of a second would hold up the next signal by five. Who takes all that comes
has nothing to gain from such a request; who leaves some partitions' records lying has to be brought the others'.
"""

_NEVER_MS = 24 * 3600 * 1000
"""The member that owns does not read through its group's consumer, so its idle time says nothing."""


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """How to reach Kafka.

    Attributes:
        bootstrap_servers: host:port, comma-separated.
        client_id: who we are, in the broker's logs and quotas.
        fetch_max_wait_ms: how long a fetch may wait for data; data wakes it at once anyway.
        request_timeout_ms: also how long a write is tried while no broker answers.
        session_timeout_ms: after which a member that fell silent loses what it owned.
        batch_bytes: the most that one request writes to a partition; more for who writes in bulk.
    """

    bootstrap_servers: str
    client_id: str
    fetch_max_wait_ms: int = 5_000
    request_timeout_ms: int = 40_000
    session_timeout_ms: int = 10_000
    batch_bytes: int = 16_384


def _tp(partition: Partition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number)


def _consumer(options: KafkaOptions, *topics: str, **more: object) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        *topics,
        bootstrap_servers=options.bootstrap_servers,
        client_id=options.client_id,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=options.fetch_max_wait_ms,
        request_timeout_ms=options.request_timeout_ms,
        **more,
    )


class KafkaReader:
    """Reads chosen partitions of Kafka. Joins no group, commits nothing."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._partitions: dict[TopicPartition, Partition] = {}

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Go to these offsets; the partitions named are those read from now on."""
        self._partitions = {_tp(partition): partition for partition in offsets}
        self._consumer.assign(list(self._partitions))
        for tp, partition in self._partitions.items():
            self._consumer.seek(tp, offsets[partition])

    async def poll(self, timeout_s: float, only: Collection[Partition] | None = None) -> list[Record]:
        """Return what has come, in order within each partition; nothing after `timeout_s`."""
        wanted = [_tp(partition) for partition in only or ()]
        # There is no public way to it.
        self._consumer._fetcher._prefetch_backoff = HURRIED_S if wanted else UNHURRIED_S  # noqa: SLF001
        with kafka_errors("reading"):
            got = await self._consumer.getmany(*wanted, timeout_ms=int(timeout_s * 1000), max_records=MAX_RECORDS)
        records: list[Record] = []
        for tp, messages in got.items():
            partition = self._partitions[tp]
            records += [Record(partition, m.offset, m.timestamp, m.key, m.value, m.headers) for m in messages]
        return records

    async def position(self, partition: Partition) -> int:
        """Return the next offset that `poll` gives or waits for."""
        with kafka_errors(f"reading {partition}"):
            return int(await self._consumer.position(_tp(partition)))

    def known_end(self, partition: Partition) -> int | None:
        """Return the end of a partition as the last fetch saw it; None before the first."""
        end = self._consumer.highwater(_tp(partition))
        return None if end is None else int(end)

    async def aclose(self) -> None:
        """Stop reading."""
        await self._consumer.stop()


class KafkaReadLog:
    """What can be asked of the log and read from it. Made by `open_read_log`."""

    def __init__(self, options: KafkaOptions, lookup: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        self._options = options
        self._lookup = lookup
        self._admin = admin
        self._met: frozenset[str] = frozenset()

    async def identity(self) -> str:
        """Return the cluster's id."""
        with kafka_errors("asking for the cluster's id", connecting=True):
            return str((await self._admin.describe_cluster())["cluster_id"])

    async def partitions(self, topics: Collection[str]) -> tuple[Partition, ...]:
        """Return the partitions of these topics; raises DependencyError for a topic that is not there."""
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
        """Return the first offset that each still holds."""
        return await self._offsets(partitions, latest=False)

    async def ends(self, partitions: Collection[Partition]) -> Offsets:
        """Return the offset that each gives to its next record."""
        return await self._offsets(partitions, latest=True)

    async def _offsets(self, partitions: Collection[Partition], *, latest: bool) -> Offsets:
        if not partitions:
            return {}
        ask = self._lookup.end_offsets if latest else self._lookup.beginning_offsets
        with kafka_errors("asking for offsets"):
            await self._meet(partitions)
            found = await ask([_tp(partition) for partition in partitions])
        return {Partition(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def _meet(self, partitions: Collection[Partition]) -> None:
        """Look topics up together: aiokafka would ask for one after the other, with a pause after each."""
        known = self._met | {partition.topic for partition in partitions}
        if known != self._met:
            await self._lookup._client.set_topics(known)  # noqa: SLF001 - nothing public does it without reading
            self._met = known

    async def topics(self) -> frozenset[str]:
        """Return the names of all topics, without Kafka's own."""
        with kafka_errors("listing topics"):
            return frozenset(name for name in await self._admin.list_topics() if not name.startswith("__"))

    async def since(self, partitions: Collection[Partition], timestamp_ms: int) -> dict[Partition, int | None]:
        """Return the first offset at or after a time, Unix milliseconds; None where nothing is that late."""
        if not partitions:
            return {}
        with kafka_errors("asking for offsets by time"):
            await self._meet(partitions)
            found = await self._lookup.offsets_for_times({_tp(one): timestamp_ms for one in partitions})
        return {
            Partition(tp.topic, tp.partition): None if answer is None else int(answer.offset)
            for tp, answer in found.items()
        }

    async def reader(self, fetch_bytes: int = 2 << 20) -> KafkaReader:
        """Open a reader that asks for about `fetch_bytes` of a partition at once."""
        consumer = _consumer(self._options, max_partition_fetch_bytes=fetch_bytes)
        with kafka_errors("connecting", connecting=True):
            await consumer.start()
        return KafkaReader(consumer)


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
        """Write all, in order within each partition, and return where they stand once all are acknowledged."""
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
        """Write as `append` does, in batches made here: for thousands at once, at a fraction of the cost of each.

        Every record has to name its partition; those that do not make all of it go the other way.
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
                # Two who hand aiokafka batches for one partition wait for each other until their time is up.
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
    """Open the log; what was written is flushed on the way out. Raises DependencyError."""
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
        await admin.close()


class RecordDeleter:
    """Deletes the oldest records of partitions for good. Made by `open_record_deleter`."""

    def __init__(self, admin: AIOKafkaAdminClient) -> None:
        self._admin = admin

    async def delete_before(self, offsets: Mapping[Partition, int]) -> Offsets:
        """Delete all records before these offsets; return the oldest offset of each partition afterwards."""
        wanted = {_tp(partition): RecordsToDelete(before_offset=offset) for partition, offset in offsets.items()}
        with kafka_errors("deleting records"):
            done = await self._admin.delete_records(wanted)
        return {Partition(tp.topic, tp.partition): int(oldest) for tp, oldest in done.items()}


@asynccontextmanager
async def open_record_deleter(options: KafkaOptions) -> AsyncIterator[RecordDeleter]:
    """Connect; raises KafkaUnreachableError."""
    async with open_admin(options) as admin:
        yield RecordDeleter(admin)


@asynccontextmanager
async def _lookups(options: KafkaOptions) -> AsyncIterator[tuple[AIOKafkaConsumer, AIOKafkaAdminClient]]:
    lookup = _consumer(options, retry_backoff_ms=10)
    try:
        with kafka_errors(f"connecting to {options.bootstrap_servers}", connecting=True):
            await lookup.start()
        async with open_admin(options) as admin:
            yield lookup, admin
    finally:
        await lookup.stop()


class _Assignment(ConsumerRebalanceListener):  # type: ignore[misc]
    """What the group gave us, as it changes."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.owned: frozenset[Partition] = frozenset()
        self.changed = asyncio.Event()
        self.generation = 0

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Forget what was owned."""
        if revoked:
            self.owned = frozenset()
            self.generation += 1

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Own it. The group's consumer never fetches: the runner's own reader does."""
        if assigned:
            self._consumer.pause(*assigned)
        self.owned = frozenset(Partition(tp.topic, tp.partition) for tp in assigned)
        self.generation += 1
        self.changed.set()


class KafkaOwnership:
    """Membership of a consumer group. Made by `join_group`."""

    def __init__(self, consumer: AIOKafkaConsumer, assignment: _Assignment) -> None:
        self._consumer = consumer
        self._assignment = assignment
        self._acquired = -1

    async def acquire(self) -> frozenset[Partition]:
        """Wait until this member owns something, and return what."""
        while not self._assignment.owned:
            self._assignment.changed.clear()
            await self._assignment.changed.wait()
        self._acquired = self._assignment.generation
        return self._assignment.owned

    @property
    def is_lost(self) -> bool:
        """Whether what `acquire` returned has changed since."""
        return self._acquired != self._assignment.generation

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Commit the offsets of what is owned, for those who measure lag."""
        owned = {_tp(p): offset for p, offset in offsets.items() if p in self._assignment.owned}
        if owned and not self.is_lost:
            with kafka_errors("committing"):
                await self._consumer.commit(owned)


@asynccontextmanager
async def join_group(
    options: KafkaOptions, group: str, topics: Sequence[str], *, instance: str
) -> AsyncIterator[KafkaOwnership]:
    """Join `group` for `topics`.

    Args:
        options: how to reach Kafka.
        group: the consumer group.
        topics: what is owned by one member at a time.
        instance: names this member across restarts (KIP-345), so that it takes over from its former self at
            once instead of after the session time-out.
    """
    consumer = _consumer(
        options,
        group_id=group,
        group_instance_id=instance,
        session_timeout_ms=options.session_timeout_ms,
        heartbeat_interval_ms=options.session_timeout_ms // 3,
        max_poll_interval_ms=_NEVER_MS,
    )
    assignment = _Assignment(consumer)
    consumer.subscribe(list(topics), listener=assignment)
    try:
        with kafka_errors(f"joining the group {group}", connecting=True):
            await consumer.start()
        yield KafkaOwnership(consumer, assignment)
    finally:
        await consumer.stop()
