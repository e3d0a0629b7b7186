"""CPU and memory of processes, read every few seconds; whoever shows them only reads the last figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psutil


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process uses.

    Attributes:
        cpu_percent: of one core since the sample before; None at the first.
        rss_bytes: resident memory.
    """

    cpu_percent: float | None
    rss_bytes: int


class Sampler:
    """Keeps a handle for each process, because its CPU share is a difference."""

    def __init__(self) -> None:
        self._handles: dict[int, psutil.Process] = {}
        self._usage: dict[int, Usage] = {}

    def usage(self, pid: int) -> Usage | None:
        """Return the last sample of `pid`; None before the first."""
        return self._usage.get(pid)

    def sample(self, pids: Mapping[str, int]) -> None:
        """Look at the processes, given by name; forget all others. About 0.1 ms each."""
        alive = set(pids.values())
        for gone in self._handles.keys() - alive:
            del self._handles[gone]
            self._usage.pop(gone, None)
        for pid in alive:
            try:
                self._usage[pid] = self._look(pid)
            except psutil.Error:
                # It ended between our list and this look; its keeper will hear of it.
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
