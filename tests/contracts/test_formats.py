"""JSON and Avro in one log: a reader takes either, a runner recovers from what was written in the other."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from alphapanda.errors import DecodeError, DependencyError
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Outgoing, envelope_headers
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.codec import Codec, encode
from alphapanda.serialization.schema_files import schema_text

KINDS = {
    "market.ticks": EventType.MARKET_TICK,
    "signals.raw": EventType.SIGNAL_RAW,
    "signals.validated": EventType.SIGNAL_VALIDATED,
    "signals.rejected": EventType.SIGNAL_REJECTED,
}
SCHEMAS = {number: schema_text(kind) for number, kind in enumerate(KINDS.values(), 1)}


def schema_of(schema_id: int) -> str:
    if schema_id not in SCHEMAS:
        raise DecodeError(f"no schema {schema_id}")
    return SCHEMAS[schema_id]


def avro(bench: Any) -> AvroCodec:
    names = (name if name.startswith("market") else f"{bench.broker}.{name}" for name in KINDS)
    return AvroCodec({name: number for number, name in enumerate(names, 1)}, schema_of)


def reading_only() -> Codec:
    return AvroCodec({}, schema_of)


@asynccontextmanager
async def working(bench: Any, stage: Any, until: Callable[[], bool]) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with bench.runner(stage) as runner, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(runner.run(stop, lambda: None, lambda: None))
        try:
            yield
            async with asyncio.timeout(90):
                while not until():
                    if task.done():
                        break
                    await asyncio.sleep(0.002)
        finally:
            stop.set()


def has(stage: Any, count: int) -> Callable[[], bool]:
    return lambda: sum(stage.counts.values()) >= count


async def write(bench: Any, codec: Codec | None, *envelopes: Any) -> None:
    topics = {EventType.MARKET_TICK: bench.ticks, EventType.SIGNAL_RAW: bench.signals}
    records = []
    for one in envelopes:
        topic = topics[one.type]
        value = encode(one) if codec is None else codec.encoder(topic)(one)
        records.append(Outgoing(topic, one.key.encode(), value, envelope_headers(one)))
    await bench.world.log.append(records)


async def decisions(bench: Any) -> Sequence[tuple[bool, Any]]:
    """Return what was decided, and whether it is in Avro."""
    records = await bench.read(f"{bench.broker}.signals.validated")
    kind = EventType.SIGNAL_VALIDATED
    return [(record.value[:1] == b"\x00", reading_only().decode(kind, record.value)) for record in records]


async def chains(bench: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for topic, kind in ((bench.ticks, EventType.MARKET_TICK), (bench.signals, EventType.SIGNAL_RAW)):
        for record in await bench.read(topic):
            place = f"{topic}:{record.partition.number}"
            event_id = reading_only().decode(kind, record.value).id
            found[place] = hashlib.sha256((found.get(place, "") + event_id).encode()).hexdigest()
    return found


async def test_inputs_in_both_formats_are_one_stream(bench: Any, make: Any, witness: Any) -> None:
    codec = bench.codec = avro(bench)
    for number in range(6):
        await write(bench, codec if number % 2 else None, make.signal(number, bench.broker), make.tick(number))
    async with working(bench, witness, has(witness, 12)):
        pass
    made = await decisions(bench)
    assert [is_avro for is_avro, _ in made] == [True] * 6
    assert [one.data.signal.decision_id for _, one in made] == [f"d{n}" for n in range(6)]
    assert [one.causation_id for _, one in made] == [make.signal(n, bench.broker).id for n in range(6)]
    assert witness.chains == await chains(bench)
    assert bench.meter.dead_letters == 0


async def forget_snapshot(bench: Any) -> None:
    store = bench.world.snapshots
    if hasattr(store, "last"):
        store.last = None
    else:
        await store._client.delete(store._key)


@pytest.mark.parametrize("remembers", [True, False])
async def test_a_life_in_one_format_goes_on_in_the_other(
    bench: Any, make: Any, witness: Any, remembers: bool
) -> None:
    formats = [None, avro(bench), reading_only(), avro(bench)]
    stage = witness
    for life, codec in enumerate(formats, 1):
        bench.codec = codec or reading_only()
        await write(bench, codec, make.signal(life, bench.broker), make.tick(life))
        async with working(bench, stage, has(stage, 2 * life)):
            pass
        last, stage = stage, make.witness()
        if not remembers:
            await forget_snapshot(bench)
    made = await decisions(bench)
    assert [is_avro for is_avro, _ in made] == [False, True, False, True]
    assert len({one.id for _, one in made}) == len(formats), "nothing was decided twice"
    assert last.chains == await chains(bench)


async def test_avro_that_cannot_be_read_is_a_dead_letter_byte_for_byte(
    bench: Any, make: Any, witness: Any
) -> None:
    codec = bench.codec = avro(bench)
    signal = make.signal(0, bench.broker)
    good = codec.encoder(bench.signals)(signal)
    unknown, cut = b"\x00\x00\x00\x03\xe7" + good[5:], good[:-1]
    headers = envelope_headers(signal)
    await bench.world.log.append([Outgoing(bench.signals, b"s", value, headers) for value in (unknown, cut)])
    await write(bench, codec, make.signal(1, bench.broker))
    async with working(bench, witness, has(witness, 1)):
        pass
    letters = await bench.read(f"{bench.signals}.dlq")
    assert [letter.value for letter in letters] == [unknown, cut]
    assert len(await decisions(bench)) == 1


async def test_a_registry_that_is_away_stops_the_runner_and_loses_nothing(
    bench: Any, make: Any, witness: Any
) -> None:
    """Whoever was told of no schema must not take the event for undecodable."""

    def away(_schema_id: int) -> str:
        raise DependencyError("no registry answers")

    await write(bench, avro(bench), make.signal(0, bench.broker))
    bench.codec = AvroCodec({}, away)
    with pytest.raises(ExceptionGroup) as caught:
        async with working(bench, witness, lambda: False):
            pass
    assert caught.group_contains(DependencyError, match="no registry answers")
    assert await bench.read(f"{bench.signals}.dlq") == []

    bench.codec = reading_only()
    stage = make.witness()
    async with working(bench, stage, has(stage, 1)):
        pass
    assert len(await decisions(bench)) == 1
