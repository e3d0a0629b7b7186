"""Consumer groups: their members, the offsets that they committed, and committing for a group without members."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, IllegalGenerationError, UnknownMemberIdError, for_code
from aiokafka.structs import OffsetAndMetadata

from alphapanda.errors import DependencyError, RefusedError
from alphapanda.kafka.client import KafkaOptions, new_consumer, open_admin
from alphapanda.kafka.errors import kafka_errors
from alphapanda.kafka.group_offsets import CommittedOffset, committed_offsets
from alphapanda.kafka.internals import close_in_time
from alphapanda.kafka.reader import to_aiokafka
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
        with kafka_errors(f"reading the offsets of {group}"):
            found = await committed_offsets(self._admin, group)
        return {partition: one.offset for partition, one in found.items()}

    async def commit(self, group: str, offsets: Mapping[Partition, int]) -> None:
        """Commit offsets for a group that has no members; raises RefusedError if it has."""
        async with open_committer(self._options, group) as committer:
            await committer.commit({partition: CommittedOffset(offset) for partition, offset in offsets.items()})


class GroupCommitter:
    """Commits offsets for a group that has no members. Made by `open_committer`."""

    def __init__(self, consumer: AIOKafkaConsumer, group: str) -> None:
        self._consumer = consumer
        self._group = group

    async def commit(self, offsets: Mapping[Partition, CommittedOffset]) -> None:
        """Commit; raises RefusedError if the group has members, TransientError if Kafka does not answer."""
        wanted = {to_aiokafka(partition): OffsetAndMetadata(*one) for partition, one in offsets.items()}
        assigned = self._consumer.assignment()
        if not wanted.keys() <= assigned:
            assigned |= wanted.keys()
            self._consumer.assign(list(assigned))
            self._consumer.pause(*assigned)  # it never reads
        with kafka_errors(f"committing for {self._group}"):
            try:
                await self._consumer.commit(wanted)
            except (CommitFailedError, IllegalGenerationError, UnknownMemberIdError) as error:
                raise RefusedError(
                    f"Kafka refused to move {self._group}: it has members now.",
                    hint=f"Stop its members; see: alphapanda groups lag {self._group}",
                ) from error


@asynccontextmanager
async def open_committer(options: KafkaOptions, group: str) -> AsyncIterator[GroupCommitter]:
    """Connect, to commit for `group` without joining it; raises KafkaUnreachableError."""
    consumer = new_consumer(options, group_id=group)
    try:
        with kafka_errors(f"connecting to {options.bootstrap_servers}", connecting=True):
            await consumer.start()
        yield GroupCommitter(consumer, group)
    finally:
        await close_in_time(consumer.stop(), consumer)


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
