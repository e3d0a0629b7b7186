"""The past: a second desk, folded from the log up to a moment, that then plays on at its own pace.

The moment is the log's own time (when records were written), so every pane shows what it could have shown then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Final

from alphapanda.bus.records import Offsets, Record
from alphapanda.clock import Clock
from alphapanda.telemetry.record import LogRecord
from tui.desk.desk import Desk
from tui.desk.system import Daemon, DaemonState, SystemView
from tui.looks.look import to_ms
from tui.sources.log_source import backlog_of, in_order, read_range
from tui.sources.ports import TapeReader, Wiring

SPEEDS: Final = (1, 5, 20, 60)
BEAT_S: Final = 0.1
AHEAD: Final = 4_000
"""Records that are read ahead of the moment at most."""
LINES: Final = 1_000


class Rewind:
    """A moment of the past. `run` keeps it; the rest steers it.

    Attributes:
        desk: what was known at that moment.
        at: the moment.
        playing: whether it moves on.
        loaded: whether the desk is folded already.
        speed: how fast.

    Args:
        wiring: the deployment.
        clock: real time, which paces the past.
        changed: called when another desk stands in the old one's place.
    """

    def __init__(self, wiring: Wiring, clock: Clock, changed: Callable[[], None]) -> None:
        self._wiring = wiring
        self._clock = clock
        self._changed = changed
        self.desk = Desk(wiring.routes, wiring.brokers)
        self.at = clock.now()
        self.playing = False
        self.loaded = False
        self.speed = SPEEDS[0]
        self._goal: datetime | None = None
        self._wake = asyncio.Event()
        self._ahead: deque[Record] = deque()
        self._lines: deque[LogRecord] = deque()
        self._ends: Offsets = {}

    # ------------------------------------------------------------ steering

    def go(self, moment: datetime) -> None:
        """Show that moment."""
        self._goal = moment
        self._wake.set()

    def step(self, seconds: float) -> None:
        """Show a moment some seconds away, and stand still there."""
        self.playing = False
        base = self._goal or self.at
        self.go(min(base + timedelta(seconds=seconds), self._clock.now()))

    def toggle(self) -> None:
        """Play, or stand still."""
        self.playing = not self.playing
        self._wake.set()

    def faster(self) -> None:
        """Take the next speed; after the last comes the first."""
        self.speed = SPEEDS[(SPEEDS.index(self.speed) + 1) % len(SPEEDS)]

    # ------------------------------------------------------------ running

    async def run(self, moment: datetime) -> None:
        """Show that moment, then what is asked for, until cancelled. Raises AlphaPandaError."""
        self.go(moment)
        async with AsyncExitStack() as stack:
            log = await stack.enter_async_context(self._wiring.tape.open())
            partitions = await log.partitions()
            reader = await log.reader(patient=True)
            stack.push_async_callback(reader.aclose)
            while True:
                if self._goal is not None:
                    goal, self._goal = self._goal, None
                    at = await log.offsets_at(goal, partitions)
                    beginnings = await log.beginnings(partitions)
                    self._ends = await log.ends(partitions)
                    await self._load(reader, goal, at, beginnings)
                elif self.playing:
                    await self._play(reader)
                else:
                    self._wake.clear()
                    await self._wake.wait()

    async def _load(self, reader: TapeReader, goal: datetime, at: Offsets, beginnings: Offsets) -> None:
        """Fold what was known at a moment into a new desk."""
        starts = {p: max(beginnings[p], offset - backlog_of(p.topic)) for p, offset in at.items()}
        records = await read_range(reader, starts, at)
        desk = Desk(self._wiring.routes, self._wiring.brokers)
        desk.take(in_order(records))
        history = self._wiring.history
        self._lines.clear()
        if history is not None:
            lines = await history.before(goal, LINES)
            desk.take_lines(lines)
            desk.system.take(system_of(lines, goal))
        desk.topics.take_ends(at, beginnings, {}, goal)
        reader.seek(at)
        self._ahead.clear()
        self.desk, self.at, self.loaded = desk, goal, True
        self._changed()

    async def _play(self, reader: TapeReader) -> None:
        """Move on by one beat, folding what was written in it."""
        started = self._clock.monotonic()
        self.at += timedelta(seconds=BEAT_S * self.speed)
        if self.at >= self._clock.now():
            self.at, self.playing = self._clock.now(), False
        now_ms = to_ms(self.at)
        while len(self._ahead) < AHEAD and (not self._ahead or self._ahead[-1].timestamp_ms <= now_ms):
            more = await reader.poll(0.05, AHEAD)
            if not more:
                break
            self._ahead = deque(in_order([*self._ahead, *more]))
        due: list[Record] = []
        while self._ahead and self._ahead[0].timestamp_ms <= now_ms:
            due.append(self._ahead.popleft())
        if due:
            self.desk.take(due)
        self._wake.clear()
        try:
            async with asyncio.timeout(max(0.01, BEAT_S - (self._clock.monotonic() - started))):
                await self._wake.wait()
        except TimeoutError:
            return


def system_of(lines: Sequence[LogRecord], moment: datetime) -> SystemView:
    """Return how the processes stood, as far as the supervisor's own log tells."""
    found: dict[str, Daemon] = {}
    for line in lines:
        name, state = line.fields.get("process"), line.fields.get("state")
        if line.service != "supervisor" or not isinstance(name, str) or state not in set(DaemonState):
            continue
        reason = str(line.fields.get("reason") or "")
        last_exit = str(line.fields.get("last_exit") or "")
        found[name] = Daemon(
            name=name, kind="", state=DaemonState(str(state)), reason=reason, since=line.at, last_exit=last_exit
        )
    return SystemView(at=moment, daemons=tuple(found.values()))
