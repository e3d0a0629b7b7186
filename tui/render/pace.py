"""How often a pane is painted: ten times a second focused, twice otherwise, and less when it is dear."""

from __future__ import annotations

FOCUSED_HZ = 10
VISIBLE_HZ = 2
DEAR_S = 0.040
"""A paint that costs more than this halves the rate."""
CHEAP_S = 0.010
SLOWEST = 8


class RepaintPace:
    """Decides on which of ten beats a second a pane is due.

    Attributes:
        slowdown: by what the rate is divided: 1, 2, 4 or 8.
    """

    def __init__(self) -> None:
        self.slowdown = 1
        self._cheap = 0

    def is_due(self, beat: int, *, focused: bool) -> bool:
        """Return whether the pane is painted on this beat."""
        every = 1 if focused else FOCUSED_HZ // VISIBLE_HZ
        return beat % (every * self.slowdown) == 0

    def spent(self, seconds: float) -> None:
        """Learn what a paint cost."""
        if seconds > DEAR_S:
            self.slowdown = min(SLOWEST, self.slowdown * 2)
            self._cheap = 0
        elif seconds < CHEAP_S and self.slowdown > 1:
            self._cheap += 1
            if self._cheap >= FOCUSED_HZ:
                self.slowdown //= 2
                self._cheap = 0

    def label(self, *, focused: bool) -> str:
        """Return the rate in words, when it is not the usual one."""
        if self.slowdown == 1:
            return ""
        rate = (FOCUSED_HZ if focused else VISIBLE_HZ) / self.slowdown
        return f"{rate:g} Hz"
