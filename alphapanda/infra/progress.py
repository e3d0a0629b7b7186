"""Progress of what takes over a second: a bar on a terminal, JSON lines off it, nothing in tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Protocol

import msgspec

Advance = Callable[[int], None]
"""Call it with what was done since the last call; from any thread."""


class ProgressReporter(Protocol):
    """Shows how far a piece of work is."""

    def task(self, label: str, total: int, unit: str = "bytes") -> AbstractContextManager[Advance]:
        """Show one piece of work with a known amount, until the context ends."""
        ...

    def note(self, message: str) -> None:
        """Say one line."""
        ...


class NoProgress:
    """Shows nothing."""

    @contextmanager
    def task(self, _label: str, _total: int, _unit: str = "bytes") -> Iterator[Advance]:
        """Ignore what is done."""
        yield lambda _amount: None

    def note(self, message: str) -> None:
        """Ignore the line."""


class ProgressLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of progress for a program that reads stderr.

    Attributes:
        event: `progress` or `note`.
        label: the work, or the note.
        done: so far.
        total: altogether.
        unit: of both.
    """

    event: str
    label: str
    done: int = 0
    total: int = 0
    unit: str = ""


class JsonProgress:
    """JSON lines, one for each twentieth of the work."""

    STEPS = 20

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    @contextmanager
    def task(self, label: str, total: int, unit: str = "bytes") -> Iterator[Advance]:
        """Write a line at the start, at each twentieth and at the end."""
        done = step = 0

        def advance(amount: int) -> None:
            nonlocal done, step
            with self._lock:
                done += amount
                reached = self.STEPS * done // total if total else self.STEPS
                if reached > step:
                    step = reached
                    self._write(ProgressLine("progress", label, done, total, unit))

        with self._lock:
            self._write(ProgressLine("progress", label, 0, total, unit))
        yield advance

    def note(self, message: str) -> None:
        """Write the line."""
        with self._lock:
            self._write(ProgressLine("note", message))

    def _write(self, line: ProgressLine) -> None:
        self._stream.write(msgspec.json.encode(line).decode() + "\n")
        self._stream.flush()


class BarProgress:
    """A bar with amount, speed and time left."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    @contextmanager
    def task(self, label: str, total: int, unit: str = "bytes") -> Iterator[Advance]:
        """Draw one bar."""
        # rich costs 60 ms to load; only who draws pays it.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            ProgressColumn,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.progress import Progress as RichProgress  # noqa: PLC0415

        columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn()]
        columns += [DownloadColumn(), TransferSpeedColumn()] if unit == "bytes" else [MofNCompleteColumn()]
        columns.append(TimeRemainingColumn())
        with RichProgress(*columns, console=Console(file=self._stream)) as bars:
            task = bars.add_task(label, total=total)
            yield lambda amount: bars.advance(task, amount)

    def note(self, message: str) -> None:
        """Print the line."""
        self._stream.write(message + "\n")


def progress_for(stream: IO[str]) -> ProgressReporter:
    """Return a bar when `stream` is a terminal, JSON lines when it is not."""
    return BarProgress(stream) if stream.isatty() else JsonProgress(stream)
