"""Two worlds for one suite: the log in memory, and Apache Kafka."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from alphapanda.clock import SystemClock
from alphapanda.ids import MARKET, BrokerId, EventId, InstrumentId, StrategyId, derive_event_id
from alphapanda.infra.base import Endpoints
from alphapanda.kafka.client import KafkaLog, KafkaOptions, open_log
from alphapanda.kafka.log import Log, Ownership
from alphapanda.kafka.membership import join_group
from alphapanda.kafka.reading import read_all
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import bootstrap
from alphapanda.model.envelope import Event, EventEnvelope, LogPosition, follow, trace_id_of
from alphapanda.model.kinds import EventType, Side, TradingMode
from alphapanda.model.records import Outgoing, Partition, Record, envelope_headers
from alphapanda.model.signal import (
    CheckResult,
    DenialCode,
    Signal,
    SignalIntent,
    SignalRejected,
    SignalValidated,
)
from alphapanda.model.stage import SnapshotStore
from alphapanda.model.tick import Tick, TickRef
from alphapanda.pipeline.kafka_runner import StageRunner
from alphapanda.pipeline.runner_config import OnStep, RunnerSpec, no_step
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.serialization.codec import Codec, encode
from alphapanda.state.store import RedisSnapshots, open_redis
from alphapanda.telemetry.log import SilentLogger
from alphapanda.testing.memory_log import MemoryLog, MemorySnapshots, SoleOwnership
from topics.catalogue import Catalogue, Overlay

START = datetime(2026, 1, 5, 3, 45, tzinfo=UTC)
BROKER = BrokerId("paper")


class Meter:
    """Counts what the runner counts."""

    def __init__(self) -> None:
        self.inputs = self.outputs = self.dead_letters = self.duplicates = self.retries = 0
        self.failures: list[str] = []

    def consumed(self, records: Sequence[Record], _now: datetime) -> None:
        self.inputs += len(records)

    def produced(self, positions: Sequence[LogPosition]) -> None:
        self.outputs += len(positions)

    def batch(self, events: int, seconds: float) -> None:
        assert events > 0
        assert seconds >= 0

    def recovered(self, events: int, seconds: float) -> None:
        assert events >= 0
        assert seconds >= 0

    def lag(self, partition: Partition, records: int) -> None:
        assert partition.topic
        assert records >= 0

    def snapshot(self, seconds: float) -> None:
        assert seconds >= 0

    def duplicate(self) -> None:
        self.duplicates += 1

    def failed(self, kind: str) -> None:
        self.failures.append(kind)

    def retried(self) -> None:
        self.retries += 1

    def dead_letter(self) -> None:
        self.dead_letters += 1


class Witness:
    """A stage that writes into each decision what it had seen of every partition when it took it.

    `validated` and `rejected` both follow from every signal, so that one decision spans two topics.
    """

    def __init__(self) -> None:
        self.chains: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.outputs: list[str] = []
        self.fail_decide: Callable[[Event], Exception | None] = lambda _event: None
        self.fail_evolve: Callable[[Event], Exception | None] = lambda _event: None

    def decide(self, event: Event) -> Iterable[Event]:
        if failure := self.fail_decide(event):
            raise failure
        if event.type is not EventType.SIGNAL_RAW:
            return ()
        seen = json.dumps([sorted(self.counts.items()), len(self.outputs)])
        check = (CheckResult("seen", seen, ""),)
        signal: Signal = event.data
        made = {
            EventType.SIGNAL_VALIDATED: SignalValidated(signal=signal, checks=check),
            EventType.SIGNAL_REJECTED: SignalRejected(
                signal=signal, code=DenialCode.TICK_STALE, failed=check[0], message="", checks=check
            ),
        }
        return [
            follow(
                event.envelope,
                kind,
                data,
                key=event.envelope.key,
                source="witness",
                broker=event.envelope.broker,
                name=kind,
            )
            for kind, data in made.items()
        ]

    def evolve(self, event: Event) -> None:
        if failure := self.fail_evolve(event):
            raise failure
        if event.type in {EventType.SIGNAL_VALIDATED, EventType.SIGNAL_REJECTED}:
            self.outputs.append(event.id)
            return
        if event.at is None:
            return
        place = f"{event.at.topic}:{event.at.partition}"
        self.counts[place] = self.counts.get(place, 0) + 1
        self.chains[place] = hashlib.sha256((self.chains.get(place, "") + event.id).encode()).hexdigest()

    def snapshot(self) -> bytes:
        return json.dumps([self.chains, self.counts, self.outputs]).encode()

    def restore(self, data: bytes) -> None:
        self.chains, self.counts, self.outputs = json.loads(data)


def tick(number: int, *, token: int | None = None) -> EventEnvelope[Tick]:
    event_id = derive_event_id("contract", "tick", number)
    key = str(token if token is not None else 100 + number % 7)
    data = Tick(InstrumentId(f"NSE:S{key}"), int(key), START + timedelta(seconds=number), 100.0 + number)
    return EventEnvelope(
        id=event_id,
        type=EventType.MARKET_TICK,
        ts=data.exchange_ts,
        key=key,
        source="feed",
        broker=MARKET,
        correlation_id=event_id,
        trace_id=trace_id_of(event_id),
        data=data,
    )


def signal(number: int, broker: BrokerId = BROKER, *, inside: BrokerId | None = None) -> EventEnvelope[Signal]:
    event_id = derive_event_id("contract", f"signal/{broker}", number)
    data = Signal(
        decision_id=EventId(f"d{number}"),
        strategy_id=StrategyId("s"),
        broker=inside or broker,
        trading_mode=TradingMode.PAPER,
        instrument=InstrumentId("NSE:S1"),
        instrument_token=1,
        side=Side.BUY,
        quantity=1,
        intent=SignalIntent.ENTRY,
        limit_price=Decimal("1.05"),
        tick=TickRef("t", 0, number, START, 1.0),
    )
    return EventEnvelope(
        id=event_id,
        type=EventType.SIGNAL_RAW,
        ts=START + timedelta(seconds=number),
        key="s",
        source="strategies",
        broker=broker,
        correlation_id=event_id,
        trace_id=trace_id_of(event_id),
        data=data,
    )


def outgoing(topic: str, envelope: EventEnvelope[Any]) -> Outgoing:
    return Outgoing(topic, envelope.key.encode(), encode(envelope), envelope_headers(envelope))


class World(Protocol):
    """A log, and what a runner needs besides."""

    @property
    def broker(self) -> BrokerId: ...

    @property
    def log(self) -> Log: ...

    @property
    def snapshots(self) -> SnapshotStore: ...

    def ownership(self) -> AbstractAsyncContextManager[Ownership]: ...


@dataclass
class Bench:
    """One world with a witness's topics in it."""

    world: World
    meter: Meter = field(default_factory=Meter)
    policy: Any = None
    codec: Codec | None = None

    @property
    def broker(self) -> BrokerId:
        return self.world.broker

    @property
    def ticks(self) -> str:
        return "market.ticks"

    @property
    def signals(self) -> str:
        return f"{self.broker}.signals.raw"

    def spec(self, **more: Any) -> RunnerSpec:
        return RunnerSpec(
            group=f"{self.broker}.witness",
            broker=self.broker,
            inputs=(self.signals, self.ticks),
            outputs=((EventType.SIGNAL_VALIDATED, self.broker), (EventType.SIGNAL_REJECTED, self.broker)),
            **more,
        )

    async def write(self, *envelopes: EventEnvelope[Any]) -> None:
        topics = {EventType.MARKET_TICK: self.ticks, EventType.SIGNAL_RAW: self.signals}
        await self.world.log.append([outgoing(topics[e.type], e) for e in envelopes])

    @asynccontextmanager
    async def runner(
        self, stage: Witness, *, on_step: OnStep = no_step, log: Log | None = None, **more: Any
    ) -> AsyncIterator[StageRunner]:
        async with self.world.ownership() as ownership:
            yield StageRunner(
                spec=self.spec(**more),
                stage=stage,
                log=log or self.world.log,
                ownership=ownership,
                snapshots=self.world.snapshots,
                routes=Routes(Catalogue.load(), self.broker, self.codec),
                clock=SystemClock(),
                meter=self.meter,
                logger=SilentLogger(),
                on_degraded=lambda _reason: None,
                on_step=on_step,
                poll_s=0.002,
            )

    async def read(self, topic: str) -> list[Record]:
        partitions = await self.world.log.partitions([topic])
        log = self.world.log
        return await read_all(log, await log.beginnings(partitions), await log.ends(partitions))

    async def expected_chains(self) -> dict[str, str]:
        chains: dict[str, str] = {}
        known = set()
        for topic in (self.ticks, self.signals):
            for record in await self.read(topic):
                event_id = json.loads(record.value or b"{}").get("id", "")
                if event_id in known:
                    continue
                known.add(event_id)
                place = f"{topic}:{record.partition.number}"
                chains[place] = hashlib.sha256((chains.get(place, "") + event_id).encode()).hexdigest()
        return chains


class MemoryWorld:
    """The log in memory."""

    broker = BROKER

    def __init__(self) -> None:
        topics = {"market.ticks": 3}
        for name in ("raw", "validated", "rejected"):
            topics[f"{BROKER}.signals.{name}"] = 1
        topics |= {f"{name}.dlq": count for name, count in topics.items()}
        self.log = MemoryLog(topics, SystemClock())
        self.snapshots = MemorySnapshots()

    @asynccontextmanager
    async def ownership(self) -> AsyncIterator[Ownership]:
        yield SoleOwnership([Partition(f"{BROKER}.signals.raw", 0)])


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
def memory_bench() -> Bench:
    return Bench(MemoryWorld())


@dataclass(frozen=True)
class Maker:
    """Makes what the suite writes."""

    tick: Callable[..., EventEnvelope[Tick]]
    signal: Callable[..., EventEnvelope[Signal]]
    outgoing: Callable[..., Outgoing]
    witness: Callable[[], Witness]
    bench: Callable[[], Bench]


@pytest.fixture
def make() -> Maker:
    return Maker(tick, signal, outgoing, Witness, lambda: Bench(MemoryWorld()))


class KafkaWorld:
    """Apache Kafka, with a broker name of its own; what other tests left in `market.ticks` is out of sight."""

    def __init__(self, broker: BrokerId, log: KafkaLog, snapshots: SnapshotStore, options: KafkaOptions) -> None:
        self.broker = broker
        self.log = log
        self.snapshots = snapshots
        self._options = options

    @asynccontextmanager
    async def ownership(self) -> AsyncIterator[Ownership]:
        group, topic = f"{self.broker}.witness", f"{self.broker}.signals.raw"
        async with join_group(self._options, group, [topic], instance=f"{self.broker}-1") as ownership:
            yield ownership


@asynccontextmanager
async def kafka_bench(endpoints: Endpoints, broker: BrokerId) -> AsyncIterator[Bench]:
    async with Cluster.connect(endpoints.bootstrap_servers) as cluster:
        await bootstrap(cluster, Catalogue.load(Overlay(broker_count=1)).topics([broker]), made_at=START)
    options = KafkaOptions(endpoints.bootstrap_servers, "contract")
    async with open_log(options) as log, open_redis(endpoints.redis_url) as redis:
        await forget_ticks(options, log)
        yield Bench(KafkaWorld(broker, log, RedisSnapshots(redis, f"{broker}:snapshot:witness"), options))


async def forget_ticks(options: KafkaOptions, log: KafkaLog) -> None:
    ends = await log.ends(await log.partitions(["market.ticks"]))
    admin = AIOKafkaAdminClient(bootstrap_servers=options.bootstrap_servers)
    await admin.start()
    try:
        cut = {TopicPartition(p.topic, p.number): RecordsToDelete(end) for p, end in ends.items() if end}
        if cut:
            await admin.delete_records(cut)
    finally:
        await admin.close()


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
async def bench(request: pytest.FixtureRequest, unique_name: str) -> AsyncIterator[Bench]:
    if request.param == "memory":
        yield Bench(MemoryWorld())
    else:
        async with kafka_bench(request.getfixturevalue("servers"), BrokerId(unique_name)) as made:
            yield made
