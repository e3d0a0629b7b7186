"""The bounded queue between a source and the log, and what happens when it is full."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from alphapanda.clock import Clock
from alphapanda.model.tick import TickFrame


class QueuePolicy(StrEnum):
    """What a full queue does with a frame. What fits of it always enters."""

    DROP = "drop"
    """Refuses the rest at once."""
    BLOCK_THEN_DROP = "block-then-drop"
    """Lets the source wait for room, for a limited time, then refuses the rest."""
    WAIT = "wait"
    """Lets the source wait as long as it takes: for sources that lose nothing by it."""


@dataclass(frozen=True, slots=True)
class Queued:
    """What the queue gives out.

    Attributes:
        frame: ticks in order.
        entered: when the oldest of them came, by the clock's monotonic time.
    """

    frame: TickFrame
    entered: float


class TickQueue:
    """Frames in order, bounded by the number of their ticks. One source, one taker, one event loop.

    Args:
        maxsize: how many ticks may wait.
        policy: what happens beyond.
        timeout_s: how long `BLOCK_THEN_DROP` waits for room.
        clock: for measuring.
        on_drop: told how many ticks were refused.
    """

    def __init__(
        self,
        maxsize: int,
        policy: QueuePolicy,
        *,
        timeout_s: float,
        clock: Clock,
        on_drop: Callable[[int], None],
    ) -> None:
        self.maxsize = maxsize
        self.policy = policy
        self._timeout_s = timeout_s
        self._clock = clock
        self._on_drop = on_drop
        self._frames: deque[Queued] = deque()
        self._waiting = 0
        self._filled = asyncio.Event()
        self._freed = asyncio.Event()
        self._closed = False

    def qsize(self) -> int:
        """Return how many ticks wait."""
        return self._waiting

    async def put(self, frame: TickFrame) -> int:
        """Take a frame and return how many of its ticks were refused."""
        came = self._clock.monotonic()
        rest = self._enter(frame, came)
        if rest is not None and self.policy is not QueuePolicy.DROP:
            limit = None if self.policy is QueuePolicy.WAIT else self._timeout_s
            try:
                async with asyncio.timeout(limit):
                    while rest is not None:
                        self._freed.clear()
                        await self._freed.wait()
                        rest = self._enter(rest, came)
            except TimeoutError:
                pass  # what did not fit in time is refused
        if rest is None:
            return 0
        self._on_drop(len(rest))
        return len(rest)

    def _enter(self, frame: TickFrame, came: float) -> TickFrame | None:
        """Take what fits and return the rest."""
        room = self.maxsize - self._waiting
        if room <= 0:
            return frame
        taken, rest = (frame, None) if len(frame) <= room else frame.split(room)
        self._frames.append(Queued(taken, came))
        self._waiting += len(taken)
        self._filled.set()
        return rest

    async def get(self, limit: int) -> Queued | None:
        """Return what waits, as one frame of up to `limit` ticks; None once closed and empty.

        Frames that follow each other without a gap are joined, so that a backlog leaves in large batches.
        A frame that is larger comes whole.
        """
        while not self._frames:
            if self._closed:
                return None
            self._filled.clear()
            await self._filled.wait()
        oldest = self._frames.popleft()
        joined = [oldest.frame]
        size, end = len(oldest.frame), oldest.frame.next
        while self._frames:
            following = self._frames[0].frame
            if following.first != end or size + len(following) > limit:
                break
            joined.append(self._frames.popleft().frame)
            size, end = size + len(following), following.next
        self._waiting -= size
        self._freed.set()
        if len(joined) == 1:
            return oldest
        ticks = tuple(tick for frame in joined for tick in frame.ticks)
        return Queued(TickFrame(oldest.frame.first, ticks), oldest.entered)

    def close(self) -> None:
        """Say that nothing more comes; what waits can still be taken."""
        self._closed = True
        self._filled.set()
