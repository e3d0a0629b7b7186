"""What `/api/v1/logs/stats` tells about a process's logs."""

from __future__ import annotations

import threading
from collections import Counter

import msgspec

from alphapanda.telemetry.levels import LogLevel


class SinkStats(msgspec.Struct, frozen=True):
    """One place where lines go.

    Attributes:
        name: `file` or `console`.
        target: the file's path, or the stream's name.
        lines: written.
        bytes: written.
        dropped: refused by the full queue, or lost by a write that failed.
        queued: waiting now.
        errors: writes that failed.
        last_error: the text of the last of these; empty if none failed.
        rotations: how often the file was full.
        size_bytes: of the live file.
    """

    name: str
    target: str
    lines: int
    bytes: int
    dropped: int
    queued: int
    errors: int
    last_error: str
    rotations: int = 0
    size_bytes: int = 0


class LogStats(msgspec.Struct, frozen=True):
    """All of one process, since its start.

    Attributes:
        service: whose logs these are.
        lines: that passed their channel's level.
        dropped: in all sinks together.
        failed: lines that could not be made from what they were given.
        by_level: `lines` by level.
        by_channel: `lines` by channel.
        sinks: each place where lines go.
        schema_version: of this form.
    """

    service: str
    lines: int
    dropped: int
    failed: int
    by_level: dict[str, int]
    by_channel: dict[str, int]
    sinks: tuple[SinkStats, ...]
    schema_version: int = 1


class LineCounter:
    """Counts lines as they are said; for any thread."""

    def __init__(self) -> None:
        """Begin at zero, with every level named."""
        self._guard = threading.Lock()
        self._levels = Counter({str(level): 0 for level in LogLevel})
        self._channels: Counter[str] = Counter()
        self._failed = 0

    def said(self, level: LogLevel, channel: str) -> None:
        """Count one line."""
        with self._guard:
            self._levels[str(level)] += 1
            self._channels[channel] += 1

    def broke(self) -> None:
        """Count a line that could not be made."""
        with self._guard:
            self._failed += 1

    def stats(self, service: str, sinks: tuple[SinkStats, ...]) -> LogStats:
        """Return the counts as they stand."""
        with self._guard:
            return LogStats(
                service=service,
                lines=self._levels.total(),
                dropped=sum(sink.dropped for sink in sinks),
                failed=self._failed,
                by_level=dict(self._levels),
                by_channel=dict(self._channels),
                sinks=sinks,
            )
