"""What moves through the feed: runs of ticks of one source, numbered without gaps."""

from __future__ import annotations

import msgspec

from alphapanda.model.tick import Tick


class TickFrame(msgspec.Struct, frozen=True, gc=False):
    """Consecutive ticks of one source.

    Attributes:
        first: the number of the first tick in its source, from 0; the k-th has `first + k`.
        ticks: in the source's order.
    """

    first: int
    ticks: tuple[Tick, ...]

    def __len__(self) -> int:
        return len(self.ticks)

    @property
    def next(self) -> int:
        """The number of the tick that follows this frame."""
        return self.first + len(self.ticks)

    def split(self, count: int) -> tuple[TickFrame, TickFrame]:
        """Return the first `count` ticks and the rest, each numbered as before."""
        return TickFrame(self.first, self.ticks[:count]), TickFrame(self.first + count, self.ticks[count:])
