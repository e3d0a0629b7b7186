"""`alphapanda why` on a log of a million records: ticks, and whole chains of trading among them.

The log is made as the daemons make it. Asked are the oldest, a middle and the newest order, fill, trade, signal,
decision and tick, each in a process of its own, as an operator does: the worst of them is what counts.
Usage: bench_why.py [--records N] [--share PERCENT] [--rounds N] [--json].
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from statistics import median
from typing import Any

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.tiers import running
from alphapanda.settings import EmbeddedSettings

TARGET_S = 2.0
CHAIN = 6
CLOCK = SystemClock()


@dataclass(frozen=True)
class Measured:
    asked: str
    where: str
    command_s: float
    cpu_s: float


def neighbour(name: str) -> Any:
    """Return a module of the toolkit's integration tests."""
    path = Path(__file__).parents[1] / "integration" / "toolkit" / f"{name}.py"
    spec = spec_from_file_location(f"toolkit_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


async def ask(asked: str, environ: dict[str, str], code: int) -> tuple[float, float]:
    """Return the seconds that a call took, by the clock and of the processor."""
    start, used = CLOCK.monotonic(), cpu_s()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "commands.main", "why", asked, "--json"),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate()
    seconds, used = CLOCK.monotonic() - start, cpu_s() - used
    decisions = [] if code else json.loads(out)["decisions"]
    steps = [hop["step"] for one in decisions for branch in one["branches"] for hop in branch["hops"]]
    if child.returncode != code or (not code and len(steps) != CHAIN):
        raise SystemExit(f"{asked}: exit {child.returncode}: {err.decode()} {steps}")
    return seconds, used


def cpu_s() -> float:
    """Return the processor's seconds of all children that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(rows: Sequence[Measured]) -> str:
    lines = [
        "| asked | where | seconds, the process's start included | of them its processor's |",
        "|---|---|--:|--:|",
    ]
    lines += [f"| {row.asked} | {row.where} | {row.command_s:.2f} | {row.cpu_s:.2f} |" for row in rows]
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
            long_log = neighbour("test_why_long")
            asked = await long_log.write_long_log(
                neighbour("conftest"), servers, arguments.records, arguments.share / 100
            )
            asked.append(long_log.Asked("nothing has it", "-", "12345678-efb6-8609-804c-111111111111"))
            rows = []
            for one in asked:
                code = 2 if one.where == "-" else 0
                took = [await ask(one.id, environ, code) for _ in range(arguments.rounds)]
                rows.append(
                    Measured(
                        one.what,
                        one.where,
                        round(median(seconds for seconds, _ in took), 3),
                        round(median(used for _, used in took), 3),
                    )
                )
                sys.stderr.write(f"{rows[-1]}\n")
    worst = max((row for row in rows if row.where != "-"), key=lambda row: row.command_s)
    if arguments.json:
        sys.stdout.write(
            json.dumps({"schema_version": 1, "worst": asdict(worst), "rows": [asdict(row) for row in rows]}) + "\n"
        )
    else:
        sys.stdout.write(
            f"{table(rows)}\n\nTarget: {TARGET_S:g} s;"
            f" the worst: {worst.command_s:.2f} s ({worst.asked}, {worst.where}).\n"
        )
    return 0 if worst.command_s <= TARGET_S else 3


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--share", type=float, default=10.0, help="how many of a hundred records belong to chains")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    sys.exit(asyncio.run(main(parser.parse_args())))
