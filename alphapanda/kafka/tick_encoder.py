"""Ticks to Kafka records, fast: the same bytes as `codec.encode` of the whole envelope, without building it.

Most of a record is the same for every tick of an instrument, and the payload has the time already:
the parts that change are put between prepared pieces. A property test compares both ways on any tick.
"""

from __future__ import annotations

from collections.abc import Container, MutableMapping
from typing import Final, NamedTuple

import msgspec

from alphapanda.ids import MARKET, InstrumentId, SequenceIds
from alphapanda.kafka.partitioner import partition_of
from alphapanda.kafka.tick_batch import BATCH_BYTES, TickBatch, varint
from alphapanda.model.envelope import EventEnvelope, trace_id_of
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Header
from alphapanda.model.tick import Tick, TickFrame
from alphapanda.serialization.codec import encode

SOURCE: Final = "feed"
"""The `source` of every tick's envelope."""

_DIGITS: Final = 12  # of a tick's number in hexadecimal, at the end of its id
_TABLE: Final = 8_192
_VARINTS: Final = tuple(varint(number) for number in range(_TABLE))

_LOW_DIGITS: Final = tuple(b"%03x" % number for number in range(4_096))
"""The last three digits of a number: the other nine change once in 4,096 ticks."""

_FULL: Final = BATCH_BYTES - 100_000
"""A batch larger than this takes no more: no tick is as large as the rest."""


class _InstrumentTemplate(NamedTuple):
    """What all records of one instrument share; a tuple, so that one unpacking gives all of it.

    Attributes:
        instrument: whose records these are.
        partition: of the topic.
        key: the record's key with its length before it.
        key_size: of that.
        middle: of the envelope, from after its time to the digits of its correlation id.
        value_size: of the value without its time and its payload.
        time_at: where in the payload the digits of the time begin.
    """

    instrument: InstrumentId
    partition: int
    key: bytes
    key_size: int
    middle: bytes
    value_size: int
    time_at: int


class TickEncoder:
    """Encodes the ticks of one source.

    Attributes:
        partitions: how many the topic has.

    Args:
        ids: of the source.
        partitions: how many the topic has.
    """

    def __init__(self, ids: SequenceIds, partitions: int) -> None:
        self.partitions = partitions
        self._templates: dict[int, _InstrumentTemplate] = {}
        prefix = ids.at(0)[:-_DIGITS]
        hexed = prefix.replace("-", "").encode()
        self._prefix = prefix.encode()
        self._opening = b'{"id":"' + self._prefix
        self._after_id = f'","type":"{EventType.MARKET_TICK.value}","ts":"'.encode()
        self._before_trace = b'","causation_id":null,"trace_id":"' + hexed
        # The four headers of `records.envelope_headers`, with the number's digits left out.
        correlation_size = len(self._prefix) + _DIGITS
        trace_start, span_start, trace_end = b"00-" + hexed, b"-" + hexed[16:], b"-01"
        trace_size = len(trace_start) + len(span_start) + len(trace_end) + 2 * _DIGITS
        self._closing = b"".join(
            (
                b"}",
                varint(4),
                _text(Header.TYPE.value),
                _text(EventType.MARKET_TICK.value),
                _text(Header.BROKER.value),
                _text(MARKET),
                _text(Header.CORRELATION_ID.value),
                varint(correlation_size),
                self._prefix,
            )
        )
        self._before_traceparent = _text(Header.TRACEPARENT.value) + varint(trace_size) + trace_start
        self._before_span = span_start
        self._end = trace_end
        self._headers_size = (
            len(self._closing) - 1 + len(self._before_traceparent) + len(span_start) + len(trace_end) + 3 * _DIGITS
        )

    def _new_template(self, tick: Tick) -> _InstrumentTemplate:
        key = str(tick.instrument_token).encode()
        name = msgspec.json.encode(tick.instrument)
        middle = b'","key":"%b","source":"%b","version":1,"broker":"%b","correlation_id":"%b' % (
            key,
            SOURCE.encode(),
            MARKET.encode(),
            self._prefix,
        )
        value = (self._opening, self._after_id, middle, self._before_trace, b'","data":', b"}")
        before_time = b'{"instrument":%b,"instrument_token":%b,"exchange_ts":"' % (name, key)
        sized_key = varint(len(key)) + key
        return _InstrumentTemplate(
            instrument=tick.instrument,
            partition=partition_of(key, self.partitions),
            key=sized_key,
            key_size=len(sized_key),
            middle=middle,
            value_size=sum(map(len, value)) + 3 * _DIGITS,
            time_at=len(before_time),
        )

    def batches(
        self,
        frame: TickFrame,
        stamp: int,
        *,
        wanted: Container[InstrumentId] | None,
        written: MutableMapping[int, int],
    ) -> list[TickBatch]:
        """Return a frame's ticks as batches, each partition's in order.

        Args:
            frame: ticks of the source.
            stamp: when they are written, Unix milliseconds: that of every record.
            wanted: the instruments to take; None for all.
            written: the number of the source's last tick in each partition: ticks up to it are left out;
                the ticks returned count as written.
        """
        # One loop with everything in locals: it runs 250,000 times a second.
        templates, varints, low_digits, join = self._templates, _VARINTS, _LOW_DIGITS, b"".join
        opening, after_id, before_trace = self._opening, self._after_id, self._before_trace
        closing, before_traceparent = self._closing, self._before_traceparent
        before_span, end = self._before_span, self._end
        fixed_size = 2 + self._headers_size
        resuming = frame.first <= max(written.values(), default=-1)
        full: list[TickBatch] = []
        open_: dict[int, _OpenBatch] = {}
        high, high_digits = -1, b""
        for number, tick in enumerate(frame.ticks, frame.first):
            found = templates.get(tick.instrument_token)
            if found is None or found[0] != tick.instrument:
                found = templates[tick.instrument_token] = self._new_template(tick)
            instrument, partition, key, key_size, middle, value_size, time_at = found
            if wanted is not None and instrument not in wanted:
                continue
            if resuming and number <= written.get(partition, -1):
                continue
            filling = open_.get(partition)
            if filling is None:
                filling = open_[partition] = _OpenBatch()
            elif filling.size > _FULL:
                full.append(TickBatch(partition, stamp, filling.records, filling.last))
                filling = open_[partition] = _OpenBatch()
            records = filling.records
            if number >> 12 != high:
                high = number >> 12
                high_digits = b"%09x" % high
            digits = high_digits + low_digits[number & 4_095]
            data = encode(tick)
            time = data[time_at : data.index(b'"', time_at)]
            value_size += len(time) + len(data)
            index = len(records)
            sized_value = varints[value_size] if value_size < _TABLE else varint(value_size)
            sized_index = varints[index] if index < _TABLE else varint(index)
            size = fixed_size + len(sized_index) + key_size + len(sized_value) + value_size
            record = join(
                (
                    varints[size] if size < _TABLE else varint(size),
                    b"\x00\x00",  # attributes; time since the batch's
                    sized_index,
                    key,
                    sized_value,
                    opening,
                    digits,
                    after_id,
                    time,
                    middle,
                    digits,
                    before_trace,
                    digits,
                    b'","data":',
                    data,
                    closing,
                    digits,
                    before_traceparent,
                    digits,
                    before_span,
                    digits,
                    end,
                )
            )
            records.append(record)
            filling.size += len(record)
            filling.last = number
        full += [TickBatch(partition, stamp, one.records, one.last) for partition, one in open_.items()]
        for batch in full:
            written[batch.partition] = batch.last
        return full


class _OpenBatch:
    """A batch that is being filled."""

    __slots__ = ("last", "records", "size")

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.size = 0
        self.last = -1


def _text(text: str) -> bytes:
    return varint(len(text)) + text.encode()


def tick_envelope(ids: SequenceIds, number: int, tick: Tick) -> EventEnvelope[Tick]:
    """Return the envelope of tick `number` of a source; the record's value decodes to it."""
    event_id = ids.at(number)
    return EventEnvelope(
        id=event_id,
        type=EventType.MARKET_TICK,
        ts=tick.exchange_ts,
        key=str(tick.instrument_token),
        source=SOURCE,
        broker=MARKET,
        correlation_id=event_id,
        trace_id=trace_id_of(event_id),
        data=tick,
    )
