"""Lines leave the event loop's thread here: a bounded queue, and one thread that writes.

A slow disk or a full pipe stalls that thread and fills the queue. The queue then refuses lines and
counts them; it never makes the caller wait.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

CAPACITY_LINES = 20_000
CAPACITY_BYTES = 32 * 1024 * 1024
URGENT_SHARE = 0.2
"""The part of the queue that only urgent lines (warnings and above) may fill."""


class LineTarget(Protocol):
    """Where lines go in the end: a rotated file, a stream."""

    def write(self, lines: Sequence[bytes]) -> None:
        """Write whole lines, each with its newline; raises OSError."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class WriterStats(msgspec.Struct, frozen=True):
    """Counts since the start.

    Attributes:
        lines: written.
        bytes: written.
        dropped: refused by the full queue, or lost by a write that failed.
        queued: waiting now.
        errors: writes that failed.
        last_error: the text of the last of these; empty if none failed.
    """

    lines: int
    bytes: int
    dropped: int
    queued: int
    errors: int
    last_error: str


class BackgroundWriter:
    """Writes lines to a target from a thread of its own. Every method may be called from any thread."""

    def __init__(
        self,
        name: str,
        target: LineTarget,
        *,
        loss_note: Callable[[int], bytes],
        capacity_lines: int = CAPACITY_LINES,
        capacity_bytes: int = CAPACITY_BYTES,
    ) -> None:
        """Start the thread.

        Args:
            name: of the thread.
            target: what it writes to; closed with the writer.
            loss_note: makes the line that stands where lines were lost, from their number.
            capacity_lines: how many lines may wait.
            capacity_bytes: how many bytes may wait.
        """
        self._target = target
        self._loss_note = loss_note
        self._capacity_lines = capacity_lines
        self._capacity_bytes = capacity_bytes
        self._changed = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._accepted = 0
        self._handled = 0
        self._unreported_loss = 0
        self._closing = False
        self._lines = self._bytes = self._dropped = self._errors = 0
        self._last_error = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, line: bytes, *, urgent: bool) -> bool:
        """Queue one line; return whether there was room for it."""
        share = 1.0 if urgent else 1.0 - URGENT_SHARE
        with self._changed:
            room = (
                not self._closing
                and len(self._queue) < self._capacity_lines * share
                and self._queued_bytes + len(line) <= self._capacity_bytes * share
            )
            if not room:
                self._dropped += 1
                self._unreported_loss += 1
                return False
            self._queue.append(line)
            self._queued_bytes += len(line)
            self._accepted += 1
            self._changed.notify_all()
            return True

    def flush(self, timeout_s: float) -> bool:
        """Wait until every line accepted so far was handed to the target; return whether it was in time."""
        with self._changed:
            goal = self._accepted
            return self._changed.wait_for(lambda: self._handled >= goal, timeout_s)

    def close(self, timeout_s: float) -> bool:
        """Write what waits and close the target; return False if the target was stuck for so long."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def stats(self) -> WriterStats:
        """Return the counts as they stand."""
        with self._changed:
            return WriterStats(
                lines=self._lines,
                bytes=self._bytes,
                dropped=self._dropped,
                queued=self._accepted - self._handled,
                errors=self._errors,
                last_error=self._last_error,
            )

    def _run(self) -> None:
        while batch := self._take():
            self._write(batch)
        self._target.close()

    def _take(self) -> list[bytes]:
        """Wait for lines and take all; an empty list means that the writer was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            batch = list(self._queue)
            self._queue.clear()
            self._queued_bytes = 0
            return batch

    def _write(self, batch: list[bytes]) -> None:
        with self._changed:
            loss, self._unreported_loss = self._unreported_loss, 0
        lines = [self._loss_note(loss), *batch] if loss else batch
        error = ""
        try:
            self._target.write(lines)
        except OSError as problem:
            error = str(problem)
        with self._changed:
            if error:
                self._errors += 1
                self._last_error = error
                self._dropped += len(batch)
                self._unreported_loss += loss + len(batch)
            else:
                self._lines += len(lines)
                self._bytes += sum(map(len, lines))
            self._handled += len(batch)
            self._changed.notify_all()
