"""The newest records of topics, for people: no group, nothing committed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing

from alphapanda.kafka.client import KafkaReadLog
from alphapanda.model.records import Offsets, Record
from alphapanda.pipeline.recovery import read_all

POLL_S = 0.5


async def newest(log: KafkaReadLog, topics: Collection[str], count: int) -> tuple[list[Record], Offsets]:
    """Return up to `count` of the newest records of each topic by time, and the offsets that follow them."""
    partitions = await log.partitions(topics)
    ends = await log.ends(partitions)
    beginnings = await log.beginnings(partitions)
    start = {p: max(beginnings[p], end - count) for p, end in ends.items()}
    records = await read_all(log, start, ends)
    return sorted(records, key=lambda record: (record.timestamp_ms, record.offset)), ends


async def follow(log: KafkaReadLog, start: Offsets) -> AsyncGenerator[list[Record], None]:
    """Give what comes from `start` on, for ever; an empty list when nothing came for a while."""
    reader = await log.reader()
    async with aclosing(reader):
        reader.seek(start)
        while True:
            records = await reader.poll(POLL_S)
            yield sorted(records, key=lambda record: (record.timestamp_ms, record.offset))
