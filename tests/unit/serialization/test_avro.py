"""Events as Avro: back without loss, whoever wrote them, and refused when they are none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphapanda.errors import DecodeError, InvariantError
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType, OrderType
from alphapanda.model.payloads import PAYLOADS
from alphapanda.serialization.avro import AvroCodec, schema_id_of
from alphapanda.serialization.codec import JsonCodec, decode, encode
from alphapanda.serialization.schema_files import schema_text

KINDS = sorted(PAYLOADS)
Examples = Mapping[EventType, EventEnvelope[Any]]
Events = Callable[[EventType], st.SearchStrategy[EventEnvelope[Any]]]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_survives_the_round_trip(codec: AvroCodec, examples: Examples, kind: EventType) -> None:
    event = examples[kind]
    value = codec.encoder(kind.value)(event)
    assert codec.decode(kind, value) == event
    assert encode(codec.decode(kind, value)) == encode(event)
    assert codec.encoder(kind.value)(codec.decode(kind, value)) == value


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_event_survives_the_round_trip(
    codec: AvroCodec, events: Events, kind: EventType, data: st.DataObject
) -> None:
    event = data.draw(events(kind))
    assert codec.decode(kind, codec.encoder(kind.value)(event)) == event


def test_a_value_begins_with_a_zero_and_the_schemas_id(
    codec: AvroCodec, examples: Examples, ids: Mapping[EventType, int]
) -> None:
    kind = EventType.ORDER_FILLED
    value = codec.encoder(kind.value)(examples[kind])
    assert value[:5] == b"\x00" + ids[kind].to_bytes(4, "big")
    assert schema_id_of(value) == ids[kind]
    assert schema_id_of(encode(examples[kind])) is None
    assert schema_id_of(b"") is None
    assert schema_id_of(None) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_takes_either_format(codec: AvroCodec, examples: Examples, kind: EventType) -> None:
    only_reading = AvroCodec({}, codec.schema_of)
    for value in (encode(examples[kind]), codec.encoder(kind.value)(examples[kind])):
        assert only_reading.decode(kind, value) == examples[kind]
    assert only_reading.encoder(kind.value)(examples[kind]) == encode(examples[kind])


def test_json_costs_nothing_more() -> None:
    codec = JsonCodec()
    assert codec.encoder("market.ticks") is encode
    assert codec.decode is decode


def test_trailing_zeros_of_money_stay(codec: AvroCodec, examples: Examples) -> None:
    event = examples[EventType.ORDER_FILLED]
    for text in ("1523.50", "1523.5", "1E+3", "0.1000000000000000055511151231257827", "-0"):
        fill = msgspec.structs.replace(event.data.fill, price=Decimal(text))
        changed = msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, fill=fill))
        back = codec.decode(EventType.ORDER_FILLED, codec.encoder("order_filled")(changed))
        assert str(back.data.fill.price) == text


def test_symbols_that_avro_cannot_spell_come_back(codec: AvroCodec, examples: Examples) -> None:
    event = examples[EventType.ORDER_SUBMITTED]
    order = msgspec.structs.replace(event.data.order, order_type=OrderType.STOP_MARKET)
    changed = msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, order=order))
    back = codec.decode(EventType.ORDER_SUBMITTED, codec.encoder("order_submitted")(changed))
    assert back.data.order.order_type is OrderType.STOP_MARKET


# ---------------------------------------------------------------- other versions of a schema


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the payload's fields."""
    fields: list[dict[str, Any]] = next(f for f in schema["fields"] if f["name"] == "data")["type"]["fields"]
    return fields


def _written_with(schema: dict[str, Any], body: dict[str, Any]) -> bytes:
    import io

    import fastavro

    target = io.BytesIO()
    fastavro.schemaless_writer(target, fastavro.parse_schema(schema), body)
    return b"\x00\x00\x00\x00\x01" + target.getvalue()


def _body(event: EventEnvelope[Any]) -> dict[str, Any]:
    from alphapanda.serialization.avro_types import event_type

    encode_event = event_type(event.type).encode
    assert encode_event is not None
    made: dict[str, Any] = encode_event(event)
    return made


def test_an_earlier_version_without_a_field_is_read_with_its_default(examples: Examples) -> None:
    event = examples[EventType.MARKET_TICK]
    schema = json.loads(schema_text(EventType.MARKET_TICK))
    _fields(schema)[:] = [field for field in _fields(schema) if field["name"] not in {"ohlc", "asks", "volume"}]
    codec = AvroCodec({}, lambda _: json.dumps(schema))
    value = _written_with(schema, _body(event))
    for _ in range(2):
        read = codec.decode(EventType.MARKET_TICK, value)
        assert (read.data.ohlc, read.data.asks, read.data.volume) == (None, (), 0)
        assert read.data.bids == event.data.bids


def test_defaults_are_not_shared_between_events(examples: Examples) -> None:
    """The second event without charges must not see what became of the first's."""
    event = examples[EventType.ORDER_FILLED]
    schema = json.loads(schema_text(EventType.ORDER_FILLED))
    fill = next(field for field in _fields(schema) if field["name"] == "fill")["type"]
    fill["fields"] = [field for field in fill["fields"] if field["name"] != "charges"]
    codec = AvroCodec({}, lambda _: json.dumps(schema))
    value = _written_with(schema, _body(event))
    reads = [codec.decode(EventType.ORDER_FILLED, value).data.fill.charges for _ in range(3)]
    assert [charges.total for charges in reads] == [Decimal(0)] * 3


def test_a_later_version_with_another_field_is_read(examples: Examples) -> None:
    event = examples[EventType.ORDER_REJECTED]
    schema = json.loads(schema_text(EventType.ORDER_REJECTED))
    _fields(schema).insert(0, {"name": "venue_code", "type": "string"})
    body = _body(event)
    body["data"]["venue_code"] = "RMS:1"
    codec = AvroCodec({}, lambda _: json.dumps(schema))
    assert codec.decode(EventType.ORDER_REJECTED, _written_with(schema, body)) == event


def test_a_later_symbol_is_refused(examples: Examples) -> None:
    event = examples[EventType.ORDER_REJECTED]
    schema = json.loads(schema_text(EventType.ORDER_REJECTED))
    side = next(field for field in _fields(schema) if field["name"] == "side")["type"]
    side["symbols"].append("BOTH")
    body = _body(event)
    body["data"]["side"] = "BOTH"
    codec = AvroCodec({}, lambda _: json.dumps(schema))
    with pytest.raises(DecodeError, match="BOTH"):
        codec.decode(EventType.ORDER_REJECTED, _written_with(schema, body))


# ---------------------------------------------------------------- what is no event


def test_another_kinds_schema_is_refused(codec: AvroCodec, examples: Examples) -> None:
    value = codec.encoder("order_accepted")(examples[EventType.ORDER_ACCEPTED])
    with pytest.raises(DecodeError, match=r"written as alphapanda\.OrderAcceptedEvent"):
        codec.decode(EventType.ORDER_FILLED, value)


def test_an_envelope_that_says_another_kind_is_refused(examples: Examples) -> None:
    event = examples[EventType.ORDER_ACCEPTED]
    schema = json.loads(schema_text(EventType.ORDER_ACCEPTED))
    codec = AvroCodec({}, lambda _: json.dumps(schema))
    with pytest.raises(DecodeError, match="says it is a order_filled"):
        codec.decode(EventType.ORDER_ACCEPTED, _written_with(schema, _body(event) | {"type": "order_filled"}))
    with pytest.raises(DecodeError, match="order_invented"):
        codec.decode(EventType.ORDER_ACCEPTED, _written_with(schema, _body(event) | {"type": "order_invented"}))


def test_money_that_is_no_number_is_refused(examples: Examples) -> None:
    event = examples[EventType.ORDER_FILLED]
    schema = json.loads(schema_text(EventType.ORDER_FILLED))
    body = _body(event)
    body["data"]["fill"]["price"] = "dear"
    with pytest.raises(DecodeError):
        AvroCodec({}, lambda _: json.dumps(schema)).decode(EventType.ORDER_FILLED, _written_with(schema, body))


def test_what_goes_on_after_the_event_is_refused(codec: AvroCodec, examples: Examples) -> None:
    value = codec.encoder("order_accepted")(examples[EventType.ORDER_ACCEPTED])
    with pytest.raises(DecodeError, match="has 2 bytes after its"):
        codec.decode(EventType.ORDER_ACCEPTED, value + b"\x00\x00")


@pytest.mark.parametrize("kind", [EventType.MARKET_TICK, EventType.PNL_SNAPSHOT, EventType.AUDIT_RECORDED])
def test_a_value_that_is_cut_anywhere_is_refused(codec: AvroCodec, examples: Examples, kind: EventType) -> None:
    value = codec.encoder(kind.value)(examples[kind])
    for end in range(1, len(value)):
        with pytest.raises(DecodeError):
            codec.decode(kind, value[:end])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300), kind=st.sampled_from(KINDS))
def test_any_bytes_are_decoded_or_refused(
    codec: AvroCodec, ids: Mapping[EventType, int], body: bytes, kind: EventType
) -> None:
    with pytest.raises(DecodeError):
        codec.decode(kind, b"\x00" + ids[kind].to_bytes(4, "big") + body)


def test_a_schema_that_is_not_there_is_asked_for_each_time(codec: AvroCodec) -> None:
    with pytest.raises(DecodeError, match="no schema 999"):
        codec.decode(EventType.MARKET_TICK, b"\x00\x00\x00\x03\xe7abc")


@pytest.mark.parametrize("schema", ["{", '{"type": "nonsense"}', '"string"', '["null", "long"]', "17"])
def test_a_registry_that_gives_nonsense_is_told_of(schema: str) -> None:
    with pytest.raises(DecodeError, match=r"cannot be used|written as"):
        AvroCodec({}, lambda _: schema).decode(EventType.MARKET_TICK, b"\x00\x00\x00\x00\x01abc")


def test_without_a_registry_the_reader_says_what_it_has_met() -> None:
    with pytest.raises(DecodeError, match="begins as Avro does") as caught:
        decode(EventType.MARKET_TICK, b"\x00\x00\x00\x00\x01abc")
    assert "SCHEMA_REGISTRY_URL" in caught.value.hint


def test_a_number_beyond_64_bits_cannot_be_written(codec: AvroCodec, examples: Examples) -> None:
    event = examples[EventType.MARKET_TICK]
    changed = msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, volume=1 << 70))
    with pytest.raises(InvariantError, match="cannot be written as Avro"):
        codec.encoder("market_tick")(changed)
