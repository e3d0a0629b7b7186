"""Ticks into the log: one batch a partition and frame, idempotent, acknowledged by all replicas.

`create_batch`/`send_batch` cost a quarter of what `send` costs, and with linger 0 a frame leaves at
once. Several frames are under way at a time, so that this process encodes while Kafka writes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Container, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from alphapanda.bus.seam import kafka_errors
from alphapanda.bus.tick_encoder import TickEncoder
from alphapanda.clock import Clock
from alphapanda.errors import DependencyError, PermanentError
from alphapanda.ids import InstrumentId, SequenceIds
from alphapanda.market.frames import TickFrame
from topics.names import TopicName

TICKS_TOPIC: Final = str(TopicName("market", "", "ticks"))

MAX_FRAME_TICKS: Final = 4_000
"""The most ticks that one frame should have: some milliseconds of encoding."""

FRAMES_UNDER_WAY: Final = 4
"""How many frames may wait for their acknowledgement."""

RESUME_WINDOW: Final = MAX_FRAME_TICKS * (FRAMES_UNDER_WAY + 1)
"""How far, in ticks of one source, two partitions can be apart when the writer dies."""

_BATCH_BYTES: Final = 900_000  # below Kafka's default max.message.bytes of 1,048,588


class Compression(StrEnum):
    """How batches are compressed."""

    NONE = "none"
    LZ4 = "lz4"
    ZSTD = "zstd"


@dataclass(frozen=True, slots=True)
class TickWriterOptions:
    """How ticks are written.

    Attributes:
        bootstrap_servers: host:port, comma-separated.
        topic: where to.
        client_id: who we are, in the broker's logs and quotas.
        compression: of each batch.
        request_timeout_ms: how long a batch is tried while no broker answers.
    """

    bootstrap_servers: str
    topic: str = TICKS_TOPIC
    client_id: str = "feed"
    compression: Compression = Compression.NONE
    request_timeout_ms: int = 30_000


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a source has come in one partition.

    Attributes:
        number: of its last tick that is in the log; -1 when none is.
        offset: the offset after that tick.
    """

    number: int
    offset: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One frame that is in the log.

    Attributes:
        ticks: how many of its ticks were written.
        seconds: from its arrival to the last acknowledgement.
    """

    ticks: int
    seconds: float


@dataclass(slots=True)
class _Batch:
    builder: BatchBuilder
    partition: int
    last: int = -1
    count: int = 0


@dataclass(slots=True)
class _Frame:
    arrived: float
    ticks: int = 0
    acks: list[asyncio.Future[RecordMetadata]] = field(default_factory=list)
    waiting: int = 0


class TickWriter:
    """Writes the frames of one source. Made by `open_tick_writer`.

    Attributes:
        marks: how far the source has come in each partition, by what was acknowledged.
    """

    def __init__(
        self,
        producer: AIOKafkaProducer,
        options: TickWriterOptions,
        encoder: TickEncoder,
        clock: Clock,
        *,
        written: Mapping[int, int],
        on_acknowledged: Callable[[Acknowledged], None],
    ) -> None:
        self.marks: dict[int, Mark] = {}
        self._producer = producer
        self._topic = options.topic
        self._encoder = encoder
        self._clock = clock
        self._written = dict(written)
        self._on_acknowledged = on_acknowledged
        self._under_way: deque[_Frame] = deque()

    async def write(
        self, frame: TickFrame, *, wanted: Container[InstrumentId] | None = None, arrived: float | None = None
    ) -> int:
        """Hand a frame to Kafka and return how many of its ticks that were.

        Ticks that the log holds already are left out. Waits while too many frames are under way.

        Args:
            frame: follows the one before it.
            wanted: the instruments to write; None for all.
            arrived: when the frame came, by the clock's monotonic time; now when not given.

        Raises:
            DependencyError: an earlier frame or this one was not acknowledged. What is in the log then is
                whole up to some tick in every partition, so writing can be resumed.
        """
        while len(self._under_way) >= FRAMES_UNDER_WAY:
            await self._settle_oldest()
        pending = _Frame(self._clock.monotonic() if arrived is None else arrived)
        for batch in self._build(frame, wanted):
            batch.builder.close()
            with kafka_errors(f"writing to {self._topic}"):
                ack = await self._producer.send_batch(batch.builder, self._topic, partition=batch.partition)
            pending.ticks += batch.count
            pending.waiting += 1
            pending.acks.append(ack)
            ack.add_done_callback(partial(self._acknowledge, pending, batch))
        if pending.ticks:
            self._under_way.append(pending)
        return pending.ticks

    async def drain(self) -> None:
        """Wait until everything written is acknowledged; raises DependencyError."""
        while self._under_way:
            await self._settle_oldest()

    def _build(self, frame: TickFrame, wanted: Container[InstrumentId] | None) -> list[_Batch]:
        """Return the frame's batches, each partition's in order."""
        encoder = self._encoder
        written = self._written
        stamp = int(self._clock.now().timestamp() * 1000)
        full: list[_Batch] = []
        open_: dict[int, _Batch] = {}
        for number, tick in enumerate(frame.ticks, frame.first):
            if wanted is not None and tick.instrument not in wanted:
                continue
            lane = encoder.lane(tick)
            partition = lane.partition
            if number <= written.get(partition, -1):
                continue
            value = encoder.value(lane, number, tick)
            headers = encoder.headers(number)
            batch = open_.get(partition)
            if batch is None:
                batch = open_[partition] = _Batch(self._producer.create_batch(), partition)
            if batch.builder.append(timestamp=stamp, key=lane.key, value=value, headers=headers) is None:
                full.append(batch)
                batch = open_[partition] = _Batch(self._producer.create_batch(), partition)
                if batch.builder.append(timestamp=stamp, key=lane.key, value=value, headers=headers) is None:
                    raise PermanentError(f"A tick of {tick.instrument} does not fit into a batch.")
            batch.last = number
            batch.count += 1
        batches = [*full, *open_.values()]
        for batch in batches:
            written[batch.partition] = batch.last
        return batches

    def _acknowledge(self, frame: _Frame, batch: _Batch, ack: asyncio.Future[RecordMetadata]) -> None:
        if ack.cancelled() or ack.exception() is not None:
            return  # raised where the frame is settled
        self.marks[batch.partition] = Mark(batch.last, ack.result().offset + batch.count)
        frame.waiting -= 1
        if not frame.waiting:
            self._on_acknowledged(Acknowledged(frame.ticks, self._clock.monotonic() - frame.arrived))

    async def _settle_oldest(self) -> None:
        frame = self._under_way[0]
        with kafka_errors(f"writing to {self._topic}"):
            await asyncio.gather(*frame.acks)
        self._under_way.popleft()


@asynccontextmanager
async def open_tick_writer(
    options: TickWriterOptions,
    ids: SequenceIds,
    clock: Clock,
    *,
    written: Mapping[int, int] | None = None,
    on_acknowledged: Callable[[Acknowledged], None] = lambda _: None,
) -> AsyncIterator[TickWriter]:
    """Open a writer for the source whose ids these are; what was written is flushed on the way out.

    Args:
        options: where to and how.
        ids: of the source's ticks.
        clock: stamps records and measures latency.
        written: the number of the source's last tick in the log, for each partition that has one: ticks up
            to it are left out.
        on_acknowledged: told of each frame that is in the log.

    Raises:
        DependencyError: no Kafka answers, or the topic is not there.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=options.bootstrap_servers,
        client_id=options.client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=_BATCH_BYTES,
        compression_type=None if options.compression is Compression.NONE else options.compression.value,
        request_timeout_ms=options.request_timeout_ms,
    )
    try:
        with kafka_errors(f"connecting to {options.bootstrap_servers}", connecting=True):
            await producer.start()
        with kafka_errors(f"looking up {options.topic}"):
            partitions = await producer.partitions_for(options.topic)
        if not partitions:
            raise DependencyError(f"There is no topic {options.topic}.", hint="Run: alphapanda topics bootstrap")
        encoder = TickEncoder(ids, len(partitions))
        yield TickWriter(producer, options, encoder, clock, written=written or {}, on_acknowledged=on_acknowledged)
    finally:
        await producer.stop()
