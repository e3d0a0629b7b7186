"""Following a service's log, through rotations and restarts, without losing or repeating a line."""

from __future__ import annotations

import heapq
import io
from datetime import datetime, timedelta
from typing import NamedTuple

from alphapanda.operations.logs.foreign import undated
from alphapanda.operations.logs.segments import LIVE, LogFileSource, Segment, open_segment
from alphapanda.telemetry.record import LogRecord

BLOCK = 1024 * 1024
REORDER_WINDOW = timedelta(milliseconds=250)


class _Step(NamedTuple):
    """The next file, and the number of the last full file that is then read."""

    segment: Segment
    passed: int


class Follower:
    """Reads new lines of a service's log. Its position is a file and an offset, also across restarts."""

    def __init__(self, source: LogFileSource, segments: list[Segment]) -> None:
        """Begin at the end of `segments`; without any, at the first byte of the first file."""
        self._source = source
        self._segment: Segment | None = segments[-1] if segments else None
        self._file: io.BufferedReader | None = None
        self._offset = self._segment.size if self._segment else 0
        self._passed = max((segment.number for segment in segments if segment.number != LIVE), default=0)
        """Full files up to this number have been read; the live file gets a greater number when it is full."""
        self._part = b""
        self._before: LogRecord | None = None

    def poll(self, now: datetime) -> list[LogRecord]:
        """Return the lines that were added since the last poll."""
        records: list[LogRecord] = []
        while True:
            # Whether the file is finished is asked before it is read: what is read then is all of it.
            step = self._next_step()
            records += self._read(now)
            if step is None:
                return records
            records += self._finish(now)
            self._take(step)

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _next_step(self) -> _Step | None:
        """Return the file after the current one, if the current one is complete."""
        segments = self._source.segments()
        current = self._segment.inode if self._segment else None
        if not segments or segments[-1].inode == current:
            return None
        newer = [segment for segment in segments if segment.number > self._passed]
        places = [place for place, segment in enumerate(newer) if segment.inode == current]
        following = newer[places[-1] + 1 :] if places else newer
        if not following:
            return None
        chosen = following[0]
        full = (segment.number for segment in segments if segment.number != LIVE)
        return _Step(chosen, max((number for number in full if number <= chosen.number), default=self._passed))

    def _take(self, step: _Step) -> None:
        self.close()
        self._segment = step.segment
        self._passed = max(self._passed, step.passed)
        self._offset = 0

    def _read(self, now: datetime) -> list[LogRecord]:
        if self._segment is None:
            return []
        if self._file is None:
            self._file = open_segment(self._source, self._segment)
            if self._file is None:
                return []
        self._file.seek(0, io.SEEK_END)
        if self._file.tell() < self._offset:
            # Someone emptied the file in place.
            self._offset, self._part = 0, b""
        self._file.seek(self._offset)
        records = []
        while block := self._file.read(BLOCK):
            self._offset += len(block)
            *lines, self._part = (self._part + block).split(b"\n")
            records += [self._record(raw, now) for raw in lines if raw]
        return records

    def _finish(self, now: datetime) -> list[LogRecord]:
        """Return the incomplete line at the end of a complete file."""
        part, self._part = self._part, b""
        return [self._record(part, now)] if part else []

    def _record(self, raw: bytes, now: datetime) -> LogRecord:
        parsed = self._source.parse(raw, self._source.name)
        self._before = parsed or undated(raw, self._source.name, self._before, now)
        return self._before


class ReorderWindow:
    """Delays live lines briefly, so that older lines of slower writers can come first."""

    def __init__(self, window: timedelta = REORDER_WINDOW) -> None:
        """Set the delay."""
        self._window = window
        self._heap: list[tuple[datetime, int, datetime, LogRecord]] = []
        self._latest: dict[str, datetime] = {}
        self._count = 0

    def push(self, record: LogRecord, now: datetime) -> None:
        """Add a line that was just read."""
        key = max(record.at, self._latest.get(record.service, record.at))
        self._latest[record.service] = key
        self._count += 1
        heapq.heappush(self._heap, (key, self._count, now, record))

    def pop(self, now: datetime) -> list[LogRecord]:
        """Return, in time order, the lines whose delay is over."""
        ripe = []
        while self._heap and self._is_ripe(self._heap[0], now):
            ripe.append(heapq.heappop(self._heap)[3])
        return ripe

    def drain(self) -> list[LogRecord]:
        """Return all delayed lines in time order."""
        return [heapq.heappop(self._heap)[3] for _ in range(len(self._heap))]

    def _is_ripe(self, entry: tuple[datetime, int, datetime, LogRecord], now: datetime) -> bool:
        at, _, arrived, _ = entry
        # A line from a clock that runs ahead would wait for its time to come: it waits twice the window at most.
        return at <= now - self._window or arrived <= now - 2 * self._window
