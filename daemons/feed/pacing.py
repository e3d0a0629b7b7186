"""When each tick of a replay is due: at its own pace, N times as fast, or at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from alphapanda.clock import IST, Clock
from alphapanda.model.tick import Tick, TickFrame

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ReplaySpeed:
    """How fast a replay runs.

    Attributes:
        speed: event seconds a second; None for flat out, as fast as its ticks are taken.
        frame_s: the least time between two paced frames; ticks that fall due meanwhile share one.
    """

    speed: float | None
    frame_s: float

    @property
    def is_flat_out(self) -> bool:
        """Whether nothing is paced."""
        return self.speed is None


class Pacer:
    """Maps event time to the clock's.

    Nights, weekends and holidays are not waited for: the first tick of another day (IST) is due at once.
    A tick that is older than one before it is due at once too.

    Args:
        clock: measures what has passed.
        speed: event seconds a second, above 0.
    """

    def __init__(self, clock: Clock, speed: float) -> None:
        self._clock = clock
        self._speed = speed
        self._day: date | None = None
        self._event_start: datetime | None = None
        self._clock_start = 0.0

    def wait_for(self, event_time: datetime) -> float:
        """Return how many seconds from now a tick of that time is due; 0 or less when it is due."""
        now = self._clock.monotonic()
        day = event_time.astimezone(IST).date()
        if self._event_start is None or self._day is None or day > self._day:
            self._day, self._event_start, self._clock_start = day, event_time, now
        due = self._clock_start + (event_time - self._event_start).total_seconds() / self._speed
        return due - now


async def frames_of(
    ticks: Iterator[Tick],
    *,
    first: int,
    paced_from: int,
    clock: Clock,
    pace: ReplaySpeed,
    max_ticks: int,
    sleep: Sleep,
) -> AsyncGenerator[TickFrame, None]:
    """Group numbered ticks into frames, each as soon as its first tick is due.

    Args:
        ticks: from number `first` on.
        first: the number of the first of them.
        paced_from: earlier ticks come at once: they were paced in a former life.
        clock: for measuring.
        pace: how fast.
        max_ticks: of one frame.
        sleep: waits; with 0, lets others work.
    """
    pacer = None if pace.speed is None else Pacer(clock, pace.speed)
    batch: list[Tick] = []
    number = first
    for tick in ticks:
        unpaced = pacer is None or number + len(batch) < paced_from
        wait = 0.0 if unpaced or pacer is None else pacer.wait_for(tick.exchange_ts)
        if batch and (wait > 0.0 or len(batch) >= max_ticks):
            yield TickFrame(number, tuple(batch))
            number += len(batch)
            batch.clear()
            if wait <= 0.0:
                await sleep(0.0)
        if wait > 0.0:
            await sleep(max(wait, pace.frame_s))
        batch.append(tick)
    if batch:
        yield TickFrame(number, tuple(batch))
