"""The lines that are there already."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime

from alphapanda.operations.logs.foreign import undated
from alphapanda.operations.logs.query import LogQuery
from alphapanda.operations.logs.segments import LogFileSource, Segment, lines_backward, lines_forward, open_segment
from alphapanda.telemetry.record import LogRecord

LOOK_AHEAD = 200
"""How many lines at a file's beginning may tell no time."""


def oldest_first(source: LogFileSource, segments: list[Segment], query: LogQuery) -> Iterator[LogRecord]:
    """Yield a service's wanted lines from the first on, holding none of them."""
    for segment in _in_reach(segments, query):
        file = open_segment(source, segment)
        if file is None:
            continue
        with file:
            before: LogRecord | None = None
            begin = _first_time(
                source, list(itertools.islice(lines_forward(file, segment.size), LOOK_AHEAD)), segment
            )
            file.seek(0)
            for raw in lines_forward(file, segment.size):
                if not raw or not query.may_match(raw):
                    continue
                record = source.parse(raw, source.name) or undated(raw, source.name, before, begin)
                before = record
                if query.matches(record):
                    yield record


def newest_first(source: LogFileSource, segments: list[Segment], query: LogQuery) -> Iterator[LogRecord]:
    """Yield a service's wanted lines from the last on, reading no more than is asked for."""
    for segment in reversed(_in_reach(segments, query)):
        file = open_segment(source, segment)
        if file is None:
            continue
        with file:
            yield from filter(query.matches, _backward(source, segment, lines_backward(file, segment.size)))


def _backward(source: LogFileSource, segment: Segment, lines: Iterator[bytes]) -> Iterator[LogRecord]:
    """Yield records from the last to the first; lines without a time wait for the line that they go on."""
    waiting: list[bytes] = []
    after: LogRecord | None = None
    for raw in lines:
        if not raw:
            continue
        record = source.parse(raw, source.name)
        if record is None:
            waiting.append(raw)
            continue
        yield from (undated(line, source.name, record, record.at) for line in waiting)
        waiting.clear()
        yield record
        after = record
    begin = after.at if after else segment.modified
    yield from (undated(line, source.name, None, begin) for line in waiting)


def _in_reach(segments: list[Segment], query: LogQuery) -> list[Segment]:
    since = query.since
    return [segment for segment in segments if since is None or segment.modified >= since]


def _first_time(source: LogFileSource, lines: list[bytes], segment: Segment) -> datetime:
    """Return the first time that a file tells, for the lines before it."""
    records = (source.parse(raw, source.name) for raw in lines)
    first = next((record for record in records if record), None)
    return first.at if first else segment.modified
