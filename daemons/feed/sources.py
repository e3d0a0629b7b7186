"""What the feed daemon needs of a source of ticks. Simulated and recorded ones are here; venues' come by kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Protocol

from alphapanda.clock import Clock
from alphapanda.ids import InstrumentId
from alphapanda.kafka.tick_writer import MAX_FRAME_TICKS, RESUME_WINDOW
from alphapanda.market.simulation import MarketSimulation
from alphapanda.model.tick import TickFrame
from daemons.feed.pacing import ReplaySpeed, Sleep, frames_of


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
