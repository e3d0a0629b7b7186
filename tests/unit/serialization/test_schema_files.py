"""The committed schemas are those of the structs, and what other programs take for schemas."""

from __future__ import annotations

import json
from pathlib import Path

import avro.schema
import fastavro
import pytest

from alphapanda.model.kinds import EventType, OrderType
from alphapanda.model.payloads import PAYLOADS
from alphapanda.serialization.schema_diff import canonical
from alphapanda.serialization.schema_files import orphaned_files, read_schema_files, schema_text, write_schema
from topics.catalogue import Catalogue
from topics.names import TopicName
from topics.schemas import kept_types, subject_of, topic_of

KINDS = sorted(PAYLOADS)


def test_every_committed_schema_is_in_step_with_its_struct() -> None:
    behind = [kept.kind.value for kept in read_schema_files() if not kept.in_step]
    assert not behind, "Run: alphapanda schemas generate, and have the change reviewed."
    assert orphaned_files() == ()
    assert set(kept_types()) == {kind.value for kind in PAYLOADS}


@pytest.mark.parametrize("kind", KINDS)
def test_two_libraries_take_it_for_a_schema(kind: EventType) -> None:
    text = schema_text(kind)
    assert avro.schema.parse(text).type == "record"
    parsed = fastavro.parse_schema(json.loads(text))
    assert isinstance(parsed, dict)
    assert parsed["name"].startswith("alphapanda.")


@pytest.mark.parametrize("kind", KINDS)
def test_what_other_libraries_make_of_it_says_the_same(kind: EventType) -> None:
    """Registries write names differently, and reorder what has no order."""
    text = schema_text(kind)
    parsed = fastavro.parse_schema(json.loads(text))
    assert isinstance(parsed, dict)
    kept = {key: value for key, value in parsed.items() if not key.startswith("__")}
    assert canonical(json.dumps(kept, sort_keys=True)) == canonical(text)


def test_a_namespace_and_a_short_name_say_the_same_as_a_full_name() -> None:
    full = {
        "type": "record",
        "name": "a.b.R",
        "fields": [
            {"name": "e", "type": {"type": "enum", "name": "a.b.E", "symbols": ["X"]}},
            {"name": "f", "type": ["null", "a.b.E"], "default": None},
            {"name": "g", "type": {"type": "array", "items": "a.b.E"}, "doc": "words"},
            {"name": "h", "type": {"type": "string"}},
        ],
    }
    short = {
        "namespace": "a.b",
        "name": "R",
        "type": "record",
        "doc": "other words",
        "fields": [
            {"name": "e", "type": {"name": "E", "type": "enum", "symbols": ["X"]}},
            {"default": None, "name": "f", "type": ["null", "E"]},
            {"name": "g", "type": {"type": "array", "items": "E"}},
            {"name": "h", "type": "string"},
        ],
    }
    assert canonical(json.dumps(full)) == canonical(json.dumps(short))


def test_every_topic_has_a_schema_and_a_subject() -> None:
    for spec in Catalogue.load().topics(["paper"]):
        assert spec.event_type in kept_types()
        assert subject_of(spec.name) == f"{spec.name.source}-value"
    assert topic_of("paper.orders.filled-value") == TopicName("paper", "orders", "filled")
    assert topic_of("somebody-elses-value") is None
    assert topic_of("paper.orders.filled-key") is None


def test_letters_that_a_symbol_cannot_have_are_replaced() -> None:
    text = schema_text(EventType.ORDER_SUBMITTED)
    assert OrderType.STOP_MARKET.value == "SL-M"
    assert '"SL_M"' in text
    assert '"SL-M"' not in text


def test_money_is_exact_and_times_are_microseconds() -> None:
    schema = json.loads(schema_text(EventType.ORDER_FILLED))
    data = next(field for field in schema["fields"] if field["name"] == "data")["type"]
    fill = next(field for field in data["fields"] if field["name"] == "fill")["type"]
    types = {field["name"]: field["type"] for field in fill["fields"]}
    assert types["price"] == {"type": "string", "format": "decimal"}
    assert types["ts"] == {"type": "long", "logicalType": "timestamp-micros"}


def test_the_kinds_are_no_part_of_any_schema() -> None:
    """Or a new kind of event would be a new version of all."""
    names = set(PAYLOADS) - {EventType.PNL_SNAPSHOT}
    assert not any(f'"{kind.value}"' in schema_text(EventType.PNL_SNAPSHOT) for kind in names)


def test_written_files_are_in_step(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert all(kept.committed is None for kept in read_schema_files(folder))
    for kept in read_schema_files(folder):
        write_schema(kept, folder)
    assert all(kept.in_step for kept in read_schema_files(folder))
    (folder / "order_invented.avsc").write_text("{}")
    assert orphaned_files(folder) == ("order_invented",)
