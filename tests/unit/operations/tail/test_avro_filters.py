"""Filters see events in Avro as they see them in JSON, and make JSON only of what passes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alphapanda.model.kinds import EventType
from alphapanda.model.records import Header, Partition, Record
from alphapanda.operations.tail.filters import RecordFilter, TailFilters
from alphapanda.query.compiler import compile_expression
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.codec import decode, encode
from alphapanda.serialization.schema_files import schema_text
from alphapanda.serialization.transcoder import JsonTranscoder
from topics.catalogue import Catalogue

KIND, TOPIC = EventType.ORDER_FILLED, "paper.orders.filled"
GOLDEN = Path(__file__).parents[3] / "data" / "golden" / f"{KIND}.json"
NOW = datetime(2026, 1, 5, tzinfo=UTC)


class Counting(JsonTranscoder):
    """Counts what is made JSON of."""

    made = 0

    def record(self, record: Record) -> Record:
        self.made += 1
        return super().record(record)


@pytest.fixture
def codec() -> AvroCodec:
    return AvroCodec({TOPIC: 1}, lambda _id: schema_text(KIND))


@pytest.fixture
def event() -> Any:
    return decode(KIND, GOLDEN.read_bytes().rstrip(b"\n"))


def both(codec: AvroCodec, event: Any) -> list[Record]:
    values = codec.encoder(TOPIC)(event), encode(event)
    return [Record(Partition(TOPIC, 0), n, 7, b"key", value) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        ({}, True),
        ({"key": "k*"}, True),
        ({"key": "other"}, False),
        ({"type": "order_filled"}, True),
        ({"type": "order_rejected"}, False),
        ({"broker": "paper"}, True),
        ({"value": '*"order_filled"*'}, True),
        ({"value": "*nothing*"}, False),
        ({"where": "data.filled_quantity > 0"}, True),
        ({"where": "data.filled_quantity < 0"}, False),
        ({"where": "data.fill.price > 0 and partition == 0"}, True),
        ({"where": 'data.side in ["BUY", "SELL"] and data.fill.tick != 3'}, True),
        ({"where": "value.data.leaves_quantity >= 0"}, True),
        ({"where": 'type == "order_filled" and broker == "paper"'}, True),
        ({"where": "data.nobody_has_this"}, False),
    ],
)
@pytest.mark.parametrize("keeps_bytes", [False, True])
def test_avro_and_json_pass_alike(
    codec: AvroCodec, event: Any, wanted: dict[str, Any], passes: bool, keeps_bytes: bool
) -> None:
    others = {name: text for name, text in wanted.items() if name != "where"}
    expression = compile_expression(wanted["where"], NOW) if "where" in wanted else None
    as_json = JsonTranscoder(codec, Catalogue.load())
    picks = RecordFilter(TailFilters(**others, expression=expression), as_json, keeps_bytes=keeps_bytes)
    records = both(codec, event)
    shown = [
        one if keeps_bytes else Record(one.partition, one.offset, 7, b"key", encode(event)) for one in records
    ]
    assert list(picks.pick(records)) == (shown if passes else [])
    assert picks.undecodable == 0


def test_json_is_made_only_of_what_passes(codec: AvroCodec, event: Any) -> None:
    as_json = Counting(codec, Catalogue.load())
    (avro, _), header = both(codec, event), ((Header.TYPE.value, b"order_filled"),)
    headed = Record(avro.partition, 0, 7, b"key", avro.value, header)
    for wanted in (
        TailFilters(key="other"),
        TailFilters(type="order_rejected"),
        TailFilters(expression=compile_expression("data.filled_quantity < 0", NOW)),
    ):
        assert RecordFilter(wanted, as_json).pick([headed] * 5) == []
    assert as_json.made == 0
    everything = compile_expression("data.filled_quantity > 0", NOW)
    assert len(RecordFilter(TailFilters(expression=everything), as_json).pick([headed] * 5)) == 5
    assert as_json.made == 5


def test_what_cannot_be_read_is_counted_and_does_not_pass(codec: AvroCodec, event: Any) -> None:
    (avro, _) = both(codec, event)
    assert avro.value is not None
    cut = Record(avro.partition, 0, 7, b"key", avro.value[:9])
    picks = RecordFilter(
        TailFilters(expression=compile_expression("data.filled_quantity > 0", NOW)),
        JsonTranscoder(codec, Catalogue.load()),
    )
    assert picks.pick([cut, avro, cut]) != []
    assert picks.undecodable == 2
