"""Ticks by way of envelopes: in JSON the very batches of the fast encoder, in Avro what a reader takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.ids import InstrumentId, SequenceIds
from alphapanda.kafka.tick_batch import BATCH_BYTES, TickBatch
from alphapanda.kafka.tick_encoder import TickEncoder, tick_envelope
from alphapanda.kafka.tick_writer import EnvelopeTickEncoder
from alphapanda.model.kinds import EventType
from alphapanda.model.tick import DepthLevel, Tick, TickFrame
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.codec import encode

IDS = SequenceIds("a source")
STAMP = 1_763_361_478_973
START = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


def quote(number: int, token: int, depth: int = 0) -> Tick:
    levels = tuple(DepthLevel(100.0 + n, n, n) for n in range(depth))
    at = START + timedelta(milliseconds=number)
    return Tick(InstrumentId(f"NSE:S{token}"), token, at, 100.0 + number / 20, bids=levels, asks=levels)


def contents(batches: list[TickBatch]) -> list[tuple[int, int, bytes]]:
    return [(batch.partition, batch.last, bytes(batch._build())) for batch in batches]


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=40),
    st.integers(0, 1 << 40),
    st.dictionaries(st.integers(0, 2), st.integers(0, 20)),
    st.none() | st.sets(st.integers(1, 9).map(lambda token: InstrumentId(f"NSE:S{token}"))),
)
def test_the_same_batches_as_the_fast_encoder(
    tokens: list[int], first: int, behind: Mapping[int, int], wanted: set[InstrumentId] | None
) -> None:
    frame = TickFrame(first, tuple(quote(number, token) for number, token in enumerate(tokens)))
    written = [{partition: first + n for partition, n in behind.items()} for _ in range(2)]
    fast = TickEncoder(IDS, 3).batches(frame, STAMP, wanted=wanted, written=written[0])
    slow = EnvelopeTickEncoder(IDS, 3, encode).batches(frame, STAMP, wanted=wanted, written=written[1])
    assert sorted(contents(slow)) == sorted(contents(fast))
    assert written[0] == written[1]


def test_a_batch_does_not_grow_beyond_what_kafka_takes() -> None:
    frame = TickFrame(0, tuple(quote(number, 1, depth=200) for number in range(300)))
    batches = EnvelopeTickEncoder(IDS, 1, encode).batches(frame, STAMP, wanted=None, written={})
    assert len(batches) > 1
    assert all(len(batch._build()) <= BATCH_BYTES for batch in batches)
    assert [batch.last for batch in batches] == sorted(batch.last for batch in batches)
    assert sum(batch.record_count() for batch in batches) == 300


def test_ticks_in_avro_are_read_back(codec: AvroCodec) -> None:
    frame = TickFrame(7, tuple(quote(number, number % 4, depth=5) for number in range(50)))
    encoder = EnvelopeTickEncoder(IDS, 2, codec.encoder("market_tick"))
    found = {}
    for batch in encoder.batches(frame, STAMP, wanted=None, written={}):
        content = MemoryRecords(bytes(batch._build())).next_batch()
        assert content is not None
        for record in content:
            assert record.value is not None
            assert record.value[:1] == b"\x00"
            envelope = codec.decode(EventType.MARKET_TICK, bytes(record.value))
            found[envelope.id] = envelope
    expected = [tick_envelope(IDS, number, tick) for number, tick in enumerate(frame.ticks, 7)]
    assert found == {envelope.id: envelope for envelope in expected}
