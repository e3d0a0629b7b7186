"""Dead letters as metrics, on a real Kafka: as they come, are replayed, set aside, come back, and are purged."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import generate_latest

from alphapanda.clock import SystemClock
from alphapanda.kafka.client import open_read_log, open_record_deleter
from alphapanda.model.records import Partition
from alphapanda.operations.dead_letters.counts import DeadLetterCounter
from alphapanda.operations.dead_letters.exporter import exporting_dead_letters
from alphapanda.telemetry.log import SilentLogger
from alphapanda.telemetry.metrics import Metrics

pytestmark = pytest.mark.kafka

FRESH = ("--valid-for", "1d")


class Counted:
    """A tally that is brought up to date from time to time, held each time against one that reads all."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.topics = [f"{world.signals}.dlq", f"{world.fills}.dlq", f"{world.broker}.no.such.dlq"]
        self.fold = DeadLetterCounter(world.options, self.topics, SilentLogger())

    def __call__(self, code: str = "permanent") -> int:
        """Return how many of the signals are open."""
        afresh = DeadLetterCounter(self.world.options, self.topics, SilentLogger())
        asyncio.run(self._catch_up(self.fold, afresh))
        assert self.fold.counts.open == afresh.counts.open
        assert self.fold.counts.replays == afresh.counts.replays
        return self.fold.counts.open.get((self.topics[0], code), 0)

    async def _catch_up(self, *folds: DeadLetterCounter) -> None:
        async with open_read_log(self.world.options) as log:
            for fold in folds:
                await fold.catch_up(log)

    @property
    def outcomes(self) -> dict[str, int]:
        """How replays of the signals ended."""
        return {
            state.value: count
            for (topic, state), count in self.fold.counts.replays.items()
            if topic == self.topics[0]
        }


def test_it_is_kept_up_through_all_that_can_happen(world: Any) -> None:
    counted = Counted(world)
    assert counted() == 0
    with world.group_at_work() as risk:
        signals = world.failing(6)
        assert counted() == 6
        assert world.run("replay", world.signals, "--max", 2, *FRESH).code == 0
        assert (counted(), counted.outcomes) == (4, {"confirmed": 2})
        refused = {signals[2].id, signals[3].id}
        risk.refuses = lambda event: event.id in refused
        came_back = world.run("replay", world.signals, *FRESH)
        assert came_back.code == 3  # the first one did, and nothing more is sent
        assert counted() == 4
        assert counted.outcomes == {"confirmed": 2, "returned": 1}
        risk.refuses = lambda _event: False
        assert world.run("replay", world.signals, *FRESH).code == 0
        assert (counted(), counted.outcomes) == (0, {"confirmed": 6, "returned": 1})
    world.write([world.dead_letter(b"garbage", 900 + n, exception="DecodeError") for n in range(3)])
    assert counted("decode") == 3
    assert world.run("discard", world.signals, "--reason", "garbage", "--yes").code == 0
    assert counted("decode") == 0
    assert world.run("undo", f"{world.signals}.dlq:0:9", "--yes").code == 0
    assert counted("decode") == 1


def test_what_is_gone_from_the_log_is_not_counted(world: Any) -> None:
    counted = Counted(world)
    world.write([world.dead_letter(b"garbage", n, exception="DecodeError") for n in range(3)])
    assert counted("decode") == 3

    async def cut() -> None:
        async with open_record_deleter(world.options) as deleter:
            await deleter.delete_before({Partition(counted.topics[0], 0): 2})

    asyncio.run(cut())
    assert counted("decode") == 1


def test_more_than_are_told_apart_are_counted_and_told_apart_when_there_is_room(world: Any) -> None:
    topic = f"{world.signals}.dlq"
    fold = DeadLetterCounter(world.options, [topic], SilentLogger(), most=4)

    async def catch_up() -> None:
        async with open_read_log(world.options) as log:
            await fold.catch_up(log)

    world.write([world.dead_letter(b"garbage", n, exception="DecodeError") for n in range(6)])
    asyncio.run(catch_up())
    assert (sum(fold.counts.open.values()), fold.counts.is_full) == (6, True)
    for offset in range(3):
        assert world.run("discard", f"{topic}:0:{offset}", "--reason", "garbage", "--yes").code == 0
    asyncio.run(catch_up())
    asyncio.run(catch_up())
    assert (sum(fold.counts.open.values()), fold.counts.is_full) == (3, False)


def test_it_is_scraped(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = asyncio.Semaphore(0)
    catch_up = DeadLetterCounter.catch_up

    async def noticed(fold: DeadLetterCounter, log: Any) -> None:
        await catch_up(fold, log)
        rounds.release()

    async def scrape() -> str:
        options, topics, metrics = world.options, [f"{world.signals}.dlq"], Metrics("strategies")
        async with exporting_dead_letters(options, topics, metrics, SystemClock(), SilentLogger(), every_s=0.01):
            assert "alphapanda_dlq_open_records{" not in generate_latest(metrics.registry).decode()
            for _ in range(2):  # the second ends after the first one's figures are shown
                await rounds.acquire()
            return generate_latest(metrics.registry).decode()

    monkeypatch.setattr(DeadLetterCounter, "catch_up", noticed)
    world.write([world.dead_letter(b"garbage", n, exception="DecodeError") for n in range(2)])
    page = asyncio.run(scrape())
    assert f'error_code="decode",service="strategies",topic="{world.signals}.dlq"}} 2.0' in page
    assert "alphapanda_dlq_oldest_open_seconds{" in page
