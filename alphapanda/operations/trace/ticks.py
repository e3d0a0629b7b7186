"""Finds a tick by its id without reading the topic: ids of one source are numbers that rise with the offset."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import msgspec

from alphapanda.model.records import Header, Partition, Record
from alphapanda.operations.trace.search import LogSearch, Span

_PREFIX = 24
"""Characters of an id before its number (`alphapanda.ids.SequenceIds`)."""
_NUMBER_DIGITS = 12
MAX_LOOKS = 48
"""How many batches of one partition are looked at before a search gives up; a million ticks take about twelve."""


class _Identified(msgspec.Struct):
    id: str = ""


_decode = msgspec.json.Decoder(_Identified).decode


async def find_tick(search: LogSearch, tick_id: str, spans: Mapping[Partition, Span]) -> Record | None:
    """Return the tick of that id, None when it is not found this way.

    Args:
        search: of the log.
        tick_id: the id of a tick of a repeatable source.
        spans: of the ticks' partitions.
    """
    number = _number(tick_id)
    if number is None:
        return None
    for partition, (start, stop) in spans.items():
        found = await _find_in(search, tick_id, number, partition, start, stop)
        if found is not None:
            return found
    return None


async def _find_in(
    search: LogSearch, tick_id: str, number: int, partition: Partition, start: int, stop: int
) -> Record | None:
    """Halve a range again and again; where a batch is of another source, both halves stay possible."""
    ranges = deque([(start, stop)])
    for _ in range(MAX_LOOKS):
        if not ranges:
            return None
        low, high = ranges.popleft()
        middle = (low + high) // 2
        records = [one for one in await search.some_at(partition, middle) if one.offset < high]
        found = next((one for one in records if _id(one) == tick_id), None)
        if found is not None:
            return found
        after = records[-1].offset + 1 if records else high
        halves = [(low, middle), (after, high)]
        ranges.extend(half for half in _possible(records, tick_id, number, halves) if half[0] < half[1])
    return None


def _possible(records: list[Record], tick_id: str, number: int, halves: list[Span]) -> list[Span]:
    """Return which of two halves can hold the tick, given the batch between them."""
    below, above = halves
    for record in records:
        found = _id(record)
        if found[:_PREFIX] == tick_id[:_PREFIX]:
            seen = _number(found)
            return [below] if seen is not None and seen > number else [above]
    return [above, below]


def _id(record: Record) -> str:
    header = record.header(Header.CORRELATION_ID)
    if header is not None:
        return header.decode(errors="replace")  # a tick begins its chain, so this is its own id
    try:
        return _decode(record.value or b"").id
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def _number(event_id: str) -> int | None:
    digits = event_id[_PREFIX:]
    if len(digits) != _NUMBER_DIGITS:
        return None
    try:
        return int(digits, 16)
    except ValueError:
        return None
