"""A topic of a million ticks through `alphapanda topics tail`, beside a bare aiokafka loop and kcat.

Each reader is a process of its own, so that its memory is its own: the table has its peak, and its growth from a
fifth of the topic to its end. Cases are interleaved. With --avro the ticks are written so, and their schema is
asked of a registry. Usage: bench_tail.py [--ticks N] [--rounds N] [--avro] [--json].
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from statistics import median

import psutil
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.ids import SequenceIds
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.tiers import running
from alphapanda.kafka.tick_writer import TickWriterOptions, open_tick_writer
from alphapanda.market.simulation import MarketSimulation, SimulationConfig
from alphapanda.model.kinds import EventType
from alphapanda.model.tick import TickFrame
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.codec import Codec, JsonCodec
from alphapanda.serialization.schema_files import schema_text
from alphapanda.settings import EmbeddedSettings

TOPIC = "market.ticks"
PARTITIONS = 3
FRAME = 2_000
TARGET = 50_000
CLOCK = SystemClock()
TAIL = ("-m", "commands.main", "topics", "tail", TOPIC, "--range", ":end", "--output")
DECODED = ("--where", 'data.last_price > 1500 and broker == "market"')
RARE = ("--where", "data.last_price > 1000000")
BARE = """
import asyncio, json, sys
from aiokafka import AIOKafkaConsumer, TopicPartition
async def main():
    consumer = AIOKafkaConsumer(bootstrap_servers=sys.argv[1], max_partition_fetch_bytes=2 << 20)
    await consumer.start()
    tps = [TopicPartition("market.ticks", n) for n in sorted(consumer.partitions_for_topic("market.ticks")
           or await consumer._client.force_metadata_update() and consumer.partitions_for_topic("market.ticks")
           or range(int(sys.argv[2])))]
    consumer.assign(tps)
    await consumer.seek_to_beginning(*tps)
    left, found = sum((await consumer.end_offsets(tps)).values()), 0
    while left > 0:
        for records in (await consumer.getmany(timeout_ms=500, max_records=2000)).values():
            left -= len(records)
            for record in records:
                value = json.loads(record.value)
                found += value["data"]["last_price"] > 1500 and value["broker"] == "market"
    await consumer.stop()
asyncio.run(main())
"""


@dataclass(frozen=True)
class Measured:
    case: str
    records_per_s: int
    cpu_us: float
    peak_mib: float
    growth_mib: float


class Registry(BaseHTTPRequestHandler):
    """Has one schema, the ticks'."""

    def do_GET(self) -> None:
        body = json.dumps({"schema": schema_text(EventType.MARKET_TICK)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def registry() -> Iterator[str]:
    """Serve the registry, and give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


async def fill(servers: str, count: int, codec: Codec) -> None:
    """Write `count` ticks, as the feed does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])
    finally:
        await admin.close()
    ticks = MarketSimulation(SimulationConfig()).ticks()
    options = TickWriterOptions(servers, topic=TOPIC)
    async with open_tick_writer(options, SequenceIds("bench"), CLOCK, codec=codec) as writer:
        for first in range(0, count, FRAME):
            await writer.write(TickFrame(first, tuple(islice(ticks, min(FRAME, count - first)))))
        await writer.drain()


async def measure(case: str, command: Sequence[str], environ: dict[str, str], count: int) -> Measured:
    start = CLOCK.monotonic()
    child = await asyncio.create_subprocess_exec(
        *command, env=environ, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    watched, samples, cpu = psutil.Process(child.pid), [0.0], 0.0
    ended = asyncio.create_task(child.communicate())
    while not ended.done():
        await asyncio.wait({ended}, timeout=0.05)
        try:
            samples.append(watched.memory_info().rss / (1 << 20))
            cpu = sum(watched.cpu_times()[:2])
        except psutil.Error:
            break
    _, words = await ended
    seconds = CLOCK.monotonic() - start
    if child.returncode:
        raise SystemExit(f"{case}: exit {child.returncode}: {words.decode()}")
    early = max(samples[: max(2, len(samples) // 5)])
    return Measured(
        case,
        round(count / seconds),
        round(cpu * 1e6 / count, 2),
        round(max(samples), 1),
        round(max(samples) - early, 1),
    )


def summary(rows: Sequence[Measured]) -> list[Measured]:
    cases = list(dict.fromkeys(row.case for row in rows))
    groups = [[row for row in rows if row.case == case] for case in cases]
    return [
        Measured(
            group[0].case,
            round(median(row.records_per_s for row in group)),
            round(median(row.cpu_us for row in group), 2),
            max(row.peak_mib for row in group),
            max(row.growth_mib for row in group),
        )
        for group in groups
    ]


def table(rows: Sequence[Measured]) -> str:
    lines = [
        "| reader | records/s | CPU µs/record | peak MiB | growth MiB |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.case} | {row.records_per_s:,} | {row.cpu_us:.2f} | {row.peak_mib:.1f} | {row.growth_mib:.1f} |"
        for row in rows
    ]
    return "\n".join(lines)


def cases(servers: str, *, avro: bool) -> dict[str, list[str]]:
    python = sys.executable
    made = {
        "tail, no filter, raw": [python, *TAIL, "raw"],
        "tail, decoded field, raw": [python, *TAIL, "raw", *DECODED],
        "tail, decoded field, jsonl": [python, *TAIL, "jsonl", *DECODED],
        "tail, decoded field, none match": [python, *TAIL, "table", *RARE],
    }
    if not avro:
        made["aiokafka and json.loads"] = [python, "-c", BARE, servers, str(PARTITIONS)]
    kcat = shutil.which("kcat")
    if kcat:
        made["kcat, no filter"] = [kcat, "-C", "-b", servers, "-t", TOPIC, "-o", "beginning", "-e", "-q"]
    return made


async def main(arguments: argparse.Namespace) -> int:
    rows: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        tier = EmbeddedTier(EmbeddedSettings(), Deployment(Path(folder)), CLOCK)
        async with running(tier) as endpoints:
            address = stack.enter_context(registry()) if arguments.avro else ""
            codec = (
                AvroCodec({TOPIC: 1}, lambda _id: schema_text(EventType.MARKET_TICK)) if address else JsonCodec()
            )
            servers = endpoints.bootstrap_servers
            environ = {
                **os.environ,
                "ALPHAPANDA_HOME": folder,
                "INFRA__TIER": "external",
                "KAFKA__BOOTSTRAP_SERVERS": servers,
                "REDIS__URL": endpoints.redis_url,
                "SCHEMA_REGISTRY_URL": address,
            }
            await fill(servers, arguments.ticks, codec)
            for _ in range(arguments.rounds):
                for case, command in cases(servers, avro=arguments.avro).items():
                    rows.append(await measure(case, command, environ, arguments.ticks))
                    sys.stderr.write(f"{rows[-1]}\n")
    medians = summary(rows)
    filtered = [row.records_per_s for row in medians if "decoded field" in row.case]
    if arguments.json:
        sys.stdout.write(json.dumps({"schema_version": 1, "rows": [asdict(row) for row in medians]}) + "\n")
    else:
        sys.stdout.write(f"{table(medians)}\n\n")
        sys.stdout.write(
            f"Target: {TARGET:,} records/s with a filter on a decoded field, the process's start included; "
            f"slowest: {min(filtered):,}.\n"
        )
    return 0 if min(filtered) >= TARGET else 3


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--avro", action="store_true")
    parser.add_argument("--json", action="store_true")
    sys.exit(asyncio.run(main(parser.parse_args())))
