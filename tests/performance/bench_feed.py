"""Ticks from memory into the embedded Kafka: plain `send` beside one batch a partition and frame, by compression.

Encoding, ids, headers and acknowledgements are all within the time that is measured. Cases are interleaved,
each round in a topic of its own; the table gives medians. "CPU allows" is the rate that the measured CPU
times leave room for on two free cores, one of them for the event loop: it says what a busy machine hides.
Usage: bench_feed.py [--ticks N] [--rounds N]
[--frame N] [--json].
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import msgspec
import psutil
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.ids import SequenceIds
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.tiers import running
from alphapanda.kafka.tick_batch import Compression
from alphapanda.kafka.tick_encoder import tick_envelope
from alphapanda.kafka.tick_writer import TickWriterOptions, open_tick_writer
from alphapanda.market.simulation import MarketSimulation, SimulationConfig
from alphapanda.model.records import envelope_headers
from alphapanda.model.tick import Tick, TickFrame
from alphapanda.serialization.codec import encode
from alphapanda.settings import EmbeddedSettings

PARTITIONS = 3
TARGET = 250_000
CLOCK = SystemClock()


@dataclass(frozen=True)
class Case:
    name: str
    depth: bool
    run: Callable[[str, str, Sequence[Tick]], Awaitable[None]]


@dataclass(frozen=True)
class Measured:
    case: str
    payload: str
    ticks_per_s: int
    client_us: float
    loop_us: float
    kafka_us: float

    @property
    def cpu_allows(self) -> int:
        """Ticks a second, bound by the event loop's thread or by both cores together."""
        return round(min(1e6 / self.loop_us, 2e6 / (self.client_us + self.kafka_us)))


def by_batch(compression: Compression, frame: int) -> Callable[[str, str, Sequence[Tick]], Awaitable[None]]:
    async def run(servers: str, topic: str, ticks: Sequence[Tick]) -> None:
        options = TickWriterOptions(servers, topic=topic, compression=compression)
        async with open_tick_writer(options, SequenceIds(topic), CLOCK) as writer:
            for first in range(0, len(ticks), frame):
                await writer.write(TickFrame(first, tuple(ticks[first : first + frame])))
            await writer.drain()

    return run


async def by_send(servers: str, topic: str, ticks: Sequence[Tick]) -> None:
    """What a straightforward program does: an envelope and a `send` a tick."""
    ids = SequenceIds(topic)
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True, linger_ms=0)
    await producer.start()
    try:
        for number, tick in enumerate(ticks):
            envelope = tick_envelope(ids, number, tick)
            await producer.send(
                topic, encode(envelope), key=envelope.key.encode(), headers=list(envelope_headers(envelope))
            )
        await producer.flush()
    finally:
        await producer.stop()


def own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def kafka_process() -> psutil.Process:
    children = psutil.Process().children(recursive=True)
    return next(child for child in children if "java" in child.name())


async def measure(servers: str, case: Case, round_: int, ticks: Sequence[Tick]) -> Measured:
    topic = f"bench.{case.name.replace(' ', '-')}.{'depth' if case.depth else 'quote'}.{round_}"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
        kafka = kafka_process()
        gc.collect()
        cpu, loop, kafka_cpu = own_cpu(), time.thread_time(), sum(kafka.cpu_times()[:2])
        start = CLOCK.monotonic()
        await case.run(servers, topic, ticks)
        seconds = CLOCK.monotonic() - start
        per_tick = 1e6 / len(ticks)
        result = Measured(
            case.name,
            "five levels" if case.depth else "quote",
            round(len(ticks) / seconds),
            round((own_cpu() - cpu) * per_tick, 2),
            round((time.thread_time() - loop) * per_tick, 2),
            round((sum(kafka.cpu_times()[:2]) - kafka_cpu) * per_tick, 2),
        )
        await admin.delete_topics([topic])
    finally:
        await admin.close()
    return result


def summary(rows: Sequence[Measured]) -> list[Measured]:
    keys = list(dict.fromkeys((row.case, row.payload) for row in rows))
    groups = [[row for row in rows if (row.case, row.payload) == key] for key in keys]
    return [
        Measured(
            group[0].case,
            group[0].payload,
            round(median(row.ticks_per_s for row in group)),
            round(median(row.client_us for row in group), 2),
            round(median(row.loop_us for row in group), 2),
            round(median(row.kafka_us for row in group), 2),
        )
        for group in groups
    ]


def table(rows: Sequence[Measured], sizes: dict[str, int]) -> str:
    lines = [
        "| into the log | payload | ticks/s | CPU allows | client CPU µs/tick | Kafka CPU µs/tick |",
        "|---|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.case} | {row.payload}, {sizes[row.payload]} B | {row.ticks_per_s:,} | {row.cpu_allows:,} "
        f"| {row.client_us:.2f} | {row.kafka_us:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


async def main(arguments: argparse.Namespace) -> int:
    full = list(islice(MarketSimulation(SimulationConfig()).ticks(), arguments.ticks))
    quotes = [msgspec.structs.replace(tick, bids=(), asks=(), ohlc=None) for tick in full]
    ids = SequenceIds("size")
    sizes = {
        "five levels": len(encode(tick_envelope(ids, 1, full[-1]))),
        "quote": len(encode(tick_envelope(ids, 1, quotes[-1]))),
    }
    cases = [Case("send", depth, by_send) for depth in (False, True)]
    for compression in Compression:
        run = by_batch(compression, arguments.frame)
        cases += [Case(f"send_batch {compression}", depth, run) for depth in (False, True)]
    gc.freeze()
    rows: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder:
        tier = EmbeddedTier(EmbeddedSettings(), Deployment(Path(folder)), CLOCK)
        async with running(tier) as endpoints:
            servers = endpoints.bootstrap_servers
            await measure(servers, Case("warm-up", True, by_batch(Compression.NONE, arguments.frame)), 0, full)
            for round_ in range(arguments.rounds):
                for case in cases:
                    rows.append(await measure(servers, case, round_, full if case.depth else quotes))
                    sys.stderr.write(f"{rows[-1]}\n")
    medians = summary(rows)
    if arguments.json:
        rows_out = [asdict(row) | {"cpu_allows": row.cpu_allows} for row in medians]
        sys.stdout.write(json.dumps({"schema_version": 1, "target": TARGET, "rows": rows_out}) + "\n")
        return 0
    sys.stdout.write(f"{table(medians, sizes)}\n\n")
    for payload in sizes:
        best = max((row for row in medians if row.payload == payload), key=lambda row: row.ticks_per_s)
        sys.stdout.write(
            f"{payload}: {best.case} reached {best.ticks_per_s:,} ticks/s, its CPU time allows "
            f"{best.cpu_allows:,}; the target is {TARGET:,}. The machine's load is {os.getloadavg()[0]:.1f}.\n"
        )
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frame", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    sys.exit(asyncio.run(main(parser.parse_args())))
