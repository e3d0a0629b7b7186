"""A tiny daemon for the supervisor's tests: `fake_child.py NAME BEHAVIOUR JOURNAL [--gated] [--supervisor PID]`.

Behaviours: ready, never (never ready), crash (exit 1 once let on), config (exit 78), deaf (ignores SIGTERM),
degrade (ready, then not), job (exits 0), family (has a child that ignores SIGTERM, and is deaf itself).
It writes what it does to JOURNAL, a line each.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from daemons.notify import Notifier
from daemons.parent import die_with

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("behaviour")
parser.add_argument("journal")
parser.add_argument("--gated", action="store_true")
parser.add_argument("--supervisor", type=int)
parser.add_argument("--accept-log-reset", action="store_true")
asked = parser.parse_args()
if asked.supervisor:
    die_with(asked.supervisor)


def note(what: str) -> None:
    with Path(asked.journal).open("a") as journal:
        journal.write(f"{asked.name} {what}\n")


async def live() -> int:
    loop = asyncio.get_running_loop()
    gate, stop, poked = asyncio.Event(), asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, gate.set)
    loop.add_signal_handler(signal.SIGUSR2, poked.set)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    with Notifier.from_environ(os.environ, asked.name) as notifier:
        note("born" + (" accepting" if asked.accept_log_reset else ""))
        if asked.gated:
            notifier.waiting("waits")
            await asyncio.wait(
                {asyncio.ensure_future(gate.wait()), asyncio.ensure_future(stop.wait())},
                return_when=asyncio.FIRST_COMPLETED,
            )
            if stop.is_set():
                note("stopped at the gate")
                return 0
        note("let on")
        match asked.behaviour:
            case "crash":
                sys.stderr.write("first words\nlast words\n")
                return 1
            case "config":
                sys.stderr.write("feed.speed is wrong\n")
                return 78
            case "job":
                sys.stdout.write("job done well\n")
                return 0
            case "family":
                await asyncio.create_subprocess_exec("sh", "-c", "trap '' TERM; while :; do sleep 1; done")
        if asked.behaviour != "never":
            notifier.ready("works")
        if asked.behaviour == "degrade":
            await poked.wait()
            notifier.unready("lost Kafka")
        await stop.wait()
        notifier.stopping("drains")
        note("stopping")
        if asked.behaviour in {"deaf", "family"}:
            await asyncio.Event().wait()
    return 0


sys.exit(asyncio.run(live()))
