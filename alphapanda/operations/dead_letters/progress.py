"""How far a consumer group has come: what it committed, and what its snapshot holds.

A group commits only the partitions that it owns; how far it has read the others its snapshot tells, which is at
most some seconds old. Both are written after the dead letters of what they pass.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import msgspec
from redis.asyncio import Redis

from alphapanda.errors import RedisUnreachableError
from alphapanda.kafka.client import KafkaOptions
from alphapanda.kafka.group_admin import GroupAdmin, open_groups
from alphapanda.model.records import Offsets, Partition
from alphapanda.operations.dead_letters.groups import snapshot_key
from alphapanda.state.store import open_redis, redis_errors


class _Inputs(msgspec.Struct):
    """The part of a snapshot that says how far its inputs were read."""

    log: str
    inputs: dict[str, int]


_DECODER = msgspec.msgpack.Decoder(_Inputs)


class GroupProgress:
    """Asks how far groups have come. Made by `open_group_progress`.

    Attributes:
        blind: why snapshots cannot be read; empty while they can.
    """

    def __init__(self, groups: GroupAdmin, redis: Redis) -> None:
        self._groups = groups
        self._redis = redis
        self.blind = ""

    async def reached(self, group: str, partitions: Collection[Partition], log_id: str) -> Offsets:
        """Return the next offset of each partition that the group is known to have come to; 0 where it is not.

        Args:
            group: whose.
            partitions: of which.
            log_id: the cluster's id; a snapshot of another log says nothing of this one.
        """
        committed = await self._groups.committed(group)
        found = {partition: committed.get(partition, 0) for partition in partitions}
        for partition, offset in (await self._remembered(group, log_id)).items():
            if partition in found:
                found[partition] = max(found[partition], offset)
        return found

    async def _remembered(self, group: str, log_id: str) -> Offsets:
        key = snapshot_key(group)
        if not key:
            return {}
        try:
            with redis_errors(f"reading the snapshot {key}"):
                value = await self._redis.get(key)
        except RedisUnreachableError as error:
            self.blind = error.message
            return {}
        self.blind = ""
        try:
            snapshot = _DECODER.decode(value if isinstance(value, bytes) else value.encode()) if value else None
        except msgspec.MsgspecError:
            return {}  # another version's: the group writes a new one within seconds
        if snapshot is None or snapshot.log != log_id:
            return {}
        return {Partition.parse(name): offset for name, offset in snapshot.inputs.items()}


@asynccontextmanager
async def open_group_progress(options: KafkaOptions, redis_url: str) -> AsyncIterator[GroupProgress]:
    """Connect to both; raises KafkaUnreachableError. Redis is connected to when it is first asked."""
    async with open_groups(options) as groups, open_redis(redis_url) as redis:
        yield GroupProgress(groups, redis)
