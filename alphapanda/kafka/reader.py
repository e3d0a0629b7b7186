"""The reader that follows the log: aiokafka's consumer without a group. For bulk there is `batch_reader`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from alphapanda.kafka.errors import kafka_errors
from alphapanda.kafka.internals import (
    HURRIED_FETCH_S,
    PATIENT_FETCH_S,
    close_in_time,
    gather_records,
    hold_back_fetches,
    look_around_rarely,
)
from alphapanda.model.records import Partition, Record

MAX_RECORDS: Final = 2_000
"""The most that one poll gives, so that a batch stays some tens of milliseconds."""
FETCH_BYTES: Final = 2 << 20
GATHER_BYTES: Final = 64 << 10
GATHER_MS: Final = 200


def to_aiokafka(partition: Partition) -> TopicPartition:
    """Return a partition as aiokafka has it."""
    return TopicPartition(partition.topic, partition.number)


def from_aiokafka(partition: TopicPartition) -> Partition:
    """Return one of aiokafka's partitions as ours."""
    return Partition(partition.topic, partition.partition)


class KafkaReader:
    """Reads chosen partitions of Kafka. Joins no group, commits nothing. Made by `KafkaReadLog.reader`.

    Args:
        consumer: a started one; it is closed with the reader.
        gather: let many small batches come as one answer while they come often, for a screen; the first after a
            pause comes at once.
        fetch_max_wait_ms: how long a fetch may wait for data, while nothing gathers.
    """

    def __init__(self, consumer: AIOKafkaConsumer, *, gather: bool, fetch_max_wait_ms: int) -> None:
        self._consumer = consumer
        self._gather = gather
        self._is_calm = False
        self._fetch_max_wait_ms = fetch_max_wait_ms
        self._partitions: dict[TopicPartition, Partition] = {}
        look_around_rarely(consumer)

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Go to these offsets; the partitions named are those read from now on."""
        wanted = {to_aiokafka(partition): partition for partition in offsets}
        if wanted.keys() != self._partitions.keys():
            self._partitions = wanted
            self._consumer.assign(list(wanted))
        for tp, partition in wanted.items():
            self._consumer.seek(tp, offsets[partition])

    async def poll(
        self, timeout_s: float, only: Collection[Partition] | None = None, limit: int = MAX_RECORDS
    ) -> list[Record]:
        """Return up to `limit` new records, in order within each partition; none after `timeout_s`."""
        wanted = [to_aiokafka(partition) for partition in only or ()]
        hold_back_fetches(self._consumer, HURRIED_FETCH_S if wanted else PATIENT_FETCH_S)
        with kafka_errors("reading"):
            got = await self._consumer.getmany(*wanted, timeout_ms=int(timeout_s * 1000), max_records=limit)
        if self._gather and self._is_calm is bool(got):
            self._is_calm = not got
            gather_records(
                self._consumer,
                1 if self._is_calm else GATHER_BYTES,
                self._fetch_max_wait_ms if self._is_calm else GATHER_MS,
            )
        records: list[Record] = []
        for tp, messages in got.items():
            partition = self._partitions[tp]
            records += [Record(partition, m.offset, m.timestamp, m.key, m.value, m.headers) for m in messages]
        return records

    async def position(self, partition: Partition) -> int:
        """Return the next offset that `poll` gives or waits for."""
        with kafka_errors(f"reading {partition}"):
            return int(await self._consumer.position(to_aiokafka(partition)))

    def known_end(self, partition: Partition) -> int | None:
        """Return the end of a partition as of the last fetch; None before the first."""
        end = self._consumer.highwater(to_aiokafka(partition))
        return None if end is None else int(end)

    async def aclose(self) -> None:
        """Stop reading."""
        await close_in_time(self._consumer.stop(), self._consumer)
