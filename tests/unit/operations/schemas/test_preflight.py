"""Open dead letters tried with the schema of today and with a new one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from alphapanda.clock import SystemClock
from alphapanda.errors import DecodeError, DependencyError, KafkaUnreachableError
from alphapanda.ids import EventId
from alphapanda.model.dead_letter import DeadLetterMoved, LedgerState
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Outgoing
from alphapanda.operations.schemas.preflight import SHOWN, Trial, has_topic, preflight, settled_letters
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.codec import encode
from alphapanda.serialization.schema_files import schema_text
from alphapanda.testing.memory_log import MemoryLog
from topics.dead_letters import ProcessingFailure, build_headers, dead_letter_id

TOPIC = "paper.orders.rejected.dlq"
LEDGER = "system.dlq-ledger"
KIND = EventType.ORDER_REJECTED
Examples = Mapping[EventType, EventEnvelope[Any]]


def no_registry(schema_id: int) -> str:
    raise DecodeError(f"no schema {schema_id}")


def with_field(name: str, **more: Any) -> str:
    """The schema with one more field in the payload."""
    schema = json.loads(schema_text(KIND))
    data = next(field for field in schema["fields"] if field["name"] == "data")["type"]
    data["fields"].append({"name": name, "type": "string", **more})
    return json.dumps(schema)


def letter(value: bytes | None, offset: int, partition: int = 0) -> Outgoing:
    failure = ProcessingFailure(
        topic="paper.orders.rejected", partition=partition, offset=offset, group="paper.risk"
    )
    return Outgoing(TOPIC, b"k", value, tuple(build_headers(failure)), partition)


def letter_id(offset: int) -> str:
    return dead_letter_id("paper.orders.rejected", 0, offset, "paper.risk")


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog({TOPIC: 2, LEDGER: 1}, SystemClock())


def trials(new: str) -> tuple[Trial, Trial]:
    return Trial(KIND, schema_text(KIND), no_registry), Trial(KIND, new, no_registry)


async def test_a_new_field_without_a_default_breaks_what_waits(log: MemoryLog, examples: Examples) -> None:
    good = encode(examples[KIND])
    await log.append([letter(good, 1), letter(b"garbage", 2), letter(None, 3), letter(good, 4, partition=1)])

    found = await preflight(log, TOPIC, *trials(with_field("venue_code")), settled=frozenset())
    assert (found.open, found.readable, found.unreadable, found.broken_count) == (4, 0, 2, 2)
    assert {str(one.at) for one in found.broken} == {f"{TOPIC}:0:0", f"{TOPIC}:1:0"}
    assert {one.why for one in found.broken} == {"data.venue_code is missing and has no default."}

    harmless = await preflight(log, TOPIC, *trials(with_field("venue_code", default="")), settled=frozenset())
    assert (harmless.open, harmless.readable, harmless.unreadable, harmless.broken_count) == (4, 2, 2, 0)


async def test_avro_letters_are_tried_with_the_schema_they_were_written_with(
    log: MemoryLog, examples: Examples
) -> None:
    codec = AvroCodec({"t": 1}, no_registry)
    await log.append([letter(codec.encoder("t")(examples[KIND]), 1), letter(b"\x00\x00\x00\x00\x09??", 2)])

    def schema_of(schema_id: int) -> str:
        return schema_text(KIND) if schema_id == 1 else no_registry(schema_id)

    before = Trial(KIND, schema_text(KIND), schema_of)
    for new, broken in ((with_field("venue_code"), 1), (with_field("venue_code", default=""), 0)):
        found = await preflight(log, TOPIC, before, Trial(KIND, new, schema_of), settled=frozenset())
        assert (found.open, found.unreadable, found.broken_count) == (2, 1, broken)


async def test_the_first_schema_of_all_must_read_everything(log: MemoryLog) -> None:
    await log.append([letter(b"garbage", 1)])
    found = await preflight(log, TOPIC, None, trials(schema_text(KIND))[1], settled=frozenset())
    assert found.broken_count == 1


async def test_what_is_settled_does_not_count(log: MemoryLog, examples: Examples) -> None:
    await log.append([letter(b"garbage", n) for n in range(1, 7)])
    states = {
        1: [LedgerState.PLANNED, LedgerState.REPLAYED, LedgerState.CONFIRMED],
        2: [LedgerState.DISCARDED],
        3: [LedgerState.DISCARDED, LedgerState.OPEN],
        4: [LedgerState.QUARANTINED],
        5: [LedgerState.REPLAYED],
    }
    moved: DeadLetterMoved = examples[EventType.DEAD_LETTER_MOVED].data
    import msgspec

    for number, trail in states.items():
        key = letter_id(number)
        for state in trail:
            data = msgspec.structs.replace(moved, dead_letter_id=key, state=state)
            event = msgspec.structs.replace(
                examples[EventType.DEAD_LETTER_MOVED], id=EventId(f"{number}{state}"), data=data
            )
            await log.append([Outgoing(LEDGER, key.encode(), encode(event))])
    await log.append([Outgoing(LEDGER, letter_id(2).encode(), None)])  # forgotten, so open again

    settled = await settled_letters(log, LEDGER)
    assert settled == {letter_id(1)}
    found = await preflight(log, TOPIC, *trials(schema_text(KIND)), settled=settled)
    assert found.open == 5


async def test_a_topic_that_is_not_there_has_no_dead_letters(log: MemoryLog) -> None:
    found = await preflight(log, "paper.orders.filled.dlq", *trials(schema_text(KIND)), settled=frozenset())
    assert found.open == 0
    assert await settled_letters(MemoryLog({}, SystemClock()), LEDGER) == frozenset()


async def test_a_log_that_cannot_be_asked_is_no_missing_topic() -> None:
    class Away(MemoryLog):
        async def partitions(self, topics: Any) -> Any:
            raise KafkaUnreachableError(f"nobody answers for {topics}")

    with pytest.raises(DependencyError, match="nobody answers"):
        await has_topic(Away({}, SystemClock()), TOPIC)


async def test_all_are_counted_and_some_are_shown(log: MemoryLog, examples: Examples) -> None:
    good = encode(examples[KIND])
    await log.append([letter(good, number) for number in range(5 * SHOWN)])
    found = await preflight(log, TOPIC, *trials(with_field("venue_code")), settled=frozenset())
    assert (found.broken_count, len(found.broken)) == (5 * SHOWN, SHOWN)
