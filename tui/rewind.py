"""The past: a second store, folded from the log up to a moment, that then plays on at its own pace.

The moment is the log's own time (when records were written), so every pane shows what it could have shown then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Final

from alphapanda.clock import Clock
from alphapanda.model.records import Offsets, Partition, Record
from alphapanda.telemetry.record import LogRecord
from tui.sources.connection import Connection, OpenLog, RecordReader
from tui.sources.log_source import backlog_of, in_order, read_range
from tui.store.past import SUPERVISOR, PastSystem, ReadersPlaces
from tui.store.store import Store
from tui.theme.formatter import to_ms

SPEEDS: Final = (1, 5, 20, 60)
BEAT_S: Final = 0.1
AHEAD: Final = 4_000
"""Records that are read ahead of the moment at most."""
LINES: Final = 1_000
SUPERVISORS_LINES: Final = 4_000
LINES_AHEAD: Final = timedelta(seconds=60)
"""How far lines are read ahead at the pace of the clock."""
RATE_OVER: Final = timedelta(seconds=5)
MEASURE_EVERY_S: Final = 1.0
"""How often offsets are asked for while the past plays."""


class Rewind:
    """A moment of the past. `run` keeps it; the rest steers it.

    Attributes:
        store: what was known at that moment.
        at: the moment.
        playing: whether it moves on.
        loaded: whether the store is folded already.
        speed: how fast.

    Args:
        connection: the deployment.
        clock: real time, which paces the past.
        changed: called when the store was replaced.
    """

    def __init__(self, connection: Connection, clock: Clock, changed: Callable[[], None]) -> None:
        self._connection = connection
        self._clock = clock
        self._changed = changed
        self.store = Store(connection.routes, connection.brokers)
        self.at = clock.now()
        self.playing = False
        self.loaded = False
        self.speed = SPEEDS[0]
        self._goal: datetime | None = None
        self._wake = asyncio.Event()
        self._ahead: deque[Record] = deque()
        self._lines: deque[LogRecord] = deque()
        self._lines_until = self.at
        self._places = ReadersPlaces()
        self._system = PastSystem()
        self._partitions: tuple[Partition, ...] = ()
        self._beginnings: Offsets = {}
        self._measured_at = 0.0

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
            log = await stack.enter_async_context(self._connection.log_access.open())
            self._partitions = await log.partitions()
            reader = await log.reader(patient=True)
            stack.push_async_callback(reader.aclose)
            while True:
                if self._goal is not None:
                    goal, self._goal = self._goal, None
                    await self._load(log, reader, goal)
                elif self.playing:
                    await self._play(log, reader)
                else:
                    self._wake.clear()
                    await self._wake.wait()

    async def _load(self, log: OpenLog, reader: RecordReader, goal: datetime) -> None:
        """Fold what was known at a moment into a new store."""
        at = await log.offsets_at(goal, self._partitions)
        self._beginnings = await log.beginnings(self._partitions)
        starts = {p: max(self._beginnings[p], offset - backlog_of(p.topic)) for p, offset in at.items()}
        records = in_order(await read_range(reader, starts, at))
        store = Store(self._connection.routes, self._connection.brokers)
        store.system.of_past = store.topics.of_past = True
        store.fold(records)
        self._places, self._system = ReadersPlaces(), PastSystem()
        self._places.fold(records)
        self._lines.clear()
        self._lines_until = goal
        history = self._connection.history
        if history is not None:
            store.fold_lines(await history.before(goal, LINES))
            self._system.fold(await history.before(goal, SUPERVISORS_LINES, SUPERVISOR))
        reader.seek(at)
        self._ahead.clear()
        await self._measure(log, store, goal, at)
        self.store, self.at, self.loaded = store, goal, True
        self._changed()

    async def _measure(self, log: OpenLog, store: Store, moment: datetime, at: Offsets) -> None:
        """Tell how the topics, their readers and the processes stood at a moment."""
        before = await log.offsets_at(moment - RATE_OVER, self._partitions)
        store.topics.fold_past(
            at, before, RATE_OVER.total_seconds(), self._beginnings, self._places.offsets(), moment
        )
        store.system.fold(self._system.view(moment))
        self._measured_at = self._clock.monotonic()

    async def _play(self, log: OpenLog, reader: RecordReader) -> None:
        """Move on by one beat, folding what was written in it."""
        started = self._clock.monotonic()
        self.at += timedelta(seconds=BEAT_S * self.speed)
        if self.at >= self._clock.now():
            self.at, self.playing = self._clock.now(), False
        now_ms = to_ms(self.at)
        while len(self._ahead) < AHEAD and (not self._ahead or self._ahead[-1].timestamp_ms <= now_ms):
            more = await reader.poll(0.05, limit=AHEAD)
            if not more:
                break
            self._ahead = deque(in_order([*self._ahead, *more]))
        due: list[Record] = []
        while self._ahead and self._ahead[0].timestamp_ms <= now_ms:
            due.append(self._ahead.popleft())
        if due:
            self.store.fold(due)
            self._places.fold(due)
        await self._play_lines()
        if started - self._measured_at >= MEASURE_EVERY_S:
            await self._measure(log, self.store, self.at, await log.offsets_at(self.at, self._partitions))
        self._wake.clear()
        try:
            async with asyncio.timeout(max(0.01, BEAT_S - (self._clock.monotonic() - started))):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _play_lines(self) -> None:
        """Show the lines of the beat; much is read ahead at once, since files are read from their beginning."""
        history = self._connection.history
        if history is None:
            return
        if self.at >= self._lines_until:
            until = self.at + LINES_AHEAD * self.speed
            self._lines += await history.after(self._lines_until, until, AHEAD)
            full = len(self._lines) >= AHEAD
            self._lines_until = self._lines[-1].at if full else min(until, max(self.at, self._clock.now()))
        due: list[LogRecord] = []
        while self._lines and self._lines[0].at <= self.at:
            due.append(self._lines.popleft())
        if due:
            self.store.fold_lines(due)
            self._system.fold(due)
