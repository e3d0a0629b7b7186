"""The progress of consumer groups, by commits and snapshots, and watching sent records.

A group commits only the partitions that it owns; how far it has read the others its snapshot tells, which is at
most some seconds old. Both are written after the dead letters of what they pass.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from redis.asyncio import Redis

from alphapanda.errors import RedisUnreachableError
from alphapanda.kafka.client import KafkaOptions, KafkaReadLog
from alphapanda.kafka.group_admin import GroupAdmin, open_groups
from alphapanda.kafka.reader import KafkaReader
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Offsets, Partition
from alphapanda.operations.dead_letters.ledger import LedgerEntry
from alphapanda.operations.dead_letters.record import DeadLetter, read_dead_letter
from alphapanda.state.store import open_redis, redis_errors
from topics.services import Service


class _Inputs(msgspec.Struct):
    """The input offsets of a snapshot."""

    log: str
    inputs: dict[str, int]


_DECODER = msgspec.msgpack.Decoder(_Inputs)


class GroupProgress:
    """Reads the offsets that groups have reached. Made by `open_group_progress`.

    Attributes:
        redis_error: why snapshots cannot be read; empty while they can.
    """

    def __init__(self, groups: GroupAdmin, redis: Redis) -> None:
        self._groups = groups
        self._redis = redis
        self.redis_error = ""

    async def reached(self, group: str, partitions: Collection[Partition], log_id: str) -> Offsets:
        """Return the next offset of each partition that the group is known to have come to; 0 where it is not.

        Args:
            group: whose.
            partitions: of which.
            log_id: the cluster's id; a snapshot of another log says nothing of this one.
        """
        found = await self._committed(group, partitions)
        for partition, offset in (await self._remembered(group, log_id)).items():
            if partition in found:
                found[partition] = max(found[partition], offset)
        return found

    async def _committed(self, group: str, partitions: Collection[Partition]) -> Offsets:
        committed = await self._groups.committed(group)
        return {one: committed.get(one, 0) for one in partitions}

    async def _remembered(self, group: str, log_id: str) -> Offsets:
        service = Service.of_group(group)
        if service is None:
            return {}
        key = service.snapshot_key
        try:
            with redis_errors(f"reading the snapshot {key}"):
                value = await self._redis.get(key)
        except RedisUnreachableError as error:
            self.redis_error = error.message
            return {}
        self.redis_error = ""
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


POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class SentRecord:
    """A record that was sent again and is not settled yet.

    Attributes:
        entry: what the ledger says of it: replayed.
        dead_letter: the dead letter that was sent.
        sent: where it was written.
        group: who is to process it.
    """

    entry: LedgerEntry
    dead_letter: DeadLetter
    sent: LogPosition
    group: str


@dataclass(frozen=True, slots=True)
class WatchResult:
    """What one look has shown.

    Attributes:
        confirmed: processed.
        returned: came back, each with its new dead letter.
    """

    confirmed: tuple[SentRecord, ...] = ()
    returned: tuple[tuple[SentRecord, DeadLetter], ...] = ()


@dataclass(slots=True)
class ReplayWatch:
    """Watches one dead-letter topic and the groups behind it. Made by `open_watch`.

    Attributes:
        waiting: dead letter's id → what is watched.
        reached: group → how far it was at the last look.
    """

    log: KafkaReadLog
    reader: KafkaReader
    progress: GroupProgress
    log_id: str
    dead_letters: tuple[Partition, ...]
    waiting: dict[str, SentRecord] = field(default_factory=dict)
    reached: dict[str, Offsets] = field(default_factory=dict)
    _came_back: dict[str, DeadLetter] = field(default_factory=dict)

    def add(self, one: SentRecord) -> None:
        """Watch a record from now on."""
        self.waiting[one.dead_letter.id] = one

    async def look(self) -> WatchResult:
        """Return the records that settled since the last call, and stop watching them.

        The order matters: how far a group has come is asked first. It writes a dead letter before it goes past
        the record, so every dead letter of what it has passed is read afterwards.
        """
        asked = dict(self.waiting)
        if not asked:
            return WatchResult()
        await self._ask(asked)
        for dead_letter in await self._new_dead_letters():
            if dead_letter.replay_of:  # kept: it may come back before its sender has said that it was sent
                self._came_back[dead_letter.replay_of] = dead_letter
        returned: list[tuple[SentRecord, DeadLetter]] = []
        for one in asked.values():
            came_back = self._came_back.get(str(one.dead_letter.place))
            if came_back is not None:
                returned.append((one, came_back))
        gone = {one.dead_letter.id for one, _ in returned}
        confirmed = [one for one in asked.values() if one.dead_letter.id not in gone and self._has_passed(one)]
        for settled in (*confirmed, *(one for one, _ in returned)):
            self.waiting.pop(settled.dead_letter.id, None)
        return WatchResult(tuple(confirmed), tuple(returned))

    async def _ask(self, asked: dict[str, SentRecord]) -> None:
        groups: dict[str, set[Partition]] = {}
        for one in asked.values():
            groups.setdefault(one.group, set()).add(Partition(one.sent.topic, one.sent.partition))
        for group, partitions in groups.items():
            self.reached[group] = await self.progress.reached(group, sorted(partitions), self.log_id)

    def _has_passed(self, one: SentRecord) -> bool:
        partition = Partition(one.sent.topic, one.sent.partition)
        return self.reached.get(one.group, {}).get(partition, 0) > one.sent.offset

    async def _new_dead_letters(self) -> list[DeadLetter]:
        ends = await self.log.ends(self.dead_letters)
        dead_letters: list[DeadLetter] = []
        while True:
            behind = [p for p in self.dead_letters if await self.reader.position(p) < ends[p]]
            if not behind:
                return dead_letters
            dead_letters += [read_dead_letter(record) for record in await self.reader.poll(POLL_S)]


@asynccontextmanager
async def open_watch(
    log: KafkaReadLog, progress: GroupProgress, log_id: str, ends: Offsets
) -> AsyncIterator[ReplayWatch]:
    """Watch dead-letter partitions from the offsets in `ends` on."""
    reader = await log.reader()
    async with aclosing(reader):
        reader.seek(ends)
        yield ReplayWatch(log, reader, progress, log_id, tuple(ends))
