"""A real daemon on a real Kafka, killed with SIGKILL after each numbered step: every decision exists once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alphapanda.ids import BrokerId, StrategyId, derive_event_id
from alphapanda.kafka.client import KafkaOptions, open_log
from alphapanda.kafka.reading import read_all
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import bootstrap
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.envelope import EventEnvelope, trace_id_of
from alphapanda.model.kinds import EventType, Side, TradingMode
from alphapanda.model.records import Outgoing, envelope_headers
from alphapanda.model.signal import Signal, SignalIntent
from alphapanda.model.tick import TickRef
from alphapanda.pipeline.runner_config import BatchStep
from alphapanda.serialization.codec import decode, encode
from topics.catalogue import Catalogue, Overlay

pytestmark = [pytest.mark.chaos, pytest.mark.kafka, pytest.mark.timeout(300)]
CRASHING_RUNNER = Path(__file__).with_name("crashing_runner.py")
START = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
EACH = 40


def signals(broker: BrokerId, first: int) -> list[Outgoing]:
    """Return raw signals, alternately on several instruments, entries all."""
    made = []
    for number in range(first, first + EACH):
        instrument = SIMULATED_INSTRUMENTS[number % len(SIMULATED_INSTRUMENTS)]
        event_id = derive_event_id(broker, "signal", number)
        at = START + timedelta(seconds=number)
        data = Signal(
            decision_id=event_id,
            strategy_id=StrategyId("s"),
            broker=broker,
            trading_mode=TradingMode.PAPER,
            instrument=instrument.id,
            instrument_token=instrument.instrument_token,
            side=Side.BUY if number % 2 else Side.SELL,
            quantity=instrument.lot_size,
            intent=SignalIntent.ENTRY,
            tick=TickRef(event_id, 0, number, at, 100.0),
        )
        envelope = EventEnvelope(
            id=event_id,
            type=EventType.SIGNAL_RAW,
            ts=at,
            key="s",
            source="strategies",
            broker=broker,
            correlation_id=event_id,
            trace_id=trace_id_of(event_id),
            data=data,
        )
        made.append(Outgoing(f"{broker}.signals.raw", b"s", encode(envelope), envelope_headers(envelope)))
    return made


async def prepare(bootstrap_servers: str, broker: BrokerId) -> None:
    async with Cluster.connect(bootstrap_servers) as cluster:
        await bootstrap(cluster, Catalogue.load(Overlay(broker_count=1)).topics([broker]), made_at=START)


async def write(bootstrap_servers: str, records: list[Outgoing]) -> None:
    async with open_log(KafkaOptions(bootstrap_servers, "test")) as log:
        await log.append(records)


async def judged(bootstrap_servers: str, broker: BrokerId) -> Counter[str]:
    found: Counter[str] = Counter()
    kinds = {"validated": EventType.SIGNAL_VALIDATED, "rejected": EventType.SIGNAL_REJECTED}
    async with open_log(KafkaOptions(bootstrap_servers, "test")) as log:
        for name, kind in kinds.items():
            partitions = await log.partitions([f"{broker}.signals.{name}"])
            for record in await read_all(log, await log.beginnings(partitions), await log.ends(partitions)):
                found[str(decode(kind, record.value or b"").causation_id)] += 1
    return found


def test_killed_after_each_step(servers: Any, unique_name: str) -> None:
    broker = BrokerId(unique_name)
    asyncio.run(prepare(servers.bootstrap_servers, broker))
    total = 0
    for step in BatchStep:
        asyncio.run(write(servers.bootstrap_servers, signals(broker, total)))
        total += EACH
        ended = run(servers, broker, step.name, 1, total)
        assert ended == -signal.SIGKILL, f"{step.name} was never reached"
    assert run(servers, broker, "none", 0, total) == 0
    found = asyncio.run(judged(servers.bootstrap_servers, broker))
    assert len(found) == total
    assert set(found.values()) == {1}


def run(servers: Any, broker: BrokerId, step: str, times: int, total: int) -> int:
    words = [servers.bootstrap_servers, servers.redis_url, broker, step, str(times), str(total)]
    return subprocess.run([sys.executable, str(CRASHING_RUNNER), *words], timeout=60, check=False).returncode
