"""Kill a runner after any numbered step of any batch, tear its writes: every decision exists once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphapanda.model.envelope import LogPosition
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Header, Outgoing, decode_offsets
from alphapanda.pipeline.runner_config import BatchStep
from alphapanda.serialization.codec import decode
from alphapanda.testing.memory_log import MemoryLog

TICKS, SIGNALS = 60, 12


class Crash(BaseException):
    """The process is gone."""


class TornLog:
    """A log on which a write may be cut: of each partition a prefix arrives, then the process is gone."""

    def __init__(self, log: MemoryLog, keep: Sequence[int]) -> None:
        self._log = log
        self._keep = list(keep)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, outgoing: Sequence[Outgoing]) -> list[LogPosition]:
        if not self._keep:
            return await self._log.append(outgoing)
        kept = self._keep.pop(0)
        topics = sorted({one.topic for one in outgoing})
        for shift, topic in enumerate(topics):
            of_topic = [one for one in outgoing if one.topic == topic]
            await self._log.append(of_topic[: (kept >> (4 * shift)) % (len(of_topic) + 1)])
        raise Crash


class Killer:
    """Dies at the `at`-th step it is told of."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __call__(self, _step: BatchStep) -> None:
        self._left -= 1
        if self._left == 0:
            raise Crash


crashes = st.lists(
    st.one_of(
        st.builds(lambda n: ("step", n), st.integers(1, 25)),
        st.builds(lambda n: ("tear", n), st.integers(0, 255)),
    ),
    max_size=6,
)


@given(crashes=crashes, forget=st.sets(st.integers(0, 5)), batch=st.integers(1, 40), data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_decision_exists_once(make: Any, crashes: Any, forget: Any, batch: int, data: Any) -> None:
    order = data.draw(st.permutations([("t", n) for n in range(TICKS)] + [("s", n) for n in range(SIGNALS)]))

    async def scenario() -> None:
        bench = make.bench()
        pending = [make.tick(n) if kind == "t" else make.signal(n) for kind, n in order]
        for number, crash in enumerate([*crashes, None]):
            await bench.write(*pending[:batch] if crash else pending)
            pending = pending[batch:] if crash else []
            if number in forget:
                bench.world.snapshots.last = None
            await live(make, bench, crash)
        await check(make, bench)

    asyncio.run(scenario())


async def live(make: Any, bench: Any, crash: tuple[str, int] | None) -> None:
    """Run one process until it crashes, or until it has nothing left to do."""
    stage = make.witness()
    stop = asyncio.Event()
    log = bench.world.log
    steps = Killer(crash[1]) if crash and crash[0] == "step" else lambda _step: None
    torn = TornLog(log, [crash[1]] if crash and crash[0] == "tear" else [])
    async with bench.runner(stage, on_step=steps, log=torn) as runner, asyncio.TaskGroup() as tasks:

        async def work() -> None:
            try:
                await runner.run(stop, lambda: None, lambda: None)
            except Crash:
                stop.set()

        async def quiet() -> None:
            while not stop.is_set():
                written = sum(len(held) for held in log._records.values())
                for _ in range(6):
                    await asyncio.sleep(0)
                ends = await log.ends(await log.partitions(["market.ticks", bench.signals]))
                if all(stage.counts.get(str(p), 0) >= end for p, end in ends.items()) and written == sum(
                    len(held) for held in log._records.values()
                ):
                    stop.set()

        tasks.create_task(work())
        tasks.create_task(quiet())


async def check(make: Any, bench: Any) -> None:
    made: dict[str, list[Any]] = {}
    for kind in (EventType.SIGNAL_VALIDATED, EventType.SIGNAL_REJECTED):
        records = await bench.read(f"{bench.broker}.signals.{kind.removeprefix('signal_')}")
        ids = [decode(kind, record.value or b"").id for record in records]
        assert len(ids) == len(set(ids)) == SIGNALS, f"{kind}: {len(ids)} records, {len(set(ids))} ids"
        for record in records:
            made.setdefault(decode(kind, record.value or b"").causation_id or "", []).append(record)
    for records in made.values():
        seen_in_data = {json.dumps(decode_data(record)) for record in records}
        assert len(seen_in_data) == 1, "both halves of a decision saw the same"
        first = records[0]
        counts = dict(json.loads(seen_in_data.pop())[0])
        offsets = {str(p): n for p, n in decode_offsets(first.header(Header.SEEN) or b"{}").items()}
        cause = (first.header(Header.CAUSE) or b"").decode().rpartition(":")[0]
        offsets[cause] -= 1  # the decision is taken before its own cause is folded
        assert {p: n for p, n in offsets.items() if n} == counts

    fresh = make.witness()
    bench.world.snapshots.last = None
    await live(make, bench, None)
    await live_into(bench, fresh)
    assert fresh.chains == await bench.expected_chains()
    assert sorted(fresh.outputs) == sorted(set(fresh.outputs))
    assert len(fresh.outputs) == 2 * SIGNALS


def decode_data(record: Any) -> Any:
    value = json.loads(record.value)
    return json.loads(value["data"]["checks"][0]["value"])


async def live_into(bench: Any, stage: Any) -> None:
    """Recover a stage from the log alone."""
    stop = asyncio.Event()
    async with bench.runner(stage) as runner:
        await runner.run(stop, stop.set, lambda: None)


@pytest.mark.parametrize("step", list(BatchStep))
async def test_each_step_is_survived(make: Any, step: BatchStep) -> None:
    """One crash exactly at each step, with the writes that had been done."""
    bench = make.bench()
    await bench.write(*(make.tick(n) for n in range(TICKS)), *(make.signal(n) for n in range(SIGNALS)))
    met: list[BatchStep] = []

    def die(now: BatchStep) -> None:
        if now is step and not met:
            met.append(now)
            raise Crash

    stage = make.witness()
    async with bench.runner(stage, on_step=die) as runner:
        with pytest.raises(Crash):
            await runner.run(asyncio.Event(), lambda: None, lambda: None)
    await live(make, bench, None)
    await check(make, bench)
