"""One measurement of consumer groups: commits first, then ends, then the time of the first unread record."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection
from contextlib import aclosing
from dataclasses import replace

from alphapanda.clock import Clock
from alphapanda.kafka.client import KafkaReadLog
from alphapanda.kafka.group_admin import ConsumerGroup, GroupAdmin
from alphapanda.model.records import Offsets, Partition
from alphapanda.operations.groups.lag import GroupLagReport, LagReport, PartitionLag

PATIENCE_S = 3.0
"""How long to wait for first records; without its record a partition has no age."""
_POLL_S = 0.25
_ONE_BATCH = 1
"""Kafka returns at least one batch, however small the limit."""


async def measure(log: KafkaReadLog, admin: GroupAdmin, names: Collection[str], clock: Clock) -> LagReport:
    """Measure the groups of these names."""
    groups = await admin.describe(names)
    commits = dict(zip(groups, await asyncio.gather(*(admin.committed(g.name) for g in groups)), strict=True))
    at = clock.monotonic()
    wanted = {partition.topic for offsets in commits.values() for partition in offsets}
    present = await log.partitions(sorted(wanted & await log.topics()))
    starts, ends = await asyncio.gather(log.beginnings(present), log.ends(present))
    bare = [_group(group, offsets, starts, ends) for group, offsets in commits.items()]
    written = await _written_at(log, bare)
    now_ms = clock.now().timestamp() * 1000
    return LagReport(at, tuple(_aged(group, written, now_ms) for group in bare))


def _group(group: ConsumerGroup, committed: Offsets, starts: Offsets, ends: Offsets) -> GroupLagReport:
    return GroupLagReport(
        name=group.name,
        state=group.state,
        members=group.members,
        partitions=tuple(
            PartitionLag(
                partition=partition,
                committed=committed[partition],
                start=starts.get(partition),
                end=ends.get(partition),
            )
            for partition in sorted(committed)
        ),
    )


async def _written_at(log: KafkaReadLog, groups: Collection[GroupLagReport]) -> dict[tuple[Partition, int], int]:
    """Return when the first record that each group has not consumed was written, Unix milliseconds."""
    wanted: defaultdict[Partition, set[int]] = defaultdict(set)
    for group in groups:
        for one in group.partitions:
            if one.next_offset is not None:
                wanted[one.partition].add(one.next_offset)
    found: dict[tuple[Partition, int], int] = {}
    if not wanted:
        return found
    reader = await log.reader(fetch_bytes=_ONE_BATCH)
    async with aclosing(reader):
        try:
            async with asyncio.timeout(PATIENCE_S):
                # Groups that stand at different places of a partition take turns.
                while wanted:
                    places = {partition: offsets.pop() for partition, offsets in wanted.items()}
                    wanted = defaultdict(set, {partition: left for partition, left in wanted.items() if left})
                    reader.seek(places)
                    while places:
                        for record in await reader.poll(_POLL_S, only=tuple(places)):
                            place = places.pop(record.partition, None)
                            if place is not None:
                                found[record.partition, place] = record.timestamp_ms
        except TimeoutError:
            pass  # the ages that are missing stay unknown
    return found


def _aged(group: GroupLagReport, written: dict[tuple[Partition, int], int], now_ms: float) -> GroupLagReport:
    return replace(group, partitions=tuple(_with_age(one, written, now_ms) for one in group.partitions))


def _with_age(one: PartitionLag, written: dict[tuple[Partition, int], int], now_ms: float) -> PartitionLag:
    if one.lag == 0:
        return replace(one, seconds=0.0)
    at = None if one.next_offset is None else written.get((one.partition, one.next_offset))
    return one if at is None else replace(one, seconds=max(0.0, (now_ms - at) / 1000))
