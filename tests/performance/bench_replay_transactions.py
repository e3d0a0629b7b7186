"""What a replay in Kafka transactions would cost and do: the figures of docs/decisions/0009.

Run: python tests/performance/bench_replay_transactions.py [RECORDS]. Real servers in a folder of their own.

A batch's copies and its ledger entries in one transaction, against the way of today; what a commit's control
record does to readers that reckon with offsets; what is left, and for how long, when the replay is killed in the
middle.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from alphapanda.errors import AlphaPandaError
from alphapanda.kafka.client import KafkaLog, KafkaOptions, open_log, open_read_log
from alphapanda.kafka.membership import join_group
from alphapanda.kafka.reading import newest, read_all
from alphapanda.model.records import Outgoing, Partition


def _other_bench(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench_dlq = _other_bench("bench_dlq")
ROUNDS = 5
READ_COMMITTED = "read_committed"
READ_UNCOMMITTED = "read_uncommitted"


@dataclass(frozen=True, slots=True)
class Bench:
    """A broker on real servers, and records as a replay writes them."""

    world: Any

    @property
    def options(self) -> KafkaOptions:
        found: KafkaOptions = self.world.options
        return found

    @property
    def target(self) -> str:
        found: str = self.world.signals
        return found

    def copies(self, count: int) -> list[Outgoing]:
        sample = self.world.record(self.world.signal(1))
        return [Outgoing(self.target, sample.key, sample.value, tuple(sample.headers) * 2, 0)] * count

    def entries(self, count: int) -> list[Outgoing]:
        sample = self.world.record(self.world.signal(1))
        return [
            Outgoing("system.dlq-ledger", f"{self.world.broker}-{n}".encode(), sample.value, sample.headers, 0)
            for n in range(count)
        ]


@asynccontextmanager
async def transactional(options: KafkaOptions, timeout_ms: int = 60_000) -> AsyncIterator[tuple[Any, KafkaLog]]:
    """Open a producer that writes transactions, and our way of writing in bulk over it."""
    producer = AIOKafkaProducer(
        bootstrap_servers=options.bootstrap_servers,
        client_id="transactions",
        transactional_id=f"replay-{time.time_ns()}",
        transaction_timeout_ms=timeout_ms,
        acks="all",
        max_request_size=8 << 20,
        max_batch_size=options.batch_bytes,
    )
    async with open_log(options) as log:
        await producer.start()
        try:
            yield producer, KafkaLog(options, log._lookup, log._admin, producer)
        finally:
            await producer.stop()


async def as_today(bench: Bench, records: int, size: int) -> float:
    """Return records a second: copies, and their entries while the next copies are written."""
    copies, entries = bench.copies(records), bench.entries(records)
    async with open_log(bench.options) as log:
        await log.append_in_bulk(bench.copies(1) + bench.entries(1))
        began, booking = time.perf_counter(), None
        for start in range(0, records, size):
            await log.append_in_bulk(copies[start : start + size])
            if booking is not None:
                await booking
            booking = asyncio.ensure_future(log.append_in_bulk(entries[start : start + size]))
        if booking is not None:
            await booking
        return records / (time.perf_counter() - began)


async def in_transactions(bench: Bench, records: int, size: int) -> tuple[float, float]:
    """Return records a second, and the median of a commit in milliseconds: an entry names its copy's place, so
    it is written once that is known."""
    copies, entries = bench.copies(records), bench.entries(records)
    commits: list[float] = []
    async with transactional(bench.options) as (producer, log):
        began = time.perf_counter()
        for start in range(0, records, size):
            await producer.begin_transaction()
            await log.append_in_bulk(copies[start : start + size])
            await log.append_in_bulk(entries[start : start + size])
            at = time.perf_counter()
            await producer.commit_transaction()
            commits.append(time.perf_counter() - at)
        return records / (time.perf_counter() - began), statistics.median(commits) * 1_000


async def rates(bench: Bench, records: int) -> None:
    for size in (500, 1_000):
        now, then, commit = [], [], []
        for _ in range(ROUNDS):
            now.append(await as_today(bench, records, size))
            rate, milliseconds = await in_transactions(bench, records, size)
            then.append(rate)
            commit.append(milliseconds)
        share = statistics.median(b / a for a, b in zip(now, then, strict=True))
        print(
            f"batches of {size}: today {_spread(now)} records/s, in transactions {_spread(then)};"
            f" {share:.2f} of it; commit {statistics.median(commit):.0f} ms;"
            f" load average {os.getloadavg()[0]:.1f}"
        )


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"


async def control_records(bench: Bench) -> None:
    """Tell what a commit at the end of a partition does to readers that reckon with offsets."""
    async with transactional(bench.options) as (producer, log):
        await producer.begin_transaction()
        await log.append_in_bulk(bench.copies(3))
        await producer.commit_transaction()
    partition = Partition(bench.target, 0)
    async with open_read_log(bench.options) as log:
        ends = await log.ends([partition])
        start = {partition: ends[partition] - 4}
        began, offsets = time.perf_counter(), list[int]()
        try:
            offsets = [record.offset for record in await asyncio.wait_for(read_all(log, start, ends), 20)]
            found = f"{len(offsets)} records in {time.perf_counter() - began:.2f} s"
        except (AlphaPandaError, TimeoutError) as error:
            found = f"{type(error).__name__} after {time.perf_counter() - began:.1f} s: {error}"
        latest, _ = await newest(log, [partition.topic], 1)
    end = ends[partition]
    print(f"3 records in one transaction take the offsets from {start[partition]} on; the end is {end}")
    print(f"  recovery reading up to the end: {found}, offsets {offsets}")
    print(f"  asked for the newest record, the log gives {[record.offset for record in latest]}")
    if offsets:
        await _lag(bench, partition, end, offsets[-1])


async def _lag(bench: Bench, partition: Partition, end: int, last: int) -> None:
    group = f"{bench.world.broker}.lag"
    async with join_group(bench.options, group, [partition.topic], instance="1") as ownership:
        await ownership.acquire()
        await ownership.commit({partition: last + 1})
    async with open_read_log(bench.options) as log:
        committed = await log.committed(group)
    at = committed[partition].offset
    print(
        f"  a group that has processed all of it has committed {at}: its lag is {end - at}, until a record comes"
    )


CHILD = """
import asyncio
from aiokafka import AIOKafkaProducer

async def act():
    producer = AIOKafkaProducer(bootstrap_servers={servers!r}, transactional_id="killed-{timeout}",
                                transaction_timeout_ms={timeout}, acks="all")
    await producer.start()
    await producer.begin_transaction()
    for n in range(500):
        await producer.send({topic!r}, b"copy", key=b"k", partition=0)
    await producer.flush()
    print("written", flush=True)
    await asyncio.sleep(600)

asyncio.run(act())
"""


async def killed(bench: Bench, timeout_ms: int) -> None:
    """Tell what readers see of a transaction whose writer was killed, and for how long they wait."""
    code = CHILD.format(
        servers=bench.options.bootstrap_servers,
        topic=bench.target,
        timeout=timeout_ms,
    )
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    await child.stdout.readline()
    tp = TopicPartition(bench.target, 0)
    async with reader(bench, READ_UNCOMMITTED, tp) as dirty, reader(bench, READ_COMMITTED, tp) as clean:
        end = (await dirty.end_offsets([tp]))[tp]
        stable = (await clean.end_offsets([tp]))[tp]
        child.send_signal(signal.SIGKILL)
        began = time.perf_counter()
        await child.wait()
        dirty.seek(tp, stable)
        clean.seek(tp, stable)
        seen = await _until(dirty, lambda records: len(records) >= end - stable)
        async with open_log(bench.options) as log:
            await log.append_in_bulk(bench.copies(1))  # a live signal, behind the open transaction
        live = await _until(dirty, bool)
        prompt = time.perf_counter() - began
        first = await _until(clean, bool)
        waited = time.perf_counter() - began
    print(
        f"killed in the middle, transaction.timeout.ms {timeout_ms:,}: read_uncommitted sees {len(seen)} copies"
        f" of what is aborted later, and a live record behind them after {prompt:.1f} s ({len(live)});"
        f" read_committed stands still for {waited:.1f} s and then sees {len(first)} record(s)"
    )


@asynccontextmanager
async def reader(bench: Bench, isolation: str, tp: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bench.options.bootstrap_servers, isolation_level=isolation, enable_auto_commit=False
    )
    await consumer.start()
    consumer.assign([tp])
    try:
        yield consumer
    finally:
        await consumer.stop()


async def _until(consumer: AIOKafkaConsumer, enough: Any) -> list[Any]:
    records: list[Any] = []
    async with asyncio.timeout(180):
        while not enough(records):
            got = await consumer.getmany(timeout_ms=200)
            records += [record for found in got.values() for record in found]
    return records


async def measure(bench: Bench, records: int) -> None:
    """Measure all of it."""
    await rates(bench, records)
    await control_records(bench)
    for timeout_ms in (1_000, 10_000, 60_000):
        await killed(bench, timeout_ms)


def main() -> None:
    """Measure on servers of its own."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    tools = bench_dlq.kit()
    with tempfile.TemporaryDirectory(prefix="bench-tx-") as name, bench_dlq.servers(Path(name)) as endpoints:
        world = bench_dlq.new_world(tools, endpoints, Path(name), "benchtx")
        asyncio.run(measure(Bench(world), records))


if __name__ == "__main__":
    main()
