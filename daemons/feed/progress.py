"""How far a source has come in the log: what a restarted feed need not write again.

The log itself says it: a source writes in order in each partition, so its last tick there tells that
all before it are there too. The offsets of a consumer group of the source's own, committed once a second,
say from where to look for that tick, so that neither other sources' ticks nor a long log cost time. After
a clean stop there is nothing to look for: the commit says that it is the last.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import ConsumerRecord, OffsetAndMetadata

from alphapanda.ids import SequenceIds
from alphapanda.kafka.committed import committed_offsets
from alphapanda.kafka.errors import kafka_errors
from alphapanda.kafka.tick_writer import Mark
from alphapanda.model.records import Header
from alphapanda.telemetry.log import Logger
from topics.services import FEED_GROUPS

_NONE: Final = -1
_CLOSED: Final = " closed"
_ID_PREFIX: Final = 24  # characters of an id before the tick's number


@dataclass(frozen=True, slots=True)
class _Memory:
    """What is committed for one partition.

    Attributes:
        mark: how far the source had come.
        closed: whether it was stopped there, so that nothing of it follows.
    """

    mark: Mark
    closed: bool

    @classmethod
    def read(cls, committed: OffsetAndMetadata | None) -> _Memory | None:
        if committed is None or committed.offset < 0:
            return None
        number, closed, _ = committed.metadata.partition(_CLOSED)
        try:
            return cls(Mark(int(number), committed.offset), bool(closed))
        except ValueError:
            return cls(Mark(_NONE, committed.offset), closed=False)  # committed by hand: look from there

    def committed(self) -> OffsetAndMetadata:
        return OffsetAndMetadata(self.mark.offset, f"{self.mark.number}{_CLOSED if self.closed else ''}")


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a source is taken up.

    Attributes:
        written: the number of its last tick, for each partition that has one.
        scanned: how many records were read to find out.
        partitions: how many the topic has.
    """

    written: Mapping[int, int]
    scanned: int
    partitions: int

    @property
    def highest(self) -> int:
        """The number of its latest tick in the log; -1 for none."""
        return max(self.written.values(), default=_NONE)


class FeedProgress:
    """Finds and remembers how far one source has come. Made by `open_progress`."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        admin: AIOKafkaAdminClient,
        topic: str,
        group: str,
        ids: SequenceIds,
        log: Logger,
    ) -> None:
        self._consumer = consumer
        self._admin = admin
        self._group = group
        self._topic = topic
        self._prefix = ids.at(0)[:_ID_PREFIX].encode()
        self._log = log
        self._committed: dict[int, _Memory] = {}

    async def find(self) -> Resumption:
        """Return how far the source has come; the first time, remember that it begins here.

        Raises:
            DependencyError: Kafka does not answer.
        """
        with kafka_errors(f"looking for the source's last ticks in {self._topic}"):
            (described,) = await self._admin.describe_topics([self._topic])
            tps = [TopicPartition(self._topic, each["partition"]) for each in described["partitions"]]
            tps.sort()
            self._consumer.assign(tps)
            self._consumer.pause(*tps)
            remembered = await committed_offsets(self._admin, self._group)
            begins = await self._consumer.beginning_offsets(tps)
            ends = await self._consumer.end_offsets(tps)
        known = {tp: memory for tp in tps if (memory := _Memory.read(remembered.get(tp))) is not None}
        if known and len(known) != len(tps):
            self._log.warning(
                "the topic has another number of partitions than when this source was last fed: "
                "some of its ticks may be written again, with the same ids",
                topic=self._topic,
                before=len(known),
                now=len(tps),
            )
        written: dict[int, int] = {}
        scanned = 0
        for tp in tps:
            memory = known.get(tp, _Memory(Mark(_NONE, ends[tp]), closed=True))
            number, start = memory.mark.number, max(memory.mark.offset, begins[tp])
            if memory.mark.offset > ends[tp]:
                self._log.warning(
                    "the log is shorter than it was: this source begins anew", partition=tp.partition, end=ends[tp]
                )
                number, start, memory = _NONE, begins[tp], _Memory(memory.mark, closed=False)
            if not memory.closed:
                found, read = await self._last_number(tp, start, ends[tp])
                number, scanned = max(number, found), scanned + read
            if number > _NONE:
                written[tp.partition] = number
            await self.remember({tp.partition: Mark(number, ends[tp])})
        return Resumption(written, scanned, len(tps))

    async def _last_number(self, tp: TopicPartition, start: int, end: int) -> tuple[int, int]:
        """Return the number of the source's last tick in [start, end), and how many records were read."""
        if start >= end:
            return _NONE, 0
        last = await self._read(tp, end - 1, end)
        if last[0] > _NONE:
            return last  # as nearly always: the source was the last to write
        return await self._read(tp, start, end)

    async def _read(self, tp: TopicPartition, start: int, end: int) -> tuple[int, int]:
        number, read = _NONE, 0
        self._consumer.seek(tp, start)
        self._consumer.resume(tp)
        try:
            with kafka_errors(f"looking for the source's last ticks in {self._topic}"):
                while await self._consumer.position(tp) < end:
                    got = await self._consumer.getmany(tp, timeout_ms=1_000, max_records=10_000)
                    for record in got.get(tp, ()):
                        read += 1
                        number = max(number, self._number_of(record))
        finally:
            self._consumer.pause(tp)
        return number, read

    def _number_of(self, record: ConsumerRecord[bytes, bytes]) -> int:
        for name, value in record.headers:
            if name == Header.CORRELATION_ID and value.startswith(self._prefix):
                return int(value[_ID_PREFIX:], 16)
        return _NONE

    async def remember(self, marks: Mapping[int, Mark]) -> None:
        """Commit how far the source has come, where that has changed.

        Raises:
            TransientError: Kafka does not answer; nothing depends on it but the time of the next start.
        """
        await self._commit({number: _Memory(mark, closed=False) for number, mark in marks.items()})

    async def close(self, marks: Mapping[int, Mark]) -> None:
        """Commit that these are the source's last ticks; raises as `remember` does."""
        last = {number: memory.mark for number, memory in self._committed.items()} | dict(marks)
        await self._commit({number: _Memory(mark, closed=True) for number, mark in last.items()})

    async def _commit(self, memories: Mapping[int, _Memory]) -> None:
        changed = {number: memory for number, memory in memories.items() if self._committed.get(number) != memory}
        if not changed:
            return
        with kafka_errors(f"committing offsets of {self._group}"):
            await self._consumer.commit(
                {TopicPartition(self._topic, number): memory.committed() for number, memory in changed.items()}
            )
        self._committed.update(changed)


@asynccontextmanager
async def open_progress(
    bootstrap_servers: str, topic: str, ids: SequenceIds, log: Logger, *, request_timeout_ms: int = 30_000
) -> AsyncIterator[FeedProgress]:
    """Open the progress of the source whose ids these are; raises DependencyError."""
    group = f"{FEED_GROUPS}{ids.at(0)[:_ID_PREFIX].replace('-', '')}"
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        client_id="feed",
        group_id=group,
        enable_auto_commit=False,
        request_timeout_ms=request_timeout_ms,
        max_partition_fetch_bytes=4 << 20,
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, client_id="feed")
    with kafka_errors(f"connecting to {bootstrap_servers}", connecting=True):
        await consumer.start()
        try:
            await admin.start()
        except BaseException:
            await consumer.stop()
            raise
    try:
        yield FeedProgress(consumer, admin, topic, group, ids, log)
    finally:
        await admin.close()
        await consumer.stop()
