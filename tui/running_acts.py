"""Running acts and those that ended recently, for the lines above the keys."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from alphapanda.clock import Clock
from alphapanda.model.control import ControlEvent
from topics.errors import AlphaPandaError
from tui.sources.control import ActionProgress, ActionResult, Ending
from tui.store.store import Note, Store

SHOWN: Final = 3
KEPT: Final = 12
DONE_S: Final = 20.0
"""How long a complete success is shown; anything else stays until esc, or for longer."""
REST_S: Final = 180.0
RATE_OVER: Final = 40
"""Reports that a rate is made of."""


@dataclass(slots=True)
class RunningAct:
    """One act.

    Attributes:
        title: `Halting paper`.
        began: by the monotonic clock, in seconds.
        waits: returns what it waits for, by the store; empty for nothing.
        stop: set to end it early; None where that is not possible.
        progress: its last report.
        result: how it ended; None while it runs, and where it failed.
        error: why it failed.
        ended: by the monotonic clock; None while it runs.
    """

    title: str
    began: float
    waits: Callable[[], str]
    stop: asyncio.Event | None = None
    progress: ActionProgress | None = None
    result: ActionResult | None = None
    error: AlphaPandaError | None = None
    ended: float | None = None
    _marks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=RATE_OVER))

    @property
    def is_under_way(self) -> bool:
        """Whether it has not ended."""
        return self.ended is None

    @property
    def is_whole(self) -> bool:
        """Whether it did everything that was asked."""
        return self.result is not None and self.result.ending is Ending.WHOLE

    def report(self, progress: ActionProgress, now: float) -> None:
        """Record its progress."""
        self.progress = progress
        if progress.total:
            self._marks.append((now, progress.done))

    def rate(self, now: float) -> float:
        """Return the recent rate per second; 0 while unknown."""
        if not self._marks:
            return 0.0
        (first, before), (_, done) = self._marks[0], self._marks[-1]
        return (done - before) / (now - first) if now > first and done > before else 0.0

    def left_s(self, now: float) -> float | None:
        """Return the remaining seconds; None while unknown."""
        rate = self.rate(now)
        if self.progress is None or not rate:
            return None
        return (self.progress.total - self.progress.done) / rate


class RunningActs:
    """The running acts and those that ended recently, oldest first.

    Attributes:
        idle: set while no act is running.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._acts: list[RunningAct] = []
        self.idle = asyncio.Event()
        self.idle.set()

    def begin(self, title: str, waits: Callable[[], str], *, stoppable: bool = False) -> RunningAct:
        """Begin an act; those that ended before are shown no longer."""
        self.clear()
        act = RunningAct(title, self._clock.monotonic(), waits, asyncio.Event() if stoppable else None)
        self._acts.append(act)
        self.idle.clear()
        return act

    def report(self, act: RunningAct, progress: ActionProgress) -> None:
        """Record the progress of an act."""
        act.report(progress, self._clock.monotonic())

    def end(self, act: RunningAct, result: ActionResult) -> None:
        """End an act with its result."""
        act.result, act.ended = result, self._clock.monotonic()
        self._check_idle()

    def fail(self, act: RunningAct, error: AlphaPandaError) -> None:
        """End an act that failed."""
        act.error, act.ended = error, self._clock.monotonic()
        self._check_idle()

    def drop(self, act: RunningAct) -> None:
        """Forget an act that was not done after all."""
        if act in self._acts:
            self._acts.remove(act)
        self._check_idle()

    def stop(self) -> bool:
        """Stop the acts that can be stopped early; return whether there was one."""
        stops = [act.stop for act in self.under_way if act.stop is not None and not act.stop.is_set()]
        for stop in stops:
            stop.set()
        return bool(stops)

    def _check_idle(self) -> None:
        if not self.under_way:
            self.idle.set()

    @property
    def under_way(self) -> tuple[RunningAct, ...]:
        """The acts that have not ended."""
        return tuple(act for act in self._acts if act.is_under_way)

    @property
    def shown(self) -> tuple[RunningAct, ...]:
        """The acts to show: the running ones, then those that ended recently."""
        now = self._clock.monotonic()
        self._acts = [act for act in self._acts if not _is_over(act, now)][-KEPT:]
        return (*self.under_way, *(act for act in self._acts if not act.is_under_way))[:SHOWN]

    def clear(self) -> bool:
        """Forget the acts that ended; return whether there was one."""
        before = len(self._acts)
        self._acts = list(self.under_way)
        return len(self._acts) < before


def _is_over(act: RunningAct, now: float) -> bool:
    return act.ended is not None and now - act.ended > (DONE_S if act.is_whole else REST_S)


def acknowledgements(store: Store, broker: str, seen: int, services: tuple[str, ...]) -> str:
    """Return which services have obeyed since the first `seen` notes, and which have not yet."""
    obeyed = {
        str(note.event.data.service)
        for number, note in store.notes.rows.items()
        if number >= seen
        and isinstance(note, Note)
        and isinstance(note.event.data, ControlEvent)
        and note.event.data.broker == broker
    }
    waiting = " and ".join(service for service in services if service not in obeyed)
    done = " and ".join(service for service in services if service in obeyed)
    parts = (f"{done} obeyed" if done else "", f"waiting for {waiting}" if waiting else "")
    return ", ".join(part for part in parts if part)
