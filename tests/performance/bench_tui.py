"""The dashboard in a pseudo-terminal of 160x50: 5,000 instruments, 2,000 ticks a second, keys pressed meanwhile.

Ticks come as records of a log in memory, encoded before the measurement and decoded within it, as from Kafka.
Measured from outside: CPU of the process, memory, the time from a key to the paint that it causes, the first
useful paint after the command, the end after its terminal's SIGHUP, and CPU without any tick.
Usage: bench_tui.py [--seconds N] [--json].
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import sys
import termios
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import psutil

COLUMNS, ROWS = 160, 50
INSTRUMENTS, PER_SECOND = 5_000, 2_000
BUDGET = {
    "cpu_percent": 25.0,
    "key_p95_ms": 50.0,
    "idle_cpu_percent": 2.0,
    "first_paint_s": 1.5,
    "growth_mib": 8.0,
    "end_s": 1.0,
}
READY = b"Market"


def app(rate: int) -> None:
    """Run the dashboard over a flood; this is the measured process."""
    from alphapanda.clock import SystemClock
    from alphapanda.ids import MARKET, InstrumentId, SequenceIds
    from alphapanda.model.envelope import EventEnvelope, trace_id_of
    from alphapanda.model.kinds import EventType, TradingMode
    from alphapanda.model.tick import DepthLevel, Ohlc, Tick
    from alphapanda.pipeline.topic_routing import Routes
    from alphapanda.serialization.codec import encode
    from alphapanda.testing.memory_log_access import MemoryLogAccess
    from topics.catalogue import Catalogue
    from tui.app import Dashboard
    from tui.session import Memory, NoLayout
    from tui.sources.connection import Connection
    from tui.sources.handle import SourceHandle

    catalogue = Catalogue.load()
    log_access = MemoryLogAccess(
        {str(spec.name): spec.partitions for spec in catalogue.topics(["paper"])}, kept=2 * PER_SECOND
    )
    ids, start = SequenceIds("bench"), datetime.now(UTC).replace(microsecond=0)

    def record(number: int) -> bytes:
        token = number % INSTRUMENTS
        price = 1_000.0 + token / 10 + (number * 7919 % 41 - 20) / 20
        levels = tuple(DepthLevel(price + step / 20, 100 + step, 3) for step in range(1, 6))
        tick = Tick(
            instrument=InstrumentId(f"NSE:SYM{token:04}"),
            instrument_token=token,
            exchange_ts=start + timedelta(seconds=number / PER_SECOND),
            last_price=price,
            last_quantity=10,
            average_price=price,
            volume=number,
            total_buy_quantity=9_000,
            total_sell_quantity=8_000,
            ohlc=Ohlc(price, price + 2, price - 2, price),
            bids=levels,
            asks=levels,
        )
        event_id = ids.at(number)
        envelope = EventEnvelope(
            id=event_id,
            type=EventType.MARKET_TICK,
            ts=tick.exchange_ts,
            key=str(token),
            source="feed",
            broker=MARKET,
            correlation_id=event_id,
            trace_id=trace_id_of(event_id),
            data=tick,
        )
        return encode(envelope)

    values = [record(number) for number in range(2 * INSTRUMENTS)]

    class Flood:
        name = "Feed"

        async def run(self, handle: SourceHandle) -> None:
            handle.up()
            written = 0
            began = time.perf_counter()
            while True:
                goal = int((time.perf_counter() - began) * rate) if rate else 0
                goal = max(goal, INSTRUMENTS)  # every instrument is there from the start
                now_ms = int(time.time() * 1000)
                for number in range(written, goal):
                    log_access.write("market.ticks", number % 3, now_ms, b"k", values[number % len(values)])
                written = goal
                if not rate:
                    await asyncio.Event().wait()
                await asyncio.sleep(0.05)

    async def connect() -> Connection:
        return Connection(
            name="bench",
            folder="",
            brokers=(("paper", TradingMode.PAPER),),
            routes=Routes(catalogue, None),
            log_access=log_access,
            sources=(Flood(),),
        )

    class OnMarket(NoLayout):
        def load(self) -> Memory:
            return Memory(screen="market")

    Dashboard(connect, SystemClock(), OnMarket()).run()


class Terminal:
    """A child in a pseudo-terminal."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS=str(COLUMNS), LINES=str(ROWS))
            os.execv(argv[0], list(argv))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.process = psutil.Process(self.pid)
        self.written = 0

    def read(self, seconds: float) -> bytes:
        """Return what comes within a time, at the first byte if there is one."""
        ready, _, _ = select.select([self.fd], [], [], max(0.0, seconds))
        if not ready:
            return b""
        got = os.read(self.fd, 1 << 16)
        self.written += len(got)
        return got

    def drain(self, seconds: float) -> bytes:
        """Read for a time."""
        end, got = time.perf_counter() + seconds, b""
        while (left := end - time.perf_counter()) > 0:
            got += self.read(left)
        return got

    def until(self, wanted: bytes, seconds: float) -> float:
        """Return after how many seconds something was painted."""
        began, got = time.perf_counter(), b""
        while time.perf_counter() - began < seconds:
            got += self.read(0.1)
            if wanted in got:
                return time.perf_counter() - began
        raise TimeoutError(f"{wanted!r} was not painted within {seconds} s: {got[-400:]!r}")

    def cpu(self) -> float:
        """Return the CPU seconds spent so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def key_to_paint(self, key: bytes) -> float:
        """Press a key that moves the cursor; return the seconds until the cursor is painted again."""
        self.drain(0.13)
        began = time.perf_counter()
        os.write(self.fd, key)
        got = b""
        while time.perf_counter() - began < 2.0:
            got += self.read(0.5)
            if "▌".encode() in got:
                break
        return time.perf_counter() - began

    def close(self) -> float:
        """End it as its terminal does; return the seconds that it takes."""
        began = time.perf_counter()
        os.kill(self.pid, signal.SIGHUP)
        try:
            while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                try:
                    self.read(0.005)
                except OSError:  # it has let go of the terminal, and ends
                    time.sleep(0.005)
            return time.perf_counter() - began
        finally:
            os.close(self.fd)


def loaded(seconds: float, rate: int) -> dict[str, float]:
    """Measure CPU, memory and keys while ticks come."""
    terminal = Terminal([sys.executable, __file__, "--app", str(rate)])
    try:
        terminal.until(b"NSE:SYM", 60)
        terminal.drain(4)
        terminal.drain(2)
        memory, cpu, began, written = (
            terminal.process.memory_info().rss,
            terminal.cpu(),
            time.perf_counter(),
            terminal.written,
        )
        keys: list[float] = []
        while time.perf_counter() - began < seconds:
            if rate:
                keys.append(terminal.key_to_paint(b"j" if len(keys) % 40 < 20 else b"k"))
                terminal.drain(0.35)
            else:
                terminal.drain(0.5)
        passed = time.perf_counter() - began
        found = {
            "cpu_percent": 100 * (terminal.cpu() - cpu) / passed,
            "growth_mib": (terminal.process.memory_info().rss - memory) / 1048576,
            "rss_mib": terminal.process.memory_info().rss / 1048576,
            "painted_kib_per_s": (terminal.written - written) / passed / 1024,
        }
        if keys:
            ordered = sorted(keys)
            found["key_p50_ms"] = 1000 * median(ordered)
            found["key_p95_ms"] = 1000 * ordered[int(0.95 * (len(ordered) - 1))]
        return found
    finally:
        terminal.close()


def first_paint() -> dict[str, float]:
    """Measure, in an empty folder, from the command to a screen that says something, and to the end."""
    folder = Path("/tmp") / f"alphapanda-bench-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    os.environ["ALPHAPANDA_HOME"] = str(folder)
    took, spent, ended = list[float](), list[float](), list[float]()
    for _ in range(3):
        began = time.perf_counter()
        terminal = Terminal([sys.executable, "-m", "commands.main", "tui"])
        try:
            terminal.until(b"Overview", 30)
            took.append(time.perf_counter() - began)
            spent.append(terminal.cpu())
            terminal.drain(3)
        finally:
            ended.append(terminal.close())
    shutil.rmtree(folder)
    return {"first_paint_s": median(took), "first_paint_cpu_s": median(spent), "end_s": median(ended)}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--app", type=int)
    arguments = parser.parse_args()
    if arguments.app is not None:
        app(arguments.app)
        return 0
    found = loaded(arguments.seconds, PER_SECOND)
    found["idle_cpu_percent"] = loaded(min(15.0, arguments.seconds), 0)["cpu_percent"]
    found |= first_paint()
    if arguments.json:
        print(json.dumps(found))
    else:
        print(f"| {INSTRUMENTS} instruments, {PER_SECOND} ticks/s, {COLUMNS}x{ROWS} | | budget |")
        print("| --- | --: | --: |")
        for name, value in found.items():
            print(f"| {name} | {value:.1f} | {BUDGET.get(name, '')} |")
    missed = [name for name, most in BUDGET.items() if found[name] > most]
    if missed:
        print(f"over budget: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
