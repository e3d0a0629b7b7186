"""Acts under way and those that ended lately: what the line above the keys tells of them."""

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
WHOLE_S: Final = 20.0
"""How long it is told that all is done; what is left to do is told until esc, or for longer."""
REST_S: Final = 180.0
RATE_OVER: Final = 40
"""Reports that a rate is made of."""


@dataclass(slots=True)
class RunningAct:
    """One act.

    Attributes:
        title: what is done: `Halting paper`.
        began: by the monotonic clock, in seconds.
        waits: returns what it waits for, as far as the store shows it; empty for nothing.
        stop: set to end it early; None where it cannot be.
        progress: what it said last.
        told: how it ended; None while it is under way, and where it failed.
        error: why it failed.
        ended: by the monotonic clock; None while it is under way.
    """

    title: str
    began: float
    waits: Callable[[], str]
    stop: asyncio.Event | None = None
    progress: ActionProgress | None = None
    told: ActionResult | None = None
    error: AlphaPandaError | None = None
    ended: float | None = None
    _marks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=RATE_OVER))

    @property
    def is_under_way(self) -> bool:
        """Whether it has not ended."""
        return self.ended is None

    @property
    def is_whole(self) -> bool:
        """Whether all that was asked for came about."""
        return self.told is not None and self.told.ending is Ending.WHOLE

    def report(self, progress: ActionProgress, now: float) -> None:
        """Take what it says of itself."""
        self.progress = progress
        if progress.total:
            self._marks.append((now, progress.done))

    def rate(self, now: float) -> float:
        """Return how many a second are done, lately; 0 before that is known."""
        if not self._marks:
            return 0.0
        (first, before), (_, done) = self._marks[0], self._marks[-1]
        return (done - before) / (now - first) if now > first and done > before else 0.0

    def left_s(self, now: float) -> float | None:
        """Return how long it will still take; None while nobody can tell."""
        rate = self.rate(now)
        if self.progress is None or not rate:
            return None
        return (self.progress.total - self.progress.done) / rate


class RunningActs:
    """What is under way, and what ended lately, oldest first.

    Attributes:
        idle: set while nothing is under way.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._acts: list[RunningAct] = []
        self.idle = asyncio.Event()
        self.idle.set()

    def begin(self, title: str, waits: Callable[[], str], *, stoppable: bool = False) -> RunningAct:
        """Begin one; what ended before is told no longer."""
        self.clear()
        act = RunningAct(title, self._clock.monotonic(), waits, asyncio.Event() if stoppable else None)
        self._acts.append(act)
        self.idle.clear()
        return act

    def report(self, act: RunningAct, progress: ActionProgress) -> None:
        """Take what an act says of itself."""
        act.report(progress, self._clock.monotonic())

    def end(self, act: RunningAct, told: ActionResult) -> None:
        """End one as it says."""
        act.told, act.ended = told, self._clock.monotonic()
        self._look_idle()

    def fail(self, act: RunningAct, error: AlphaPandaError) -> None:
        """End one that could not be done."""
        act.error, act.ended = error, self._clock.monotonic()
        self._look_idle()

    def drop(self, act: RunningAct) -> None:
        """Forget one: it was not done after all."""
        if act in self._acts:
            self._acts.remove(act)
        self._look_idle()

    def _look_idle(self) -> None:
        if not self.under_way:
            self.idle.set()

    @property
    def under_way(self) -> tuple[RunningAct, ...]:
        """Those that have not ended."""
        return tuple(act for act in self._acts if act.is_under_way)

    @property
    def shown(self) -> tuple[RunningAct, ...]:
        """Those that are told of now: all that is under way, then what ended lately."""
        now = self._clock.monotonic()
        self._acts = [act for act in self._acts if not _is_over(act, now)][-KEPT:]
        return (*self.under_way, *(act for act in self._acts if not act.is_under_way))[:SHOWN]

    def clear(self) -> bool:
        """Tell no longer of what ended; return whether there was anything."""
        before = len(self._acts)
        self._acts = list(self.under_way)
        return len(self._acts) < before


def _is_over(act: RunningAct, now: float) -> bool:
    return act.ended is not None and now - act.ended > (WHOLE_S if act.is_whole else REST_S)


def obedience(store: Store, broker: str, seen: int, services: tuple[str, ...]) -> str:
    """Return who has obeyed since `seen` notes were there, and who is waited for."""
    obeyed = {
        str(note.event.data.service)
        for number, note in store.notes.rows.items()
        if number >= seen
        and isinstance(note, Note)
        and isinstance(note.event.data, ControlEvent)
        and note.event.data.broker == broker
    }
    waiting = " and ".join(service for service in services if service not in obeyed)
    said = " and ".join(service for service in services if service in obeyed)
    told = f"{said} obeyed, " if said else ""
    return f"{told}waiting for {waiting}" if waiting else f"{told.removesuffix(', ')}"
