"""What a runner promises, on the log in memory and on Apache Kafka alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from alphapanda.errors import AuthError, LogResetError, PermanentError, TransientError
from alphapanda.ids import BrokerId
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Header, Outgoing
from alphapanda.pipeline.delivery import DeliveryPolicy
from alphapanda.serialization.codec import decode
from topics.dead_letter_families import read_headers
from topics.dead_letters import FailedStage


@asynccontextmanager
async def working(bench: Any, stage: Any, until: Callable[[], bool], **more: Any) -> AsyncIterator[None]:
    """Run a stage until it has done what is waited for, then let it drain."""
    stop = asyncio.Event()
    async with bench.runner(stage, **more) as runner, asyncio.TaskGroup() as tasks:
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


def has(stage: Any, topic: str, count: int) -> Callable[[], bool]:
    return lambda: sum(n for place, n in stage.counts.items() if place.startswith(topic)) >= count


async def validated(bench: Any) -> list[Any]:
    records = await bench.read(f"{bench.broker}.signals.validated")
    return [decode(EventType.SIGNAL_VALIDATED, record.value) for record in records]


async def test_outputs_follow_inputs_in_order(bench: Any, make: Any, witness: Any) -> None:
    await bench.write(*(make.signal(n, bench.broker) for n in range(5)))
    async with working(bench, witness, has(witness, bench.signals, 5)):
        pass
    made = await validated(bench)
    assert [one.data.signal.decision_id for one in made] == ["d0", "d1", "d2", "d3", "d4"]
    assert [one.causation_id for one in made] == [make.signal(n, bench.broker).id for n in range(5)]


async def test_an_event_that_comes_twice_is_folded_once(bench: Any, make: Any, witness: Any) -> None:
    await bench.write(*(make.signal(n, bench.broker) for n in (0, 1, 0, 1, 2)))
    async with working(bench, witness, has(witness, bench.signals, 3)):
        pass
    assert len(await validated(bench)) == 3
    assert witness.counts[f"{bench.signals}:0"] == 3
    assert bench.meter.duplicates == 2


async def test_decisions_say_what_was_seen(bench: Any, make: Any, witness: Any) -> None:
    await bench.write(make.signal(0, bench.broker))
    async with working(bench, witness, has(witness, bench.signals, 1)):
        pass
    (record,) = await bench.read(f"{bench.broker}.signals.validated")
    assert record.header(Header.GROUP) == f"{bench.broker}.witness".encode()
    assert record.header(Header.CAUSE) == f"{bench.signals}:0:0".encode()
    assert f'"{bench.signals}:0":1'.encode() in record.header(Header.SEEN)
    assert record.header(Header.TYPE) == b"signal_validated"
    assert record.header(Header.BROKER) == bench.broker.encode()


async def test_a_second_life_decides_nothing_again(bench: Any, make: Any, witness: Any) -> None:
    await bench.write(*(make.signal(n, bench.broker) for n in range(3)), *(make.tick(n) for n in range(9)))
    async with working(bench, witness, has(witness, "", 12)):
        pass
    second = make.witness()
    await bench.write(make.signal(3, bench.broker))
    async with working(bench, second, has(second, bench.signals, 4)):
        pass
    assert len(await validated(bench)) == 4
    assert second.chains == await bench.expected_chains()


async def test_without_a_snapshot_the_log_is_enough(bench: Any, make: Any, witness: Any) -> None:
    await bench.write(*(make.signal(n, bench.broker) for n in range(3)), *(make.tick(n) for n in range(9)))
    async with working(bench, witness, has(witness, "", 12)):
        pass
    await forget_snapshot(bench)
    second = make.witness()
    async with working(bench, second, has(second, "", 12)):
        pass
    assert second.chains == witness.chains
    assert sorted(second.outputs) == sorted(witness.outputs)
    assert len(await validated(bench)) == 3


async def forget_snapshot(bench: Any) -> None:
    store = bench.world.snapshots
    if hasattr(store, "last"):
        store.last = None
    else:
        await store._client.delete(store._key)


async def test_undecodable_bytes_are_dead_letters_with_their_bytes(bench: Any, make: Any, witness: Any) -> None:
    poison = b"\xff not an event"
    await bench.world.log.append([Outgoing(bench.signals, b"s", poison, (("x", b"kept"),))])
    await bench.write(make.signal(1, bench.broker))
    async with working(bench, witness, has(witness, bench.signals, 1)):
        pass
    (letter,) = await bench.read(f"{bench.signals}.dlq")
    failure = read_headers(letter.headers, f"{bench.signals}.dlq").failure
    assert (letter.key, letter.value, letter.header("x")) == (b"s", poison, b"kept")
    assert (failure.topic, failure.partition, failure.offset) == (bench.signals, 0, 0)
    assert (failure.group, failure.stage) == (f"{bench.broker}.witness", FailedStage.DECODE)
    assert bench.meter.dead_letters == 1


@pytest.mark.parametrize("wrong", ["envelope", "payload", "header"])
async def test_a_record_of_another_broker_is_refused(bench: Any, make: Any, witness: Any, wrong: str) -> None:
    other = BrokerId("somebody")
    envelope = make.signal(0, other if wrong == "envelope" else bench.broker, inside=other)
    if wrong == "header":
        envelope = make.signal(0, bench.broker)
    record = make.outgoing(bench.signals, envelope)
    headers = tuple((k, other.encode() if k == "broker" and wrong == "header" else v) for k, v in record.headers)
    await bench.world.log.append([Outgoing(record.topic, record.key, record.value, headers)])
    await bench.write(make.signal(1, bench.broker))
    async with working(bench, witness, has(witness, bench.signals, 1)):
        pass
    (letter,) = await bench.read(f"{bench.signals}.dlq")
    failure = read_headers(letter.headers, f"{bench.signals}.dlq").failure
    assert (failure.stage, failure.error_code) == (FailedStage.VALIDATE, "misrouted")
    assert len(await validated(bench)) == 1


async def test_what_may_pass_is_tried_again(bench: Any, make: Any, witness: Any) -> None:
    tries: list[str] = []

    def twice(event: Any) -> Exception | None:
        tries.append(event.id)
        return TransientError("a moment") if len(tries) < 3 else None

    witness.fail_decide = twice
    await bench.write(make.signal(0, bench.broker))
    async with working(bench, witness, has(witness, bench.signals, 1)):
        pass
    assert len(tries) == 3
    assert bench.meter.failures[0] == "transient"
    assert bench.meter.retries == 2
    assert len(await validated(bench)) == 1
    assert await bench.read(f"{bench.signals}.dlq") == []


@pytest.mark.parametrize(
    ("error", "tried"), [(PermanentError("never"), 1), (AuthError("who"), 1), (ZeroDivisionError(), 3)]
)
async def test_what_cannot_pass_is_a_dead_letter(
    bench: Any, make: Any, witness: Any, error: Exception, tried: int
) -> None:
    tries: list[str] = []
    bad = make.signal(0, bench.broker).id

    def fail(event: Any) -> Exception | None:
        if event.id != bad:
            return None
        tries.append(event.id)
        return error

    witness.fail_decide = fail
    await bench.write(make.signal(0, bench.broker), make.signal(1, bench.broker))
    async with working(bench, witness, has(witness, bench.signals, 1)):
        pass
    assert len(tries) == tried
    (letter,) = await bench.read(f"{bench.signals}.dlq")
    assert letter.value == make.outgoing("", make.signal(0, bench.broker)).value
    assert [one.causation_id for one in await validated(bench)] == [make.signal(1, bench.broker).id]


async def test_an_event_that_breaks_folding_is_refused_and_state_is_mended(
    bench: Any, make: Any, witness: Any
) -> None:
    bad = make.tick(4).id
    witness.fail_evolve = lambda event: ValueError("boom") if event.id == bad else None
    await bench.write(*(make.tick(n) for n in range(8)), make.signal(0, bench.broker))
    async with working(bench, witness, has(witness, "", 8)):
        pass
    (letter,) = (
        await bench.read("market.ticks.dlq")
        if bench.world.__class__.__name__ == "MemoryWorld"
        else (
            [
                r
                for r in await bench.read("market.ticks.dlq")
                if r.header(Header.GROUP) == bench.spec().group.encode()
            ]
        )
    )
    assert decode(EventType.MARKET_TICK, letter.value).id == bad
    second = make.witness()
    async with working(bench, second, has(second, "", 8)):
        pass
    assert second.counts == witness.counts
    assert second.chains == witness.chains
    assert bench.meter.dead_letters == 1


async def test_strict_policy_stops_at_the_first_failure(bench: Any, make: Any, witness: Any) -> None:
    witness.fail_decide = lambda _event: PermanentError("never")
    await bench.write(make.signal(0, bench.broker))
    with pytest.raises(ExceptionGroup) as caught:
        async with working(bench, witness, lambda: False, policy=DeliveryPolicy.STRICT):
            pass
    assert caught.group_contains(PermanentError, match="never")
    assert await bench.read(f"{bench.signals}.dlq") == []


async def test_a_replay_for_another_group_is_passed_over(bench: Any, make: Any, witness: Any) -> None:
    record = make.outgoing(bench.signals, make.signal(0, bench.broker))
    addressed = (*record.headers, (Header.REPLAY_GROUP.value, b"somebody.else"))
    await bench.world.log.append([Outgoing(record.topic, record.key, record.value, addressed)])
    await bench.write(make.signal(1, bench.broker))
    async with working(bench, witness, has(witness, bench.signals, 1)):
        pass
    assert [one.causation_id for one in await validated(bench)] == [make.signal(1, bench.broker).id]


async def test_a_log_that_is_shorter_than_remembered_is_refused(bench: Any, make: Any, witness: Any) -> None:
    await bench.write(make.signal(0, bench.broker))
    async with working(bench, witness, has(witness, bench.signals, 1)):
        pass
    last = await bench.world.snapshots.load()
    ahead = {name: offset + 5 for name, offset in last.inputs.items()}
    await bench.world.snapshots.save(
        type(last)(**{f: getattr(last, f) for f in last.__struct_fields__} | {"inputs": ahead})
    )
    with pytest.raises(ExceptionGroup) as caught:
        async with working(bench, make.witness(), lambda: False):
            pass
    assert caught.group_contains(LogResetError, match="shorter than it was")
    accepted = make.witness()
    async with working(bench, accepted, has(accepted, bench.signals, 1), accept_log_reset=True):
        pass
    assert len(await validated(bench)) == 1
