"""Dead letters by the ten thousand: how long `dlq reasons` takes, and how fast `dlq replay` sends.

Run: python tests/performance/bench_dlq.py [RECORDS]. Real servers in a folder of their own; the command line as a
process, the group that failed in this one. Bare: the same records through the same producer, without a ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.ids import BrokerId
from alphapanda.infra.base import Endpoints
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.tiers import running
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import bootstrap
from alphapanda.settings import EmbeddedSettings
from topics.catalogue import Catalogue, Overlay

ROOT = Path(__file__).parents[2]
CAUSES = (
    ("no instrument NSE:S{n}", "PermanentError"),
    ("The value is not a signal_raw: Expected `int`, got `str` - at `$.data.quantity` - byte {n}", "DecodeError"),
    ("Kafka did not answer within {n} ms", "TransientError"),
    ("paper.signals.raw:0:{n} is on a topic of paper, its header says zerodha", "MisroutedError"),
    ("KeyError: 'row {n}'", "KeyError"),
)


def kit() -> Any:
    """Return the helpers of the DLQ's integration tests."""
    spec = importlib.util.spec_from_file_location("dlq_kit", ROOT / "tests/integration/dlq/conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def command(environ: dict[str, str], *words: str) -> tuple[float, int, str]:
    """Run a verb as a process; return seconds, exit code and stdout."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "commands.main", "dlq", *words],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stderr)
    return time.perf_counter() - began, done.returncode, done.stdout


def cpu_of_children() -> float:
    """Return the CPU seconds of the processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def new_world(tools: Any, endpoints: Endpoints, folder: Path, name: str) -> Any:
    deployment = Deployment(folder / name)
    deployment.root.mkdir()
    deployment.config_file.write_text(f'[brokers.{name}]\nkind = "paper"\n')
    environ = {
        "ALPHAPANDA_HOME": str(deployment.root),
        "ACTIVE_BROKERS": name,
        "INFRA__TIER": "external",
        "KAFKA__BOOTSTRAP_SERVERS": endpoints.bootstrap_servers,
        "REDIS__URL": endpoints.redis_url,
    }

    async def make() -> None:
        async with Cluster.connect(endpoints.bootstrap_servers) as cluster:
            await bootstrap(cluster, Catalogue.load(Overlay(broker_count=1)).topics([name]), made_at=tools.NOW)

    asyncio.run(make())
    return tools.World(BrokerId(name), endpoints, deployment, environ, None)


def bench_reasons(world: Any, records: int) -> None:
    value = world.record(world.signal(1)).value
    letters = []
    for number in range(records):
        message, exception = CAUSES[number % len(CAUSES)]
        letters.append(
            world.dead_letter(value, number + 1_000_000, message=message.format(n=number), exception=exception)
        )
    world.write(letters)
    took = [command(world.environ, "reasons", world.signals, "--json") for _ in range(3)]
    rows = json.loads(took[0][2])["items"]
    assert sorted(row["count"] for row in rows) == [records // len(CAUSES)] * len(CAUSES), rows[:6]
    best = min(seconds for seconds, _, _ in took)
    cpu = cpu_of_children() / len(took)
    print(f"dlq reasons, {records:,} records of {len(CAUSES)} causes: {best:.2f} s as a process (goal < 3 s)")
    print(f"  of it {cpu:.2f} s CPU")
    listed, _, _ = command(world.environ, "list")
    print(f"dlq list: {listed:.2f} s")


def bench_replay(world: Any, records: int) -> None:
    with world.group_at_work() as risk:
        signals = world.failing(records)
        rate = bare(world, records)
        words = ("replay", world.signals, "--valid-for", "1d", "--json")
        idle = cpu_of_children()
        planning, _, _ = command(world.environ, *words, "--dry-run")
        planned = cpu_of_children()
        seconds, code, out = command(world.environ, *words)
        done = cpu_of_children()
        report = json.loads(out)["report"]
        assert code == 0, report
        assert dict(risk.folded) == {one.id: 1 for one in signals}
    sending = (report["sent"] - 1) / report["send_seconds"]
    print(f"dlq replay, {records:,} records: {sending:,.0f} records/s sent and booked (goal ≥ 5,000)")
    acting = (done - planned) - (planned - idle)
    print(
        f"  CPU of sending, booking, watching and confirming: {acting:.2f} s: it allows {records / acting:,.0f}/s"
    )
    print(
        f"  planning: {planning:.1f} s, of which {planned - idle:.2f} s CPU; load average {os.getloadavg()[0]:.1f}"
    )
    print(f"  the same records written bare: {rate:,.0f} records/s")
    print(f"  all of it, from start to the last confirmation: {seconds:.1f} s, {records / seconds:,.0f} records/s")


def bare(world: Any, records: int) -> float:
    """Return how fast records of this size are written with nothing around it."""
    from dataclasses import replace

    from alphapanda.kafka.client import open_log
    from alphapanda.model.records import Outgoing

    sample = world.record(world.signal(1))
    outgoing = [Outgoing("system.alerts.dlq", sample.key, sample.value, sample.headers * 2, 0)] * records

    async def act() -> float:
        async with open_log(replace(world.options, client_id="bare")) as log:
            began = time.perf_counter()
            for start in range(0, records, 1_000):
                await log.append(outgoing[start : start + 1_000])
            return records / (time.perf_counter() - began)

    return asyncio.run(act())


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[Endpoints]:
    """Run real servers in a thread of their own."""
    import threading
    from concurrent.futures import Future

    tier = EmbeddedTier(EmbeddedSettings(), Deployment(folder / "servers"), SystemClock())
    tier_folder = folder / "servers"
    tier_folder.mkdir()
    started: Future[Endpoints] = Future()
    finish: Future[None] = Future()

    async def serve() -> None:
        async with running(tier) as endpoints:
            started.set_result(endpoints)
            await asyncio.wrap_future(finish)

    keeper = threading.Thread(target=lambda: asyncio.run(serve()), name="servers")
    keeper.start()
    try:
        yield started.result(timeout=180)
    finally:
        finish.set_result(None)
        keeper.join()


def main() -> None:
    """Measure."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    tools = kit()
    with tempfile.TemporaryDirectory(prefix="bench-dlq-") as name, servers(Path(name)) as endpoints:
        bench_reasons(new_world(tools, endpoints, Path(name), "benchreasons"), records)
        bench_replay(new_world(tools, endpoints, Path(name), "benchreplay"), records)


if __name__ == "__main__":
    main()
