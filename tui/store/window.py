"""Which log lines a pane shows: since when, how grave at least, whose; and those older than the store holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alphapanda.telemetry.log import LogLevel
from alphapanda.telemetry.record import LogRecord
from tui.render.ring import Ring, RowGap

KEPT: Final = 20_000
"""Older lines that are held at most."""
TAIL: Final = 0
HEAD: Final = 1
SPANS: Final = (None, None, *(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60)))
"""How far each window reaches back, by its digit; None has no such limit."""
LEVELS: Final = (None, LogLevel.WARNING, LogLevel.ERROR)
"""From which level on lines are shown; None shows all."""


@dataclass(frozen=True, slots=True)
class LogWindowFilter:
    """What is asked for.

    Attributes:
        digit: of the window.
        since: the earliest; None for no limit.
        level: the least; None for any.
        service: whose; empty for everybody's.
    """

    digit: int = TAIL
    since: datetime | None = None
    level: LogLevel | None = None
    service: str = ""

    @property
    def is_all(self) -> bool:
        """Whether every line is wanted."""
        return self.since is None and self.level is None and not self.service

    def passes(self, line: LogRecord | RowGap) -> bool:
        """Return whether a line is wanted; what is missing is told unless one service is asked for."""
        if isinstance(line, RowGap):
            return not self.service
        return (
            (self.since is None or line.at >= self.since)
            and (self.level is None or (line.level or LogLevel.INFO).rank >= self.level.rank)
            and (not self.service or line.service == self.service)
        )


class LogWindow:
    """The lines of a store, and older ones that were read from the files.

    Attributes:
        wanted: which of them are shown.
    """

    def __init__(self) -> None:
        self.wanted = LogWindowFilter()
        self._earlier: list[LogRecord] = []
        self._first = 0
        self._ring: Ring[LogRecord] | None = None
        self._made: tuple[object, ...] = ()
        self._rows: dict[int, LogRecord | RowGap] = {}

    def rows(self, ring: Ring[LogRecord]) -> dict[int, LogRecord | RowGap]:
        """Return the lines that are shown, by number; those that were read later have negative ones."""
        if ring is not self._ring:
            self._ring, self._earlier, self._made = ring, [], ()
        wanted = self.wanted
        if wanted.is_all and not self._earlier:
            return ring.rows
        made = (wanted, ring.added, len(ring), len(self._earlier))
        if made != self._made:
            self._made = made
            self._rows = {number: line for number, line in self._all(ring).items() if wanted.passes(line)}
        return self._rows

    def _all(self, ring: Ring[LogRecord]) -> dict[int, LogRecord | RowGap]:
        found: dict[int, LogRecord | RowGap] = dict(enumerate(self._earlier, start=-len(self._earlier) - 1))
        gone = next(iter(ring.rows), self._first) - self._first
        if self._earlier and gone > 0:
            found[-1] = RowGap(gone)
        return found | ring.rows

    def oldest(self, ring: Ring[LogRecord]) -> datetime | None:
        """Return the time of the first line that is held, of the wanted service; None when there is none."""
        service = self.wanted.service
        held = (line for line in self._all(ring).values() if isinstance(line, LogRecord))
        return next((line.at for line in held if service in {"", line.service}), None)

    def add_earlier(self, ring: Ring[LogRecord], lines: Sequence[LogRecord]) -> None:
        """Take lines from before the first that the ring holds; those that are held already are left out."""
        if ring is not self._ring:
            self._ring, self._earlier, self._made = ring, [], ()
        if not self._earlier:
            self._first = next(iter(ring.rows), ring.added)
        begin = next((line.at for line in ring.rows.values() if isinstance(line, LogRecord)), None)
        held = {_place(line) for line in (*self._earlier, *ring.rows.values()) if isinstance(line, LogRecord)}
        new = [line for line in lines if (begin is None or line.at <= begin) and _place(line) not in held]
        self._earlier = sorted([*self._earlier, *new], key=lambda line: line.at)[-KEPT:]

    def services(self, ring: Ring[LogRecord]) -> Counter[str]:
        """Return how many lines of each service are held."""
        held = [line for line in self._all(ring).values() if isinstance(line, LogRecord)]
        return Counter(line.service for line in held)

    def label(self, since: str) -> str:
        """Return in words which lines are shown; empty for all.

        Args:
            since: the beginning of the window as people read it.
        """
        wanted = self.wanted
        parts = [f"since {since}"] if wanted.since is not None else []
        if wanted.level is not None:
            parts.append(f"{wanted.level.value} and worse" if wanted.level is not LEVELS[-1] else "errors")
        if wanted.service:
            parts.append(wanted.service)
        return ", ".join(parts)


def _place(line: LogRecord) -> tuple[datetime, str, bytes]:
    return line.at, line.service, line.raw
