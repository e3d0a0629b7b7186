"""One Kafka record batch (magic 2) of ticks, put together from prepared pieces.

aiokafka's own builder takes key, value and headers of every record apart and together again, and
compresses lz4 at its slowest level in the event loop's thread. This one joins the pieces of `TickEncoder`,
compresses in a thread, and has the methods that aiokafka's accumulator calls on a builder (0.14; a contract test
compares both byte by byte, and reads these with aiokafka's reader).

Source of the layout: Apache Kafka, "Message format", record batch.
"""

from __future__ import annotations

import struct
from enum import IntEnum, StrEnum
from typing import Final

import cramjam
from aiokafka.record.util import calc_crc32c

BATCH_BYTES: Final = 900_000
"""The most that one batch holds before compression: below Kafka's max.message.bytes of 1,048,588."""

COMPRESS_FROM: Final = 16_384
"""Smaller batches stay as they are: little is gained, and a live tick should not wait for it."""

_HEADER: Final = struct.Struct(">qiibIhiqqqhii")
_CRC_AT: Final = 17
_COVERED_FROM: Final = 21  # the checksum covers what follows itself: from the attributes on
_AFTER_LENGTH: Final = 12
_MAGIC: Final = 2


class Compression(StrEnum):
    """How batches are compressed."""

    NONE = "none"
    LZ4 = "lz4"
    ZSTD = "zstd"


class _Codec(IntEnum):
    """The lowest bits of a batch's attributes."""

    NONE = 0
    LZ4 = 3
    ZSTD = 4


def varint(number: int) -> bytes:
    """Return a number as Kafka's records have it: zig-zag, seven bits a byte, lowest first."""
    rest = number << 1 if number >= 0 else (-number << 1) - 1
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


class TickBatch:
    """Records of one partition that leave together.

    Attributes:
        partition: of the topic.
        last: the number of the last tick, in its source.

    Args:
        partition: of the topic.
        stamp: when these records were written, Unix milliseconds.
        records: each encoded for its index; the batch's own from now on.
        last: the number of the last tick, in its source.
    """

    __slots__ = ("_buffer", "_codec", "_count", "_pieces", "_producer", "_stamp", "last", "partition")

    def __init__(self, partition: int, stamp: int, records: list[bytes], last: int) -> None:
        self.partition = partition
        self.last = last
        self._stamp = stamp
        self._pieces = records
        self._count = len(records)
        self._codec = _Codec.NONE
        self._producer = (-1, -1, 0)
        self._buffer: bytearray | None = None

    @property
    def is_worth_packing(self) -> bool:
        """Whether it is large enough for compression to pay."""
        return sum(map(len, self._pieces)) >= COMPRESS_FROM

    def pack(self, compression: Compression) -> None:
        """Compress the records where that pays. For any thread, once, before the batch is sent."""
        if compression is Compression.NONE or not self.is_worth_packing:
            return
        payload = b"".join(self._pieces)
        if compression is Compression.LZ4:
            codec, smaller = _Codec.LZ4, _lz4(payload)
        else:
            codec, smaller = _Codec.ZSTD, bytes(cramjam.zstd.compress(payload, level=1))
        if len(smaller) < len(payload):
            self._codec = codec
            self._pieces = [smaller]

    # ------------------------------------------------- the methods that aiokafka's accumulator calls on a builder

    def record_count(self) -> int:
        """How many records it holds."""
        return self._count

    def size(self) -> int:
        """How large it is now, bytes."""
        return _HEADER.size + sum(map(len, self._pieces)) if self._buffer is None else len(self._buffer)

    def closed(self) -> bool:
        """Whether nothing more can be added: always, so that `send` leaves it alone."""
        return True

    def close(self) -> None:
        """Do nothing: it is always closed."""

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        self._producer = (producer_id, producer_epoch, base_sequence)

    def _build(self) -> bytearray:
        """Return the batch's bytes; the same ones on a retry."""
        if self._buffer is None:
            self._buffer = buffer = bytearray().join((bytes(_HEADER.size), *self._pieces))
            self._pieces = []
            _HEADER.pack_into(
                buffer,
                0,
                0,  # base offset: Kafka's to give
                len(buffer) - _AFTER_LENGTH,
                -1,  # partition leader epoch: Kafka's
                _MAGIC,
                0,  # the checksum, below
                self._codec,
                self._count - 1,
                self._stamp,
                self._stamp,
                *self._producer,
                self._count,
            )
            checksum = calc_crc32c(memoryview(buffer)[_COVERED_FROM:])
            struct.pack_into(">I", buffer, _CRC_AT, checksum)
        return self._buffer


def _lz4(payload: bytes) -> bytes:
    # Kafka takes independent blocks only (KIP-57). aiokafka asks for level 9, eight times as slow.
    compressor = cramjam.lz4.Compressor(level=1, content_checksum=False, block_linked=False)
    compressor.compress(payload)
    return bytes(compressor.finish())
