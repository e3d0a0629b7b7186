"""The two destinations of log lines, the service's rotated file and the console, and their counts."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

import msgspec

from alphapanda.telemetry.log import LogLevel
from alphapanda.telemetry.record import PrettyRenderer, decode_line, encode_line
from alphapanda.telemetry.rotation import RotatingFile
from alphapanda.telemetry.writer import BackgroundWriter


class SinkStats(msgspec.Struct, frozen=True):
    """The counts of one destination.

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


Render = Callable[[bytes], bytes]


class Sink:
    """One place, and the thread that writes there."""

    def __init__(self, name: str, target: RotatingFile | StreamTarget, loss_note: Callable[[int], bytes]) -> None:
        """Start the writer."""
        self.name = name
        self._target = target
        self._writer = BackgroundWriter(f"log-{name}", target, loss_note=loss_note)

    def offer(self, line: bytes, *, urgent: bool) -> None:
        """Queue a JSON line; a full queue counts it as dropped."""
        self._writer.offer(line, urgent=urgent)

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything queued so far was handed on; return whether it was in time."""
        return self._writer.flush(timeout_s)

    def close(self, timeout_s: float) -> bool:
        """Write what waits, and close; return whether it was in time."""
        return self._writer.close(timeout_s)

    def stats(self) -> SinkStats:
        """Return the counts as they stand."""
        counts = self._writer.stats()
        return SinkStats(
            name=self.name,
            target=self._target.name,
            lines=counts.lines,
            bytes=counts.bytes,
            dropped=counts.dropped,
            queued=counts.queued,
            errors=counts.errors,
            last_error=counts.last_error,
            rotations=self._target.rotations,
            size_bytes=self._target.size,
        )


class StreamTarget:
    """A stream that is not ours to close: the process's stderr, by its descriptor."""

    rotations = 0
    size = 0

    def __init__(self, name: str, descriptor: int, render: Render) -> None:
        """Remember the descriptor, and how a line looks there."""
        self.name = name
        self._descriptor = descriptor
        self._render = render

    def write(self, lines: Sequence[bytes]) -> None:
        """Write all; raises OSError when the other end is gone."""
        view = memoryview(b"".join(map(self._render, lines)))
        while view:
            view = view[os.write(self._descriptor, view) :]

    def close(self) -> None:
        """Leave the stream open."""


def as_json(line: bytes) -> bytes:
    """Return the line as it is."""
    return line


def as_text(renderer: PrettyRenderer, service: str) -> Render:
    """Return what turns a JSON line into text for people."""

    def render(line: bytes) -> bytes:
        record = decode_line(line.rstrip(b"\n"), service)
        return line if record is None else renderer.render(record).encode(errors="backslashreplace") + b"\n"

    return render


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether ANSI colours belong on a stream (https://no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def loss_note(service: str, stamp: Callable[[], str]) -> Callable[[int], bytes]:
    """Return what makes the line that stands where lines were lost."""

    def note(count: int) -> bytes:
        fields: dict[str, Any] = {
            "ts": stamp(),
            "level": str(LogLevel.WARNING),
            "channel": "app",
            "service": service,
            "event": "log lines were lost here",
            "lost": count,
        }
        return encode_line(fields)

    return note
