"""Batches in every codec: found by their bytes, read from an offset on, and never by halves."""

from __future__ import annotations

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import DecodeError
from alphapanda.kafka.batches import batches_with, next_offset, records_of, slices
from alphapanda.model.records import Partition

PARTITION = Partition("market.ticks", 0)
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def batch(codec: int, base: int, values: list[bytes], *, transactional: bool = False) -> bytes:
    """A batch as a producer makes it, at an offset as a broker sets it."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=int(transactional),
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for n, value in enumerate(values):
        builder.append(n, timestamp=1000 + n, key=b"key", value=value, headers=[("n", b"%d" % n)])
    made = bytearray(builder.build())
    made[:8] = base.to_bytes(8, "big")
    return bytes(made)


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_only_batches_that_have_the_bytes_are_given(codec: int) -> None:
    data = batch(codec, 0, [b"alpha" * 9, b"beta" * 9]) + batch(codec, 2, [b"needle-7", b"gamma" * 9])
    (hit,) = batches_with(data, b"needle-7")
    assert [(one.offset, one.value) for one in records_of(PARTITION, hit, 0)] == [
        (2, b"needle-7"),
        (3, b"gamma" * 9),
    ]
    assert list(batches_with(data, b"needle-8")) == []


@pytest.mark.parametrize("where", [b"key", b"n"])
def test_keys_and_headers_are_searched_too(where: bytes) -> None:
    assert list(batches_with(batch(0, 0, [b"x"]), where))


def test_records_before_the_start_are_left_out() -> None:
    data = batch(3, 0, [b"0", b"1", b"2"]) + batch(3, 3, [b"3"])
    assert [one.value for one in records_of(PARTITION, data, 2)] == [b"2", b"3"]
    first = records_of(PARTITION, data, 0)[0]
    assert (first.timestamp_ms, first.key, first.headers) == (1000, b"key", (("n", b"0"),))


@given(st.integers(0, 400))
def test_what_is_cut_off_is_not_read(cut: int) -> None:
    whole, more = batch(0, 0, [b"0"]), batch(0, 1, [b"one" * 40])
    data = (whole + more)[: len(whole) + min(cut, len(more) - 1)]
    assert next_offset(data) == 1
    assert [one.value for one in records_of(PARTITION, data, 0)] == [b"0"]
    assert list(batches_with(data, b"one")) == []


@given(st.lists(st.integers(1, 300), max_size=12), st.integers(1, 600), st.integers(0, 60))
def test_pieces_are_whole_batches_and_all_of_them(sizes: list[int], about: int, cut: int) -> None:
    whole = b"".join(batch(0, n, [b"v" * size]) for n, size in enumerate(sizes))
    tail = batch(0, len(sizes), [b"cut"])[:cut]
    pieces = list(slices(whole + tail, about))
    assert b"".join(pieces) == whole
    assert all(len(piece) >= about for piece in pieces[:-1])
    assert [one.offset for piece in pieces for one in records_of(PARTITION, piece, 0)] == list(range(len(sizes)))


def test_nothing_has_no_next_offset() -> None:
    assert next_offset(b"") is None


def test_a_batch_that_cannot_be_unpacked_is_an_error_and_no_hit() -> None:
    broken = bytearray(batch(3, 0, [b"needle" * 50] * 20))
    broken[61:80] = bytes(19)
    with pytest.raises(DecodeError, match="near offset 0 cannot be read"):
        records_of(PARTITION, bytes(broken), 0)
    assert list(batches_with(bytes(broken), b"needle")) == []
