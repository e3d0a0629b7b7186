"""One believable event of every kind, any event of a kind, and a registry's schemas without a registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from msgspec import inspect

from alphapanda.errors import DecodeError
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.codec import decode
from alphapanda.serialization.schema_files import schema_text

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
Events = Callable[[EventType], st.SearchStrategy[EventEnvelope[Any]]]


@pytest.fixture(scope="session")
def examples() -> Mapping[EventType, EventEnvelope[Any]]:
    """One envelope of every kind that is kept as JSON."""
    return {kind: decode(kind, (GOLDEN / f"{kind}.json").read_bytes().rstrip(b"\n")) for kind in PAYLOADS}


@pytest.fixture(scope="session")
def ids() -> Mapping[EventType, int]:
    """The id that a registry gave to the schema of each kind; the topic is called as its kind here."""
    return {kind: number for number, kind in enumerate(PAYLOADS, start=7)}


@pytest.fixture(scope="session")
def schemas(ids: Mapping[EventType, int]) -> Mapping[int, str]:
    """The schemas of that registry."""
    return {schema_id: schema_text(kind) for kind, schema_id in ids.items()}


@pytest.fixture(scope="session")
def codec(ids: Mapping[EventType, int], schemas: Mapping[int, str]) -> AvroCodec:
    """A codec that writes Avro to every topic."""

    def schema_of(schema_id: int) -> str:
        if schema_id not in schemas:
            raise DecodeError(f"no schema {schema_id}")
        return schemas[schema_id]

    return AvroCodec({kind.value: number for kind, number in ids.items()}, schema_of)


_SCALARS: Mapping[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.StrType: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    inspect.IntType: st.integers(-(1 << 63), (1 << 63) - 1),
    inspect.FloatType: st.floats(allow_nan=False, allow_infinity=False),
    inspect.BoolType: st.booleans(),
    inspect.DecimalType: st.decimals(allow_nan=False, allow_infinity=False),
    inspect.DateTimeType: st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    inspect.NoneType: st.none(),
}


def _values(found: inspect.Type) -> st.SearchStrategy[Any]:
    match found:
        case inspect.EnumType():
            return st.sampled_from(list(found.cls))
        case inspect.UnionType():
            return st.one_of(*map(_values, found.types))
        case inspect.VarTupleType():
            return st.lists(_values(found.item_type), max_size=3).map(tuple)
        case inspect.DictType():
            return st.dictionaries(_values(found.key_type), _values(found.value_type), max_size=3)
        case inspect.StructType():
            return st.builds(found.cls, **{field.name: _values(field.type) for field in found.fields})
        case _:
            return _SCALARS[type(found)]


@pytest.fixture(scope="session")
def events() -> Events:
    """Give the strategy for any event of a kind."""

    def of(kind: EventType) -> st.SearchStrategy[EventEnvelope[Any]]:
        found = inspect.type_info(EventEnvelope[PAYLOADS[kind]])  # type: ignore[valid-type]
        assert isinstance(found, inspect.StructType)
        fields = {field.name: _values(field.type) for field in found.fields}
        return st.builds(EventEnvelope, **{**fields, "type": st.just(kind)})

    return of
