"""JSON against an Avro schema, without any struct: the structs' verdict, and a place for what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphapanda.errors import DecodeError
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS
from alphapanda.serialization.codec import decode, encode
from alphapanda.serialization.json_validator import JsonValidator
from alphapanda.serialization.schema_files import schema_text

KINDS = sorted(PAYLOADS)
Examples = Mapping[EventType, EventEnvelope[Any]]
Events = Callable[[EventType], st.SearchStrategy[EventEnvelope[Any]]]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_event_fits_its_schema(events: Events, kind: EventType, data: st.DataObject) -> None:
    JsonValidator(schema_text(kind)).check(encode(data.draw(events(kind))))


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in _places(part, (*path, key)))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [None, 17, True, "words", [], {}, 1.5, "2026-01-05T04:00:00Z", "SELL"])
def test_it_judges_as_the_structs_do(examples: Examples, kind: EventType, wrong: object) -> None:
    """Whatever is put into any place of an event: both take it, or both refuse it."""
    event = json.loads(encode(examples[kind]))
    fit = JsonValidator(schema_text(kind))
    for place in _places(event)[1:]:
        if place == ("type",):
            continue  # a string for Avro, so that a new kind changes no schema
        changed = json.loads(json.dumps(event))
        inside = changed
        for key in place[:-1]:
            inside = inside[key]
        inside[place[-1]] = wrong
        value = json.dumps(changed).encode()
        assert _takes(lambda: fit.check(value)) is _takes(lambda: decode(kind, value)), (place, wrong)  # noqa: B023


def _takes(act: Callable[[], object]) -> bool:
    try:
        act()
    except DecodeError:
        return False
    return True


def test_what_is_wrong_is_named_with_its_place(examples: Examples) -> None:
    fit = JsonValidator(schema_text(EventType.ORDER_FILLED))
    event = json.loads(encode(examples[EventType.ORDER_FILLED]))
    del event["data"]["fill"]["quantity"]
    with pytest.raises(DecodeError, match=r"data\.fill\.quantity is missing and has no default\."):
        fit.check(json.dumps(event).encode())
    event["data"]["fill"]["quantity"] = "ten"
    with pytest.raises(DecodeError, match=r'data\.fill\.quantity is "ten", not long\.'):
        fit.check(json.dumps(event).encode())
    with pytest.raises(DecodeError, match="It is not JSON"):
        fit.check(b"\xff")
    with pytest.raises(DecodeError, match="It is a list"):
        JsonValidator('{"type": "map", "values": "long"}').check(b"[]")
