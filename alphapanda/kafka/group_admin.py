"""The one seam to a cluster's consumer groups: who is in them, what they committed, and committing for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, IllegalGenerationError, UnknownMemberIdError, for_code

from alphapanda.errors import DependencyError, RefusedError
from alphapanda.kafka.client import KafkaOptions, open_admin
from alphapanda.kafka.committed import committed_offsets
from alphapanda.kafka.errors import kafka_errors
from alphapanda.model.records import Offsets, Partition

_AT_REST = frozenset({"Empty", "Dead"})


@dataclass(frozen=True, slots=True, order=True)
class Member:
    """One member of a group.

    Attributes:
        client: its client id.
        host: where it calls from.
    """

    client: str
    host: str


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """One consumer group.

    Attributes:
        name: its id.
        state: as the coordinator calls it: Stable, Empty, PreparingRebalance …
        members: who is in it.
    """

    name: str
    state: str
    members: tuple[Member, ...]

    @property
    def is_live(self) -> bool:
        """Whether somebody is in it, so that its offsets are theirs."""
        return bool(self.members) or self.state not in _AT_REST


class GroupAdmin:
    """What can be asked of consumer groups, and done to them. Made by `open_groups`."""

    def __init__(self, options: KafkaOptions, admin: AIOKafkaAdminClient) -> None:
        self._options = options
        self._admin = admin

    async def names(self) -> tuple[str, ...]:
        """Return the names of all groups, sorted."""
        with kafka_errors("listing consumer groups"):
            listed = await self._admin.list_consumer_groups()
        return tuple(sorted(str(entry[0]) for entry in listed))

    async def describe(self, names: Collection[str]) -> tuple[ConsumerGroup, ...]:
        """Return the groups of these names, sorted; one that is not there is Dead and has no members."""
        with kafka_errors("describing consumer groups"):
            # One by one: aiokafka 0.14 cannot read an answer about several (its version 3).
            answers = await asyncio.gather(*(self._admin.describe_consumer_groups([name]) for name in names))
        return tuple(sorted((_group(answer) for answer in answers), key=lambda group: group.name))

    async def committed(self, group: str) -> Offsets:
        """Return every offset that a group has committed."""
        with kafka_errors(f"reading what {group} committed"):
            offsets = await committed_offsets(self._admin, group)
        return {
            Partition(tp.topic, tp.partition): int(entry.offset)
            for tp, entry in offsets.items()
            if entry.offset >= 0
        }

    async def commit(self, group: str, offsets: Mapping[Partition, int]) -> None:
        """Commit offsets for a group that nobody is in; raises RefusedError if somebody is."""
        wanted = {TopicPartition(one.topic, one.number): offset for one, offset in offsets.items()}
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._options.bootstrap_servers,
            client_id=self._options.client_id,
            group_id=group,
            enable_auto_commit=False,
            request_timeout_ms=self._options.request_timeout_ms,
        )
        try:
            with kafka_errors(f"committing for {group}", connecting=True):
                await consumer.start()
            consumer.assign(list(wanted))
            with kafka_errors(f"committing for {group}"):
                try:
                    await consumer.commit(wanted)
                except (CommitFailedError, IllegalGenerationError, UnknownMemberIdError) as error:
                    raise RefusedError(
                        f"Kafka refused to move {group}: somebody is in it now.",
                        hint=f"Stop its members; see: alphapanda groups lag {group}",
                    ) from error
        finally:
            await consumer.stop()


def _group(answer: Sequence[Any]) -> ConsumerGroup:
    (entry,) = answer[0].to_object()["groups"]
    if entry["error_code"]:
        raise DependencyError(
            f"Kafka refused to describe the group {entry['group']}: {for_code(entry['error_code']).__name__}."
        )
    members = sorted(Member(one["client_id"], one["client_host"]) for one in entry["members"])
    return ConsumerGroup(entry["group"], entry["state"], tuple(members))


@asynccontextmanager
async def open_groups(options: KafkaOptions) -> AsyncIterator[GroupAdmin]:
    """Open the groups' administration. Raises DependencyError."""
    async with open_admin(options) as admin:
        yield GroupAdmin(options, admin)


def describe_members(members: Sequence[Member]) -> str:
    """Return members as people read them."""
    return ", ".join(f"{member.client}@{member.host.removeprefix('/')}" for member in members)
