"""What the feed daemon needs of a source of ticks. Simulated and recorded ones are here; venues' come by kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from alphapanda.clock import IST, Clock
from alphapanda.ids import InstrumentId
from alphapanda.kafka.tick_writer import MAX_FRAME_TICKS, RESUME_WINDOW
from alphapanda.market.simulation import MarketSimulation
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


class TickSource(Protocol):
    """Where ticks come from: an iterator of frames that can be entered where a former process left."""

    @property
    def name(self) -> str:
        """What decides its ticks: the same name gives the same ticks with the same ids."""
        ...

    @property
    def loses_nothing_by_waiting(self) -> bool:
        """Whether its ticks can wait for the log; a live market's cannot."""
        ...

    @property
    def instruments(self) -> frozenset[InstrumentId] | None:
        """What it has ticks of; None where that is not known beforehand."""
        ...

    def frames(self, highest: int) -> AsyncGenerator[TickFrame, None]:
        """Return its frames, from where some partition may lack a tick on.

        Args:
            highest: the number of its latest tick in the log, -1 for none. Earlier ticks that come again
                are for the writer to leave out.
        """
        ...


class SimulatedSource:
    """The simulated exchange, for ever.

    Args:
        simulation: the exchange.
        pace: how fast its sessions run.
        clock: for measuring.
        sleep: waits.
    """

    def __init__(
        self, simulation: MarketSimulation, pace: ReplaySpeed, clock: Clock, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._simulation = simulation
        self._pace = pace
        self._clock = clock
        self._sleep = sleep

    @property
    def name(self) -> str:
        """Seed, start and version of the arithmetic."""
        return self._simulation.config.source

    @property
    def loses_nothing_by_waiting(self) -> bool:
        """True flat out: there is no time of day that it could fall behind. Paced, it stands for a live market."""
        return self._pace.is_flat_out

    @property
    def instruments(self) -> frozenset[InstrumentId] | None:
        """Those of the simulated exchange."""
        return frozenset(each.instrument.id for each in self._simulation.config.who)

    def frames(self, highest: int) -> AsyncGenerator[TickFrame, None]:
        """Return the frames from shortly before `highest` on: no partition lacks what is older."""
        first = max(0, highest + 1 - RESUME_WINDOW)
        return frames_of(
            self._simulation.ticks(first),
            first=first,
            paced_from=highest + 1,
            clock=self._clock,
            pace=self._pace,
            max_ticks=MAX_FRAME_TICKS,
            sleep=self._sleep,
        )
