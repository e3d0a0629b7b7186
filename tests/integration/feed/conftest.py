"""The feed daemon's service in the test's own process, on the session's Kafka."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.base import Endpoints
from alphapanda.kafka.tick_writer import TICKS_TOPIC
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.model.tick import Tick
from alphapanda.serialization.codec import decode
from alphapanda.settings import load
from alphapanda.telemetry.health import Health
from alphapanda.telemetry.log import SilentLogger
from alphapanda.telemetry.metrics import Metrics
from daemons.feed.service import FeedService
from daemons.feed.status_file import FeedState, FeedStatus, read_status
from daemons.service import DaemonContext

PARTITIONS = 3


@dataclass
class RunningFeed:
    """One run of the service."""

    deployment: Deployment
    task: asyncio.Task[None]
    stop: asyncio.Event
    health: Health
    metrics: Metrics

    @property
    def status(self) -> FeedStatus:
        found = read_status(self.deployment.run)
        assert found is not None
        return found

    @property
    def acknowledged(self) -> float:
        """How many ticks the log has taken in this run, now."""
        labels = {"service": "feed", "broker": "system", "topic": TICKS_TOPIC}
        return self.metrics.registry.get_sample_value("trading_events_out_total", labels) or 0.0

    async def acknowledges(self, count: int) -> None:
        """Wait until the log has taken more than `count` ticks."""
        async with asyncio.timeout(90):
            while self.acknowledged <= count:
                assert not self.task.done(), self.task
                await asyncio.sleep(0.002)

    async def kill(self) -> None:
        """End it without draining."""
        self.task.cancel()
        await asyncio.wait([self.task])

    async def until(self, reached: Callable[[FeedStatus], bool]) -> FeedStatus:
        """Wait until the status file says so."""
        async with asyncio.timeout(90):
            while not reached(self.status):
                assert not self.task.done(), self.task
                await asyncio.sleep(0.02)
        return self.status

    async def finished(self) -> FeedStatus:
        return await self.until(lambda status: status.state is FeedState.FINISHED)


@dataclass
class Bench:
    """A fresh `market.ticks` and feeds that write to it."""

    endpoints: Endpoints
    folder: Path

    @asynccontextmanager
    async def feed(self, variables: Mapping[str, str], *, home: str = "home") -> AsyncIterator[RunningFeed]:
        deployment = Deployment(self.folder / home)
        deployment.prepare()
        health, metrics, stop = Health("feed"), Metrics("feed"), asyncio.Event()
        context = DaemonContext(
            deployment=deployment,
            settings=load(deployment, dict(variables)).settings,
            clock=SystemClock(),
            log=SilentLogger(),
            metrics=metrics,
            health=health,
            endpoints=self.endpoints,
            stop=stop,
        )
        task = asyncio.create_task(FeedService().run(context))
        ready = asyncio.create_task(health.wait_ready())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        try:
            if task.done():
                task.result()
            yield RunningFeed(deployment, task, stop, health, metrics)
            stop.set()
            if not task.cancelled():
                await task
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def log(self) -> dict[int, list[EventEnvelope[Tick]]]:
        """Return what each partition holds."""
        values = await self.values()
        return {
            number: [decode(EventType.MARKET_TICK, value) for value in found] for number, found in values.items()
        }

    async def values(self) -> dict[int, list[bytes]]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.endpoints.bootstrap_servers, enable_auto_commit=False)
        await consumer.start()
        try:
            tps = [TopicPartition(TICKS_TOPIC, number) for number in range(PARTITIONS)]
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            ends = await consumer.end_offsets(tps)
            found: dict[int, list[bytes]] = {tp.partition: [] for tp in tps}
            for tp in tps:
                while await consumer.position(tp) < ends[tp]:
                    for record in (await consumer.getmany(tp, timeout_ms=1_000)).get(tp, ()):
                        assert record.value is not None
                        found[tp.partition].append(record.value)
        finally:
            await consumer.stop()
        return found


async def _fresh_topic(servers: Endpoints) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap_servers)
    await admin.start()

    async def until(done: Callable[[list[int]], bool]) -> None:
        async with asyncio.timeout(90):
            while True:
                (topic,) = await admin.describe_topics([TICKS_TOPIC])
                if done([each["leader"] for each in topic["partitions"]]):
                    return
                await asyncio.sleep(0.02)

    try:
        if TICKS_TOPIC in await admin.list_topics():
            await admin.delete_topics([TICKS_TOPIC])
            await until(lambda leaders: not leaders)
        await admin.create_topics([NewTopic(TICKS_TOPIC, PARTITIONS, 1)])
        await until(lambda leaders: len(leaders) == PARTITIONS and -1 not in leaders)
    finally:
        await admin.close()


@pytest.fixture
async def bench(servers: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A fresh `market.ticks`; no variable of the machine's reaches the feed's settings."""
    for name in os.environ:
        if name.startswith("FEED__"):
            monkeypatch.delenv(name)
    await _fresh_topic(servers)
    return Bench(servers, tmp_path)


@pytest.fixture
def fresh_topic(servers: Endpoints) -> Callable[[], Awaitable[None]]:
    """Delete and create `market.ticks`."""
    return lambda: _fresh_topic(servers)


@pytest.fixture
def unused_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
