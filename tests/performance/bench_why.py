"""`alphapanda why` on a log of a million records: ticks, and whole chains of trading among them.

The log is made as the daemons make it. Asked are the oldest, a middle and the newest order, decisions, trades and
ticks, each in a process of its own, as an operator does, and within one process without its start.
Usage: bench_why.py [--records N] [--share PERCENT] [--rounds N] [--json].
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import module_from_spec, spec_from_file_location
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from alphapanda.bus.kafka_log import KafkaOptions, open_log
from alphapanda.bus.tick_writer import TickWriterOptions, open_tick_writer
from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.ids import SequenceIds
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.running import running
from alphapanda.market.frames import TickFrame
from alphapanda.market.simulation import MarketSimulation, SimulationConfig
from alphapanda.model.envelope import LogPosition
from alphapanda.settings import EmbeddedSettings

TARGET_S = 2.0
FRAME = 2_000
BROKER = "paper"
CHAIN = 6
CLOCK = SystemClock()
SOURCE = "bench"


@dataclass(frozen=True)
class Measured:
    asked: str
    where: str
    command_s: float


def chains_module() -> Any:
    """Return the chains of the integration tests."""
    path = Path(__file__).parents[1] / "integration" / "toolkit" / "conftest.py"
    spec = spec_from_file_location("toolkit_chains", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


async def fill(servers: str, count: int, share: float) -> dict[tuple[str, str], str]:
    """Write `count` records, of which `share` belong to chains, and return ids to ask for."""
    made = chains_module()
    await made.make_topics(servers, BROKER)
    per_frame = max(1, round(FRAME * share / (1 - share) / CHAIN)) if share else 0
    ids = SequenceIds(SOURCE)
    asked: dict[tuple[str, str], str] = {}
    ticks = MarketSimulation(SimulationConfig()).ticks()
    frames = round(count / (FRAME + per_frame * CHAIN))
    async with (
        open_log(KafkaOptions(servers, "bench.why")) as log,
        open_tick_writer(TickWriterOptions(servers), ids, CLOCK) as writer,
    ):
        chains = made.Chains(BROKER, log, SequenceIds("unused"))
        for frame in range(frames):
            await writer.write(TickFrame(frame * FRAME, tuple(islice(ticks, FRAME))))
            out = []
            for n in range(per_frame):
                chains.ids, chains.count = ids, frame * FRAME + n
                tick = chains.tick()
                events = dict(chains.whole(chains.decide(tick, LogPosition("market.ticks", 0, 0), n)))
                out += [chains.record(chains.topic(name), event) for name, event in events.items()]
                where = {0: "oldest", frames // 2: "middle", frames - 1: "newest"}.get(frame)
                if where is not None and n == 0:
                    asked["client order", where] = events["orders.submitted"].data.order.client_order_id
                    asked["decision", where] = events["signals.raw"].data.decision_id
                    asked["trade", where] = events["orders.filled"].data.fill.trade_id
                    asked["tick", where] = tick.id
            await log.append(out)
        await writer.drain()
    asked["nothing has it", "-"] = "12345678-efb6-8609-804c-111111111111"
    return asked


async def ask(asked: str, environ: dict[str, str], code: int) -> float:
    start = CLOCK.monotonic()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "commands.main", "why", asked, "--json"),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate()
    seconds = CLOCK.monotonic() - start
    decisions = [] if code else json.loads(out)["decisions"]
    steps = [hop["step"] for one in decisions for branch in one["branches"] for hop in branch["hops"]]
    good = {code} if code else {0, 3}  # the ticks of these chains are no ticks of the simulation
    if child.returncode not in good or (not code and len(steps) < CHAIN):
        raise SystemExit(f"{asked}: exit {child.returncode}: {err.decode()} {steps}")
    return seconds


def table(rows: Sequence[Measured]) -> str:
    lines = ["| asked | where | seconds, the process's start included |", "|---|---|--:|"]
    lines += [f"| {row.asked} | {row.where} | {row.command_s:.2f} |" for row in rows]
    return "\n".join(lines)


async def main(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        tier = EmbeddedTier(EmbeddedSettings(), Deployment(Path(folder)), CLOCK)
        async with running(tier) as endpoints:
            servers = endpoints.bootstrap_servers
            environ = {
                **os.environ,
                "ALPHAPANDA_HOME": folder,
                "INFRA__TIER": "external",
                "KAFKA__BOOTSTRAP_SERVERS": servers,
                "REDIS__URL": endpoints.redis_url,
            }
            asked = await fill(servers, arguments.records, arguments.share / 100)
            rows = []
            for (what, where), one in asked.items():
                code = 2 if where == "-" else 0
                seconds = [await ask(one, environ, code) for _ in range(arguments.rounds)]
                rows.append(Measured(what, where, round(median(seconds), 3)))
                sys.stderr.write(f"{rows[-1]}\n")
    worst = max(row.command_s for row in rows)
    if arguments.json:
        sys.stdout.write(json.dumps({"schema_version": 1, "rows": [asdict(row) for row in rows]}) + "\n")
    else:
        sys.stdout.write(f"{table(rows)}\n\nTarget: {TARGET_S:g} s; the worst: {worst:.2f} s.\n")
    return 0 if worst <= TARGET_S else 3


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--share", type=float, default=10.0, help="how many of a hundred records belong to chains")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    sys.exit(asyncio.run(main(parser.parse_args())))
