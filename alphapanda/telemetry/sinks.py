"""The two places where lines go: the service's rotated file, and the console."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from alphapanda.telemetry.levels import LogLevel
from alphapanda.telemetry.pretty import PrettyRenderer
from alphapanda.telemetry.record import decode_line, encode_line
from alphapanda.telemetry.rotation import RotatingFile
from alphapanda.telemetry.stats import SinkStats
from alphapanda.telemetry.writer import BackgroundWriter

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
