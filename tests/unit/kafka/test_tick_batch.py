import math
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.ids import InstrumentId, SequenceIds
from alphapanda.kafka.tick_batch import BATCH_BYTES, Compression, TickBatch, varint
from alphapanda.kafka.tick_encoder import TickEncoder, tick_envelope
from alphapanda.model.kinds import EventType
from alphapanda.model.records import envelope_headers
from alphapanda.model.tick import DepthLevel, Ohlc, Tick, TickFrame
from alphapanda.serialization.codec import decode, encode

IDS = SequenceIds("a source")
STAMP = 1_763_361_478_973

prices = st.floats(min_value=0.01, max_value=1e7, allow_nan=False)
levels = st.lists(st.builds(DepthLevel, prices, st.integers(1, 10**9), st.integers(0, 999)), max_size=5).map(tuple)
ticks = st.builds(
    Tick,
    instrument=st.text(min_size=1, max_size=40).map(InstrumentId),
    instrument_token=st.integers(1, 2**31),
    exchange_ts=st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)).map(  # noqa: DTZ001
        lambda moment: moment.replace(tzinfo=UTC)
    ),
    last_price=prices,
    last_quantity=st.integers(0, 10**9),
    average_price=prices,
    volume=st.integers(0, 10**12),
    total_buy_quantity=st.integers(0, 10**12),
    open_interest=st.integers(0, 10**12),
    ohlc=st.none() | st.builds(Ohlc, prices, prices, prices, prices),
    bids=levels,
    asks=levels,
)


def batches(frame: TickFrame, partitions: int = 3, written: dict[int, int] | None = None) -> list[TickBatch]:
    return TickEncoder(IDS, partitions).batches(
        frame, STAMP, wanted=None, written={} if written is None else written
    )


def quote(number: int, token: int = 408065) -> Tick:
    return Tick(InstrumentId("NSE:INFY"), token, datetime(2026, 1, 5, 4, 0, tzinfo=UTC), 1500.0 + number)


def records_of(batch: TickBatch) -> list[tuple[bytes, bytes, tuple[tuple[str, bytes], ...]]]:
    content = MemoryRecords(bytes(batch._build()))
    found = content.next_batch()
    assert found is not None
    assert found.validate_crc()
    records = list(found)
    assert [record.offset for record in records] == list(range(len(records)))
    assert {record.timestamp for record in records} == {STAMP}
    assert not content.has_next()
    return [(record.key or b"", record.value or b"", tuple(record.headers)) for record in records]


@given(st.lists(ticks, min_size=1, max_size=8), st.integers(0, 2**48 - 9))
def test_a_record_is_what_the_codec_and_the_headers_of_its_envelope_say(found: Sequence[Tick], first: int) -> None:
    envelopes = [tick_envelope(IDS, number, tick) for number, tick in enumerate(found, first)]
    wanted = {encode(each): (each.key.encode(), envelope_headers(each)) for each in envelopes}
    made = [record for batch in batches(TickFrame(first, tuple(found))) for record in records_of(batch)]
    assert {value: (key, headers) for key, value, headers in made} == wanted
    assert len(made) == len(found)
    for _, value, _ in made:
        assert decode(EventType.MARKET_TICK, value) in envelopes


@given(st.lists(ticks, min_size=1, max_size=5))
def test_a_batch_has_the_bytes_that_aiokafka_s_own_builder_makes(found: Sequence[Tick]) -> None:
    (batch,) = batches(TickFrame(7, tuple(found)), partitions=1)
    theirs = BatchBuilder(BATCH_BYTES, 0)
    for number, tick in enumerate(found, 7):
        envelope = tick_envelope(IDS, number, tick)
        theirs.append(
            timestamp=STAMP,
            key=envelope.key.encode(),
            value=encode(envelope),
            headers=list(envelope_headers(envelope)),
        )
    for one in (batch, theirs):
        one._set_producer_state(11, 2, 345)
    assert bytes(batch._build()) == bytes(theirs._build())
    assert batch.size() == theirs.size()
    assert batch.record_count() == theirs.record_count() == len(found)


@pytest.mark.parametrize("compression", list(Compression))
def test_large_batches_are_compressed_and_read_back_the_same(compression: Compression) -> None:
    frame = TickFrame(0, tuple(quote(number) for number in range(500)))
    (batch,), (plain,) = batches(frame, 1), batches(frame, 1)
    batch.pack(compression)
    assert records_of(batch) == records_of(plain)
    assert batch.closed()
    if compression is Compression.NONE:
        assert batch.size() == plain.size()
    else:
        assert batch.size() < plain.size() / 3


@pytest.mark.parametrize("compression", list(Compression))
def test_a_few_live_ticks_are_not_held_up_by_compression(compression: Compression) -> None:
    (batch,) = batches(TickFrame(0, (quote(1),)), 1)
    assert not batch.is_worth_packing
    batch.pack(compression)
    assert MemoryRecords(bytes(batch._build())).next_batch().compression_type == 0


def test_a_retry_sends_the_same_bytes() -> None:
    (batch,) = batches(TickFrame(0, (quote(1),)), 1)
    batch._set_producer_state(1, 0, 5)
    assert batch._build() is batch._build()


def test_a_frame_larger_than_a_batch_becomes_several_in_order() -> None:
    frame = TickFrame(0, tuple(quote(number) for number in range(3_000)))
    found = batches(frame, 1)
    assert len(found) > 1
    assert all(batch.size() <= BATCH_BYTES for batch in found)
    values = [decode(EventType.MARKET_TICK, value) for batch in found for _, value, _ in records_of(batch)]
    assert [envelope.data.last_price for envelope in values] == [1500.0 + number for number in range(3_000)]


def test_what_a_partition_holds_already_is_left_out_of_it_alone() -> None:
    tokens = [408065, 738561, 341249, 2953217, 1270529, 779521]
    frame = TickFrame(100, tuple(quote(number, tokens[number % 6]) for number in range(60)))
    partitions = {token: (murmur2(str(token).encode()) & 0x7FFFFFFF) % 3 for token in tokens}
    written = {0: 159, 1: 120}
    kept = sorted(
        number for number in range(60) if 100 + number > {0: 159, 1: 120, 2: -1}[partitions[tokens[number % 6]]]
    )
    made = batches(frame, 3, written)
    assert (
        sorted(
            int(decode(EventType.MARKET_TICK, value).data.last_price - 1500)
            for batch in made
            for _, value, _ in records_of(batch)
        )
        == kept
    )
    assert 0 not in {batch.partition for batch in made}
    assert set(written) == {0, 1, 2}
    assert not batches(frame, 3, written), "a frame that comes again is in the log"


def test_only_wanted_instruments_are_written() -> None:
    other = Tick(InstrumentId("NSE:TCS"), 2953217, quote(0).exchange_ts, 3110.0)
    encoder = TickEncoder(IDS, 1)
    wanted = frozenset({InstrumentId("NSE:TCS")})
    (batch,) = encoder.batches(TickFrame(0, (quote(0), other)), STAMP, wanted=wanted, written={})
    assert [key for key, _, _ in records_of(batch)] == [b"2953217"]


def test_a_token_that_is_given_to_another_instrument_changes_its_lane() -> None:
    encoder = TickEncoder(IDS, 1)
    renamed = Tick(InstrumentId("NFO:OTHER"), 408065, quote(0).exchange_ts, 1.0)
    (batch,) = encoder.batches(TickFrame(0, (quote(0), renamed)), STAMP, wanted=None, written={})
    names = [decode(EventType.MARKET_TICK, value).data.instrument for _, value, _ in records_of(batch)]
    assert names == ["NSE:INFY", "NFO:OTHER"]


@given(st.integers(-(2**31), 2**31))
def test_varints_are_zigzag_seven_bits_a_byte(number: int) -> None:
    encoded = varint(number)
    assert all(byte & 0x80 for byte in encoded[:-1])
    assert not encoded[-1] & 0x80
    joined = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(encoded))
    assert (joined >> 1) ^ -(joined & 1) == number
    assert len(encoded) == max(1, math.ceil(joined.bit_length() / 7))
