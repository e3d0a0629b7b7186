"""Membership of a consumer group: which partitions this process owns. Reading is a `KafkaReader`'s."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener

from alphapanda.kafka.client import KafkaOptions, new_consumer
from alphapanda.kafka.errors import kafka_errors
from alphapanda.kafka.internals import close_in_time
from alphapanda.kafka.reader import from_aiokafka, to_aiokafka
from alphapanda.model.records import Partition

_NEVER_MS: Final = 24 * 3600 * 1000
"""The member that owns does not read through its group's consumer, so its idle time says nothing."""


class _Assignment(ConsumerRebalanceListener):  # type: ignore[misc]
    """The partitions that the group assigns to this member."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.owned: frozenset[Partition] = frozenset()
        self.changed = asyncio.Event()
        self.generation = 0

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Forget the partitions owned."""
        if revoked:
            self.owned = frozenset()
            self.generation += 1

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Own it. The group's consumer never fetches: the runner's own reader does."""
        if assigned:
            self._consumer.pause(*assigned)
        self.owned = frozenset(map(from_aiokafka, assigned))
        self.generation += 1
        self.changed.set()


class KafkaOwnership:
    """Membership of a consumer group. Made by `join_group`."""

    def __init__(self, consumer: AIOKafkaConsumer, assignment: _Assignment) -> None:
        self._consumer = consumer
        self._assignment = assignment
        self._acquired = -1

    async def acquire(self) -> frozenset[Partition]:
        """Wait until this member owns partitions, and return them."""
        while not self._assignment.owned:
            self._assignment.changed.clear()
            await self._assignment.changed.wait()
        self._acquired = self._assignment.generation
        return self._assignment.owned

    @property
    def is_lost(self) -> bool:
        """Whether the ownership has changed since `acquire` returned."""
        return self._acquired != self._assignment.generation

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Commit the offsets of the partitions owned, for whoever measures lag."""
        owned = {to_aiokafka(p): offset for p, offset in offsets.items() if p in self._assignment.owned}
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
        topics: each partition is owned by one member at a time.
        instance: names this member across restarts (KIP-345), so that it takes over from its former self at
            once instead of after the session time-out.
    """
    consumer = new_consumer(
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
        await close_in_time(consumer.stop(), consumer)
