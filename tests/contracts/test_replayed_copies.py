"""Records beside their dead letters: what was sent again, and what stands where another was refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from alphapanda.model.records import Header, Outgoing
from topics.dead_letters import ProcessingFailure, build_headers


async def work(bench: Any, stage: Any, until: Callable[[], bool]) -> None:
    stop = asyncio.Event()
    async with bench.runner(stage) as runner, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(runner.run(stop, lambda: None, lambda: None))
        async with asyncio.timeout(90):
            while not until():
                assert not task.done()
                await asyncio.sleep(0.002)
        stop.set()


async def test_the_author_of_a_decision_passes_over_a_copy_of_it(bench: Any, make: Any) -> None:
    await bench.write(*(make.signal(n, bench.broker) for n in range(3)))
    first = make.witness()
    await work(bench, first, lambda: len(first.outputs) >= 6)

    topic = f"{bench.broker}.signals.validated"
    (record, *_) = await bench.read(topic)
    headers = (*record.headers, (Header.REPLAY_OF.value, f"{topic}.dlq:0:0".encode()))
    await bench.world.log.append([Outgoing(topic, record.key, record.value, headers, 0)])

    again = make.witness()
    await bench.write(make.signal(3, bench.broker))
    await work(bench, again, lambda: len(again.outputs) >= 8)
    assert len(again.outputs) == len(set(again.outputs)) == 8
    assert again.outputs[:6] == first.outputs


@pytest.mark.parametrize(("written_ms", "processed"), [(1, 1), (None, 0)])
async def test_what_stands_where_another_was_refused(
    bench: Any, make: Any, witness: Any, written_ms: int | None, processed: int
) -> None:
    """A topic that was deleted and made again begins at 0 again; its dead letters are still there."""
    group = f"{bench.broker}.witness"
    failure = ProcessingFailure(
        topic=bench.signals, partition=0, offset=0, group=group, message="no", original_timestamp_ms=written_ms
    )
    headers = (*build_headers(failure), (Header.GROUP.value, group.encode()))
    await bench.world.log.append([Outgoing(f"{bench.signals}.dlq", b"s", b"{", headers, 0)])
    await bench.write(make.signal(0, bench.broker), make.signal(1, bench.broker))
    await work(bench, witness, lambda: len(witness.outputs) >= 2 * (1 + processed))
    assert sum(witness.counts.values()) == 1 + processed
