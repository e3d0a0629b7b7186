"""Tools that look at JSON see Avro events as JSON, and everything else as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alphapanda.bus.memory_log import MemoryLog
from alphapanda.bus.records import Outgoing, Partition, Record
from alphapanda.clock import SystemClock
from alphapanda.errors import DependencyError
from alphapanda.model.avro import AvroCodec
from alphapanda.model.codec import encode
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.toolkit.schemas.as_json import AsJson, JsonReader
from topics.catalogue import Catalogue

Examples = Mapping[EventType, EventEnvelope[Any]]
KIND = EventType.ORDER_REJECTED
TOPIC = "paper.orders.rejected"
OTHERS = "somebody.elses-topic"


async def test_what_is_avro_is_read_as_json(
    codec: AvroCodec, examples: Mapping[EventType, EventEnvelope[Any]]
) -> None:
    event = examples[KIND]
    avro, json = codec.encoder(KIND.value)(event), encode(event)
    broken, unknown = avro[:-1], b"\x00\x00\x00\xff\xff" + avro[5:]
    values = [avro, json, broken, unknown, b"\x00", b"", None, b"words"]
    log = MemoryLog({TOPIC: 1, f"{TOPIC}.dlq": 1, OTHERS: 1}, SystemClock())
    for topic in (TOPIC, f"{TOPIC}.dlq", OTHERS):
        await log.append([Outgoing(topic, b"k", value, (("type", b"x"),), 0) for value in values])

    inner = await log.reader()
    reader = JsonReader(inner, AsJson(codec, Catalogue.load()))
    read = {}
    for topic in (TOPIC, f"{TOPIC}.dlq", OTHERS):
        partition = Partition(topic, 0)
        reader.seek({partition: 0})
        records = await reader.poll(0.1)
        assert [record.offset for record in records] == list(range(len(values)))
        assert {record.headers for record in records} == {(("type", b"x"),)}
        assert await reader.position(partition) == len(values)
        assert reader.known_end(partition) == inner.known_end(partition)
        read[topic] = [record.value for record in records]
    await reader.aclose()
    assert read[TOPIC] == read[f"{TOPIC}.dlq"] == [json, *values[1:]]
    assert read[OTHERS] == values


def test_a_registry_that_is_away_is_asked_once(codec: AvroCodec, examples: Examples) -> None:
    asked: list[int] = []

    def away(schema_id: int) -> str:
        asked.append(schema_id)
        raise DependencyError("nobody answers")

    as_json = AsJson(AvroCodec({}, away), Catalogue.load())
    record = Record(Partition(TOPIC, 0), 0, 0, b"k", codec.encoder(KIND.value)(examples[KIND]))
    assert [as_json.record(record) for _ in range(3)] == [record] * 3
    assert len(asked) == 1
