"""A few fields of an event in Avro are what its JSON says they are, whatever stands around them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapanda.errors import DependencyError
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS
from alphapanda.model.records import Partition, Record
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.avro_fields import AvroFields, Path
from alphapanda.serialization.baseline import schema_text
from alphapanda.serialization.codec import decode, encode

Events = Callable[[EventType], st.SearchStrategy[EventEnvelope[Any]]]
Examples = Mapping[EventType, EventEnvelope[Any]]
KINDS = list(PAYLOADS)


def record(value: bytes | None, kind: EventType) -> Record:
    return Record(Partition(kind.value, 0), 0, 0, b"k", value)


def reader(codec: AvroCodec, *paths: Path) -> AvroFields:
    return AvroFields(codec, EventType, paths)


def at(found: Any, path: Path) -> Any:
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def scalars(found: Any, path: Path = ()) -> Iterator[Path]:
    """Give the paths of all values in JSON that have no parts."""
    if isinstance(found, dict):
        for name, inner in found.items():
            yield from scalars(inner, (*path, name))
    elif not isinstance(found, list):
        yield path


def in_json(event: EventEnvelope[Any], path: Path) -> Any:
    """Return what stands at a path in the JSON of what is read from Avro."""
    return at(json.loads(encode(event)), path)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_every_kind_is_as_in_json(codec: AvroCodec, examples: Examples, kind: EventType) -> None:
    event = examples[kind]
    value = codec.encoder(kind.value)(event)
    again = codec.decode(kind, value)
    paths = list(scalars(json.loads(encode(event))))
    assert ("id",) in paths
    simple = 0
    for path in paths:
        found = reader(codec, path).read(record(value, kind))
        if found is not None:
            simple += 1
            assert at(found, path) == in_json(again, path), path
    assert simple >= len(paths) * 0.6, "most are read without the library"
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
    if found is not None:
        assert [at(found, path) for path in paths] == [in_json(again, path) for path in paths]


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_broken_bytes_are_left_to_the_library_or_misread_within_bounds(
    codec: AvroCodec, examples: Examples, data: st.DataObject
) -> None:
    kind = EventType.ORDER_SUBMITTED
    value = codec.encoder(kind.value)(examples[kind])
    place = data.draw(st.integers(5, len(value) - 1))
    broken = data.draw(st.sampled_from([value[:place], value[:place] + bytes([255]) * 12 + value[place:]]))
    found = reader(codec, ("data", "order", "status")).read(record(broken, kind))
    assert found is None or isinstance(found, dict)
    cut = value[: data.draw(st.integers(5, 40))]
    assert reader(codec, ("data", "order", "status")).read(record(cut, kind)) is None


def test_what_is_not_simple_is_left_to_the_library(codec: AvroCodec, examples: Examples) -> None:
    kind = EventType.MARKET_TICK
    value = codec.encoder(kind.value)(examples[kind])
    for paths in ([("data",)], [("data", "bids", 0)], [("data", "ohlc")], [("data", "ohlc", "open")]):
        assert reader(codec, *paths).read(record(value, kind)) is None, paths
    assert reader(codec, ("id",)).read(record(encode(examples[kind]), kind)) is None
    assert reader(codec, ("id",)).read(record(None, kind)) is None
    nobodys = AvroFields(codec, lambda _topic: None, [("id",)])
    assert nobodys.read(record(value, kind)) is None


def test_a_field_that_an_older_schema_lacks_has_its_default(
    ids: Mapping[EventType, int], examples: Examples
) -> None:
    """Which only the library gives it."""
    kind = EventType.ORDER_REJECTED
    newer = json.loads(schema_text(kind))
    older = newer | {"fields": [field for field in newer["fields"] if field["name"] != "version"]}
    schemas = {ids[kind]: json.dumps(newer), 9_000: json.dumps(older)}
    codec = AvroCodec({kind.value: ids[kind]}, schemas.__getitem__)
    value = codec.encoder(kind.value)(examples[kind])
    old = AvroFields(AvroCodec({}, lambda _id: schemas[9_000]), EventType, [("version",)])
    assert old.read(record(value, kind)) is None
    assert reader(codec, ("version",)).read(record(value, kind)) == {"version": 1}
    assert decode(kind, encode(examples[kind])).version == 1


def test_a_schema_of_another_event_is_not_used(examples: Examples) -> None:
    schemas = {1: schema_text(EventType.ORDER_REJECTED)}
    codec = AvroCodec({"x": 1}, schemas.__getitem__)
    value = codec.encoder("x")(examples[EventType.ORDER_REJECTED])
    assert reader(codec, ("id",)).read(record(value, EventType.ORDER_FILLED)) is None


def test_a_registry_that_is_away_is_asked_once(codec: AvroCodec, examples: Examples) -> None:
    asked: list[int] = []

    def away(schema_id: int) -> str:
        asked.append(schema_id)
        raise DependencyError("nobody answers")

    kind = EventType.ORDER_REJECTED
    value = codec.encoder(kind.value)(examples[kind])
    fields = AvroFields(AvroCodec({}, away), EventType, [("id",)])
    with pytest.raises(DependencyError):
        fields.read(record(value, kind))
    assert fields.read(record(value, kind)) is None
    assert len(asked) == 1
