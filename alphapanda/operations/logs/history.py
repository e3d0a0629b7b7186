"""The existing lines of one service, or of several in time order."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from alphapanda.operations.logs.foreign import undated
from alphapanda.operations.logs.query import LogQuery
from alphapanda.operations.logs.segments import LogFileSource, Segment, lines_backward, lines_forward, open_segment
from alphapanda.telemetry.record import LogRecord

LOOK_AHEAD = 200
"""Maximum number of lines without a time at the beginning of a file."""


def oldest_first(source: LogFileSource, segments: list[Segment], query: LogQuery) -> Iterator[LogRecord]:
    """Yield a service's matching lines, oldest first, without keeping them in memory."""
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
    """Yield a service's matching lines, newest first, reading only as far as needed."""
    for segment in reversed(_in_reach(segments, query)):
        file = open_segment(source, segment)
        if file is None:
            continue
        with file:
            yield from filter(query.matches, _backward(source, segment, lines_backward(file, segment.size)))


def _backward(source: LogFileSource, segment: Segment, lines: Iterator[bytes]) -> Iterator[LogRecord]:
    """Yield records, newest first; lines without a time follow the line that they continue."""
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
    """Return the first time in a file, for the lines before it."""
    records = (source.parse(raw, source.name) for raw in lines)
    first = next((record for record in records if record), None)
    return first.at if first else segment.modified


def merged_history(
    parts: Mapping[str, tuple[LogFileSource, list[Segment]]], query: LogQuery
) -> Iterator[LogRecord]:
    """Yield the matching lines of several services, oldest first."""
    if query.limit is None:
        return merge(oldest_first(source, segments, query) for source, segments in parts.values())
    limit = query.limit
    latest = [
        list(itertools.islice(newest_first(source, segments, query), limit))[::-1]
        for source, segments in parts.values()
    ]
    merged = list(merge(latest))
    return iter(merged[max(0, len(merged) - limit) :])


def merge(services: Iterable[Iterable[LogRecord]]) -> Iterator[LogRecord]:
    """Yield the records of all services in time order.

    Each service's own lines stay in the order in which it wrote them: after its clock was
    set back, its lines count as late as the latest before them. Equal times come in the order of `services`.
    """
    keyed = [_never_back(records) for records in services]
    for _, record in heapq.merge(*keyed, key=lambda pair: pair[0]):
        yield record


def _never_back(records: Iterable[LogRecord]) -> Iterator[tuple[datetime, LogRecord]]:
    latest: datetime | None = None
    for record in records:
        latest = record.at if latest is None else max(latest, record.at)
        yield latest, record
