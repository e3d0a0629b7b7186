"""A decision that was sent again from the dead letters is folded once, however often its author recovers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from alphapanda.bus.records import Header, Outgoing


async def work(bench: Any, stage: Any, until: Callable[[], bool]) -> None:
    stop = asyncio.Event()
    async with bench.runner(stage) as runner, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(runner.run(stop, lambda: None, lambda: None))
        async with asyncio.timeout(30):
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
