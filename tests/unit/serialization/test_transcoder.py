"""Tools that look at JSON see Avro events as JSON, and everything else as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from alphapanda.errors import DecodeError, DependencyError
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Partition, Record
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.codec import encode
from alphapanda.serialization.transcoder import JsonTranscoder
from topics.catalogue import Catalogue

Examples = Mapping[EventType, EventEnvelope[Any]]
KIND = EventType.ORDER_REJECTED
TOPIC = "paper.orders.rejected"
OTHERS = "somebody.elses-topic"


def test_what_is_avro_is_read_as_json(codec: AvroCodec, examples: Examples) -> None:
    event = examples[KIND]
    avro, json = codec.encoder(KIND.value)(event), encode(event)
    broken, unknown = avro[:-1], b"\x00\x00\x00\xff\xff" + avro[5:]
    values = [avro, json, broken, unknown, b"\x00", b"", None, b"words"]
    as_json = JsonTranscoder(codec, Catalogue.load())
    read = {}
    for topic in (TOPIC, f"{TOPIC}.dlq", OTHERS):
        records = [
            Record(Partition(topic, 0), n, 7, b"k", value, (("type", b"x"),)) for n, value in enumerate(values)
        ]
        shown = [as_json.record(record) for record in records]
        assert [msgspec.structs.replace(one, value=b"") for one in shown] == [
            msgspec.structs.replace(one, value=b"") for one in records
        ]
        read[topic] = [record.value for record in shown]
    assert read[TOPIC] == read[f"{TOPIC}.dlq"] == [json, *values[1:]]
    assert read[OTHERS] == values
    for value in (broken, unknown, b"\x00"):
        with pytest.raises(DecodeError):
            as_json.value(Record(Partition(TOPIC, 0), 0, 0, b"k", value))


def test_a_registry_that_is_away_is_asked_once(codec: AvroCodec, examples: Examples) -> None:
    asked: list[int] = []

    def away(schema_id: int) -> str:
        asked.append(schema_id)
        raise DependencyError("nobody answers")

    as_json = JsonTranscoder(AvroCodec({}, away), Catalogue.load())
    record = Record(Partition(TOPIC, 0), 0, 0, b"k", codec.encoder(KIND.value)(examples[KIND]))
    assert [as_json.record(record) for _ in range(3)] == [record] * 3
    assert len(asked) == 1
