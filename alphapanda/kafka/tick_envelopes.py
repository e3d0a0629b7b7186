"""Ticks to Kafka records by way of whole envelopes, in whatever form a codec gives them.

For ticks in Avro; JSON has `TickEncoder`, which is many times as fast and gives the same records.
"""

from __future__ import annotations

from collections.abc import Callable, Container, MutableMapping
from typing import Any

from alphapanda.ids import InstrumentId, SequenceIds
from alphapanda.kafka.log import partition_of
from alphapanda.kafka.tick_batch import BATCH_BYTES, TickBatch, varint
from alphapanda.kafka.tick_encoder import tick_envelope
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.records import Headers, envelope_headers
from alphapanda.model.tick import TickFrame

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
