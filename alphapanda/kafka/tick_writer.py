"""Ticks into the log: one batch a partition and frame, idempotent, acknowledged by all replicas.

Several frames are under way at a time and compression runs in a thread, so that this process encodes
while Kafka writes; with linger 0 a lone frame leaves at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Container, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from alphapanda.clock import Clock
from alphapanda.errors import DependencyError
from alphapanda.ids import InstrumentId, SequenceIds
from alphapanda.kafka.errors import kafka_errors
from alphapanda.kafka.partitioner import partition_of
from alphapanda.kafka.tick_batch import BATCH_BYTES, Compression, TickBatch, varint
from alphapanda.kafka.tick_encoder import TickEncoder, tick_envelope
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.records import Headers, envelope_headers
from alphapanda.model.tick import TickFrame
from alphapanda.serialization import codec as json_codec
from alphapanda.serialization.codec import Codec, JsonCodec
from topics.names import TopicName

TICKS_TOPIC: Final = str(TopicName("market", "", "ticks"))

MAX_FRAME_TICKS: Final = 2_000
"""The most ticks that a frame should have: some five milliseconds of encoding."""

FRAMES_UNDER_WAY: Final = 6
"""How many frames may wait for their acknowledgement."""

RESUME_WINDOW: Final = MAX_FRAME_TICKS * (FRAMES_UNDER_WAY + 1)
"""How far, in ticks of one source, two partitions can be apart when the writer dies."""


@dataclass(frozen=True, slots=True)
class TickWriterOptions:
    """How ticks are written.

    Attributes:
        bootstrap_servers: host:port, comma-separated.
        topic: where to.
        client_id: our name in the broker's logs and quotas.
        compression: of batches that are large enough for it to pay.
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
        number: of its last tick that is in the log.
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


@dataclass(slots=True, eq=False)
class _Pending:
    """One frame under way."""

    arrived: float
    sent: float
    batches: Sequence[TickBatch]
    packing: asyncio.Future[None] | None
    done: asyncio.Future[None]
    waiting: int

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)
            self.done.exception()  # it may never be awaited: an earlier frame's failure ends the writing


class TickWriter:
    """Writes the frames of one source. Made by `open_tick_writer`.

    Attributes:
        marks: how far the source has come in each partition, as acknowledged.
        partitions: how many the topic has.
    """

    def __init__(
        self,
        producer: AIOKafkaProducer,
        options: TickWriterOptions,
        encoder: TickEncoder | EnvelopeTickEncoder,
        clock: Clock,
        *,
        written: Mapping[int, int],
        on_acknowledged: Callable[[Acknowledged], None],
    ) -> None:
        self.marks: dict[int, Mark] = {}
        self.partitions = encoder.partitions
        self._producer = producer
        self._options = options
        self._encoder = encoder
        self._clock = clock
        self._written = dict(written)
        self._on_acknowledged = on_acknowledged
        self._under_way: deque[_Pending] = deque()
        self._outbox: asyncio.Queue[_Pending] = asyncio.Queue(FRAMES_UNDER_WAY)

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
            DependencyError: an earlier frame was not acknowledged, or
            TransientError: not within its time. The log then holds every tick up to some tick in each
                partition, so that a new writer can continue.
        """
        while len(self._under_way) >= FRAMES_UNDER_WAY:
            await self._await_oldest()
        sent = self._clock.monotonic()
        stamp = int(self._clock.now().timestamp() * 1000)
        batches = self._encoder.batches(frame, stamp, wanted=wanted, written=self._written)
        if not batches:
            return 0
        loop = asyncio.get_running_loop()
        compression = self._options.compression
        packing = None
        if compression is not Compression.NONE and any(batch.is_worth_packing for batch in batches):
            packing = loop.run_in_executor(None, _pack, batches, compression)
        pending = _Pending(
            sent if arrived is None else arrived, sent, batches, packing, loop.create_future(), len(batches)
        )
        self._under_way.append(pending)
        self._outbox.put_nowait(pending)
        return sum(batch.record_count() for batch in batches)

    def oldest_age(self) -> float:
        """Return for how many seconds the oldest frame under way has been waiting; 0 when none is."""
        pending = [one for one in self._under_way if not one.done.done()]
        return self._clock.monotonic() - pending[0].sent if pending else 0.0

    async def drain(self) -> None:
        """Wait until everything written is acknowledged; raises as `write` does."""
        while self._under_way:
            await self._await_oldest()

    async def send(self) -> None:
        """Send the frames written, in order, until cancelled. `open_tick_writer` runs it."""
        while True:
            pending = await self._outbox.get()
            try:
                if pending.packing is not None:
                    await pending.packing
                for batch in pending.batches:
                    ack = await self._producer.send_batch(batch, self._options.topic, partition=batch.partition)
                    ack.add_done_callback(partial(self._acknowledge, pending, batch))
            except Exception as error:  # noqa: BLE001 - raised where the frame is settled
                pending.fail(error)

    def _acknowledge(self, pending: _Pending, batch: TickBatch, ack: asyncio.Future[RecordMetadata]) -> None:
        if ack.cancelled():
            pending.fail(DependencyError("The writer was closed before Kafka acknowledged a frame."))
            return
        error = ack.exception()
        if error is not None:
            pending.fail(error)
            return
        offset = ack.result().offset
        if offset >= 0:  # -1 where Kafka knew the batch already: an answer to a retry has no place in it
            self.marks[batch.partition] = Mark(batch.last, offset + batch.record_count())
        pending.waiting -= 1
        if not pending.waiting and not pending.done.done():
            pending.done.set_result(None)
            ticks = sum(each.record_count() for each in pending.batches)
            self._on_acknowledged(Acknowledged(ticks, self._clock.monotonic() - pending.arrived))

    async def _await_oldest(self) -> None:
        oldest = self._under_way[0]
        with kafka_errors(f"writing to {self._options.topic}"):
            await asyncio.shield(oldest.done)
        self._under_way.popleft()


def _pack(batches: Sequence[TickBatch], compression: Compression) -> None:
    for batch in batches:
        batch.pack(compression)


@asynccontextmanager
async def open_tick_writer(
    options: TickWriterOptions,
    ids: SequenceIds,
    clock: Clock,
    *,
    written: Mapping[int, int] | None = None,
    on_acknowledged: Callable[[Acknowledged], None] = lambda _: None,
    codec: Codec | None = None,
) -> AsyncIterator[TickWriter]:
    """Open a writer for the source whose ids these are. Call `drain` before leaving: it raises an earlier failure.

    Args:
        options: where to and how.
        ids: of the source's ticks.
        clock: stamps records and measures latency.
        written: the number of the source's last tick in the log, for each partition that has one: ticks up
            to it are left out.
        on_acknowledged: called with each frame that is in the log.
        codec: how ticks are written; JSON when not given.

    Raises:
        DependencyError: no Kafka answers, or the topic is not there.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=options.bootstrap_servers,
        client_id=options.client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=options.request_timeout_ms,
    )
    sender: asyncio.Task[None] | None = None
    try:
        with kafka_errors(f"connecting to {options.bootstrap_servers}", connecting=True):
            await producer.start()
        with kafka_errors(f"looking up {options.topic}"):
            partitions = await producer.partitions_for(options.topic)
        if not partitions:
            raise DependencyError(f"There is no topic {options.topic}.", hint="Run: alphapanda topics bootstrap")
        encode = (codec or JsonCodec()).encoder(options.topic)
        is_json = encode is json_codec.encode  # which has an encoder of its own, many times as fast
        encoder = (
            TickEncoder(ids, len(partitions)) if is_json else EnvelopeTickEncoder(ids, len(partitions), encode)
        )
        writer = TickWriter(
            producer, options, encoder, clock, written=written or {}, on_acknowledged=on_acknowledged
        )
        sender = asyncio.create_task(writer.send(), name="tick-writer")
        yield writer
    finally:
        if sender is not None:
            sender.cancel()
            await asyncio.wait([sender])
        await producer.stop()


_FULL = BATCH_BYTES - 100_000
"""A batch larger than this takes no more: no tick is as large as the rest."""


class EnvelopeTickEncoder:
    """Encodes the ticks of one source.

    Attributes:
        partitions: how many the topic has.

    Args:
        ids: of the source.
        partitions: how many the topic has.
        encode: makes the value of a tick's envelope.
    """

    def __init__(self, ids: SequenceIds, partitions: int, encode: Callable[[EventEnvelope[Any]], bytes]) -> None:
        self.partitions = partitions
        self._ids = ids
        self._encode = encode
        self._partition_of: dict[bytes, int] = {}

    def batches(
        self,
        frame: TickFrame,
        stamp: int,
        *,
        wanted: Container[InstrumentId] | None,
        written: MutableMapping[int, int],
    ) -> list[TickBatch]:
        """Return a frame's ticks as batches; arguments and result are `TickEncoder.batches`'s."""
        full: list[TickBatch] = []
        open_: dict[int, tuple[list[bytes], int]] = {}
        sizes: dict[int, int] = {}
        for number, tick in enumerate(frame.ticks, frame.first):
            if wanted is not None and tick.instrument not in wanted:
                continue
            envelope = tick_envelope(self._ids, number, tick)
            key = envelope.key.encode()
            partition = self._partition_of.get(key)
            if partition is None:
                partition = self._partition_of[key] = partition_of(key, self.partitions)
            if number <= written.get(partition, -1):
                continue
            if sizes.get(partition, 0) > _FULL:
                full.append(TickBatch(partition, stamp, *open_.pop(partition)))
                sizes[partition] = 0
            records, _ = open_.get(partition, ([], number))
            record = _record(len(records), key, self._encode(envelope), envelope_headers(envelope))
            records.append(record)
            sizes[partition] = sizes.get(partition, 0) + len(record)
            open_[partition] = records, number
        full += [TickBatch(partition, stamp, *filled) for partition, filled in open_.items()]
        for batch in full:
            written[batch.partition] = batch.last
        return full


def _record(index: int, key: bytes, value: bytes, headers: Headers) -> bytes:
    """Return one record of a batch; its attributes, and its time since the batch's, are zero."""
    parts = [b"\x00\x00", varint(index), varint(len(key)), key, varint(len(value)), value, varint(len(headers))]
    for name, content in headers:
        encoded, value_bytes = name.encode(), content or b""
        parts += [varint(len(encoded)), encoded, varint(len(value_bytes)), value_bytes]
    body = b"".join(parts)
    return varint(len(body)) + body
