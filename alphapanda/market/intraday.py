"""How busy a session is, second by second: busiest at the open, quiet at noon, busy again at the close."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from alphapanda.market.calendar import SESSION_SECONDS

_OPENING_S: Final = 900.0
_CLOSING_S: Final = 1_500.0


@dataclass(frozen=True, slots=True)
class IntradayCurve:
    """The U-shaped activity of one session, the same every day.

    Attributes:
        counts: how many ticks each second of the session has.
        elapsed: how much of the session's activity is over at the start of each second, 0 to 1; variance
            runs along it, so prices move most when most is traded.
    """

    counts: tuple[int, ...]
    elapsed: tuple[float, ...]

    @classmethod
    def of(cls, ticks_per_second: float) -> IntradayCurve:
        """Return the curve with that many ticks a second on average."""
        weights = [_activity(second) for second in range(SESSION_SECONDS)]
        running = list(accumulate(weights, initial=0.0))
        total = running[-1]
        ticks = round(ticks_per_second * SESSION_SECONDS)
        reached = [math.floor(ticks * (part / total)) for part in running]
        counts = tuple(after - before for before, after in pairwise(reached))
        return cls(counts, tuple(part / total for part in running[:-1]))

    @property
    def ticks(self) -> int:
        """How many ticks the session has."""
        return sum(self.counts)


def _activity(second: int) -> float:
    opening = 2.0 * math.exp(-second / _OPENING_S)
    closing = 1.1 * math.exp(-(SESSION_SECONDS - second) / _CLOSING_S)
    return 0.7 + opening + closing
