"""What the supervisor sees of a process from outside: its CPU and memory, and its stdout and stderr.

A child writes to a file, not to a pipe: no reader can block it, and it outlives its reader. Daemons write their
own logs; the output file keeps the last words of a crash.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

SIZE_LIMIT = 1024 * 1024
KEPT = 64 * 1024
TAIL_LINES = 20


def size_of(path: Path) -> int:
    """Return the bytes in the file; 0 when there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def tail_lines(path: Path, *, since: int = 0, limit: int = TAIL_LINES) -> tuple[str, ...]:
    """Return the last `limit` lines written after byte `since` (of the whole file, if it was cut after that)."""
    size = size_of(path)
    if size == 0:
        return ()
    start = max(since if since <= size else 0, size - KEPT)
    with path.open("rb") as output:
        output.seek(start)
        lines = output.read(KEPT).decode(errors="replace").splitlines()
    return tuple(lines[-limit:])


def last_line(text: str) -> str:
    """Return the last line that is not empty."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def keep_bounded(path: Path, *, limit: int = SIZE_LIMIT, kept: int = KEPT) -> bool:
    """Cut a file of more than `limit` bytes down to its last `kept`; return whether it was cut.

    Its writer appends (`O_APPEND`), so it continues at the new end.
    """
    size = size_of(path)
    if size <= limit:
        return False
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    try:
        tail = os.pread(handle, kept, size - kept)
        os.ftruncate(handle, 0)
        os.write(handle, tail)
    finally:
        os.close(handle)
    return True


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU and memory of one process.

    Attributes:
        cpu_percent: of one core since the sample before; None at the first.
        rss_bytes: resident memory.
    """

    cpu_percent: float | None
    rss_bytes: int


class Sampler:
    """Samples processes; keeps a handle for each, because a CPU share is a difference between two samples."""

    def __init__(self) -> None:
        self._handles: dict[int, psutil.Process] = {}
        self._usage: dict[int, Usage] = {}

    def usage(self, pid: int) -> Usage | None:
        """Return the last sample of `pid`; None before the first."""
        return self._usage.get(pid)

    def sample(self, pids: Mapping[str, int]) -> None:
        """Sample the processes, given by name, and forget all others. About 0.1 ms each."""
        alive = set(pids.values())
        for gone in self._handles.keys() - alive:
            del self._handles[gone]
            self._usage.pop(gone, None)
        for pid in alive:
            try:
                self._usage[pid] = self._look(pid)
            except psutil.Error:
                # It ended a moment ago; its controller will notice.
                self._handles.pop(pid, None)
                self._usage.pop(pid, None)

    def _look(self, pid: int) -> Usage:
        first = pid not in self._handles
        handle = self._handles.setdefault(pid, psutil.Process(pid)) if first else self._handles[pid]
        with handle.oneshot():
            cpu = handle.cpu_percent(None)
            return Usage(cpu_percent=None if first else cpu, rss_bytes=handle.memory_info().rss)


def age_s(pid: int, now: datetime) -> float:
    """Return for how long a process has run, in seconds; 0 if it is gone."""
    try:
        return max(0.0, now.timestamp() - float(psutil.Process(pid).create_time()))
    except psutil.Error:
        return 0.0
