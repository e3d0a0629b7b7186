"""How far a source has come in the log: what a restarted feed need not write again.

The log itself says it: a source writes in order in each partition, so its last tick there tells that
all before it are there too. The offsets of a consumer group of the source's own, committed once a second,
say from where to look for that tick, so that neither other sources' ticks nor a long log cost time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import ConsumerRecord, OffsetAndMetadata

from alphapanda.bus.records import Header
from alphapanda.bus.seam import kafka_errors
from alphapanda.bus.tick_writer import Mark
from alphapanda.ids import SequenceIds
from alphapanda.telemetry.log import Log

_NONE: Final = -1
_ID_PREFIX: Final = 24  # characters of an id before the tick's number


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a source is taken up.

    Attributes:
        written: the number of its last tick, for each partition that has one.
        scanned: how many records were read to find out.
    """

    written: Mapping[int, int]
    scanned: int

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
        log: Log,
    ) -> None:
        self._consumer = consumer
        self._admin = admin
        self._group = group
        self._topic = topic
        self._prefix = ids.at(0)[:_ID_PREFIX].encode()
        self._log = log
        self._committed: dict[int, Mark] = {}

    async def find(self) -> Resumption:
        """Return how far the source has come; the first time, remember that it begins here.

        Raises:
            DependencyError: Kafka does not answer.
        """
        with kafka_errors(f"looking for the source's last ticks in {self._topic}"):
            numbers = sorted(self._consumer.partitions_for_topic(self._topic) or ())
            tps = [TopicPartition(self._topic, number) for number in numbers]
            self._consumer.assign(tps)
            self._consumer.pause(*tps)
            remembered = await self._admin.list_consumer_group_offsets(self._group)
            begins = await self._consumer.beginning_offsets(tps)
            ends = await self._consumer.end_offsets(tps)
        known = {tp: mark for tp in tps if (mark := _mark_of(remembered.get(tp))) is not None}
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
            mark = known.get(tp, Mark(_NONE, ends[tp]))
            if mark.offset > ends[tp]:
                self._log.warning(
                    "the log is shorter than it was: this source begins anew", partition=tp.partition, end=ends[tp]
                )
                mark = Mark(_NONE, begins[tp])
            number, read = await self._last_number(tp, max(mark.offset, begins[tp]), ends[tp])
            scanned += read
            number = max(number, mark.number)
            if number > _NONE:
                written[tp.partition] = number
            await self.remember({tp.partition: Mark(number, ends[tp])})
        return Resumption(written, scanned)

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
        changed = {number: mark for number, mark in marks.items() if self._committed.get(number) != mark}
        if not changed:
            return
        with kafka_errors(f"committing offsets of {self._group}"):
            await self._consumer.commit(
                {
                    TopicPartition(self._topic, number): OffsetAndMetadata(mark.offset, str(mark.number))
                    for number, mark in changed.items()
                }
            )
        self._committed.update(changed)


def _mark_of(committed: OffsetAndMetadata | None) -> Mark | None:
    if committed is None or committed.offset < 0:
        return None
    try:
        return Mark(int(committed.metadata), committed.offset)
    except ValueError:
        return Mark(_NONE, committed.offset)  # committed by hand: look from there


@asynccontextmanager
async def open_progress(
    bootstrap_servers: str, topic: str, ids: SequenceIds, log: Log, *, request_timeout_ms: int = 30_000
) -> AsyncIterator[FeedProgress]:
    """Open the progress of the source whose ids these are; raises DependencyError."""
    group = f"alphapanda.feed.{ids.at(0)[:_ID_PREFIX].replace('-', '')}"
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
        with kafka_errors(f"looking up {topic}"):
            await consumer.topics()
        yield FeedProgress(consumer, admin, topic, group, ids, log)
    finally:
        await admin.close()
        await consumer.stop()
