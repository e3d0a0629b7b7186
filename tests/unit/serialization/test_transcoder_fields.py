"""A few fields of an event in Avro are what its JSON says they are, whatever stands around them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapanda.errors import DecodeError, DependencyError
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS
from alphapanda.model.records import Partition, Record
from alphapanda.query.expressions import FieldPath
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.avro_types import event_type
from alphapanda.serialization.codec import decode, encode
from alphapanda.serialization.schema_files import schema_text
from alphapanda.serialization.transcoder import AvroFieldReader

Events = Callable[[EventType], st.SearchStrategy[EventEnvelope[Any]]]
Examples = Mapping[EventType, EventEnvelope[Any]]
KINDS = list(PAYLOADS)


def record(value: bytes | None, kind: EventType) -> Record:
    return Record(Partition(kind.value, 0), 0, 0, b"k", value)


def reader(codec: AvroCodec, *paths: FieldPath) -> AvroFieldReader:
    return AvroFieldReader(codec, EventType, paths)


def at(found: Any, path: FieldPath) -> Any:
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def scalars(found: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    """Give the paths of all values in JSON that have no parts."""
    if isinstance(found, dict):
        for name, inner in found.items():
            yield from scalars(inner, (*path, name))
    elif not isinstance(found, list):
        yield path


def in_json(event: EventEnvelope[Any], path: FieldPath) -> Any:
    """Return what stands at a path in the JSON of what is read from Avro."""
    return at(json.loads(encode(event)), path)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_every_kind_is_as_in_json(codec: AvroCodec, examples: Examples, kind: EventType) -> None:
    event = examples[kind]
    value = codec.encoder(kind.value)(event)
    again = codec.decode(kind, value)
    paths = list(scalars(json.loads(encode(event))))
    assert ("id",) in paths
    for path in paths:
        found = reader(codec, path).read(record(value, kind))
        assert at(found, path) == in_json(again, path), path
    together = reader(codec, ("id",), ("ts",), ("broker",)).read(record(value, kind))
    assert together == {name: in_json(again, (name,)) for name in ("id", "ts", "broker")}


@pytest.mark.parametrize(
    "kind", [EventType.MARKET_TICK, EventType.SIGNAL_VALIDATED, EventType.ORDER_SUBMITTED, EventType.PNL_SNAPSHOT]
)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_event_is_read_as_its_json(
    codec: AvroCodec, events: Events, kind: EventType, data: st.DataObject
) -> None:
    event = data.draw(events(kind))
    value = codec.encoder(kind.value)(event)
    again = codec.decode(kind, value)
    known = [*scalars(json.loads(encode(again))), ("data", "nobody_has_this"), ("data", "volume")]
    paths = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))
    found = reader(codec, *paths).read(record(value, kind))
    assert [at(found, path) for path in paths] == [in_json(again, path) for path in paths]


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_broken_bytes_are_refused_or_misread_within_bounds(
    codec: AvroCodec, examples: Examples, data: st.DataObject
) -> None:
    kind = EventType.ORDER_SUBMITTED
    value = codec.encoder(kind.value)(examples[kind])
    place = data.draw(st.integers(5, len(value) - 1))
    broken = data.draw(st.sampled_from([value[:place], value[:place] + bytes([255]) * 12 + value[place:]]))
    try:
        found = reader(codec, ("data", "order", "status")).read(record(broken, kind))
    except DecodeError:
        found = {}
    assert isinstance(found, dict)
    cut = value[: data.draw(st.integers(5, 40))]
    with pytest.raises(DecodeError):
        reader(codec, ("data", "order", "status")).read(record(cut, kind))


@pytest.mark.parametrize(
    "path",
    [("data",), ("data", "bids", 0), ("data", "bids"), ("data", "ohlc"), ("data", "ohlc", "open"), ("nobody",)],
)
def test_whole_records_and_lists_are_as_in_json(codec: AvroCodec, examples: Examples, path: FieldPath) -> None:
    kind = EventType.MARKET_TICK
    value = codec.encoder(kind.value)(examples[kind])
    names = tuple(part for part in path if isinstance(part, str))
    assert at(reader(codec, path).read(record(value, kind)), names) == in_json(examples[kind], names)


def test_a_struct_in_two_places_has_the_fields_of_both(codec: AvroCodec, examples: Examples) -> None:
    kind = EventType.ORDER_FILLED
    value = codec.encoder(kind.value)(examples[kind])
    paths: list[FieldPath] = [("data", "fill", "price"), ("data", "fill"), ("data", "side")]
    found = reader(codec, *paths).read(record(value, kind))
    again = codec.decode(kind, value)
    assert [at(found, path) for path in paths] == [in_json(again, path) for path in paths]


def test_json_and_foreign_topics_are_not_read(codec: AvroCodec, examples: Examples) -> None:
    kind = EventType.MARKET_TICK
    value = codec.encoder(kind.value)(examples[kind])
    assert reader(codec, ("id",)).read(record(encode(examples[kind]), kind)) is None
    assert reader(codec, ("id",)).read(record(None, kind)) is None
    foreign = AvroFieldReader(codec, lambda _topic: None, [("id",)])
    assert foreign.read(record(value, kind)) is None


def test_a_field_that_an_older_schema_lacks_has_its_default(examples: Examples) -> None:
    kind = EventType.ORDER_REJECTED
    newer = json.loads(schema_text(kind))
    older = newer | {"fields": [field for field in newer["fields"] if field["name"] != "version"]}
    encoded = event_type(kind).encode
    assert encoded is not None
    value = io.BytesIO()
    value.write(b"\0\0\0\x23\x28")
    fastavro.schemaless_writer(value, fastavro.parse_schema(older), encoded(examples[kind]))
    fields = AvroFieldReader(AvroCodec({}, lambda _id: json.dumps(older)), EventType, [("version",)])
    assert fields.read(record(value.getvalue(), kind)) == {"version": 1}
    assert decode(kind, encode(examples[kind])).version == 1


def test_a_schema_of_another_event_is_not_used(examples: Examples) -> None:
    schemas = {1: schema_text(EventType.ORDER_REJECTED)}
    codec = AvroCodec({"x": 1}, schemas.__getitem__)
    value = codec.encoder("x")(examples[EventType.ORDER_REJECTED])
    with pytest.raises(DecodeError, match="its topic carries"):
        reader(codec, ("id",)).read(record(value, EventType.ORDER_FILLED))


def test_a_registry_that_is_away_is_asked_once(codec: AvroCodec, examples: Examples) -> None:
    asked: list[int] = []

    def away(schema_id: int) -> str:
        asked.append(schema_id)
        raise DependencyError("nobody answers")

    kind = EventType.ORDER_REJECTED
    value = codec.encoder(kind.value)(examples[kind])
    fields = AvroFieldReader(AvroCodec({}, away), EventType, [("id",)])
    with pytest.raises(DependencyError):
        fields.read(record(value, kind))
    assert fields.read(record(value, kind)) is None
    assert len(asked) == 1
