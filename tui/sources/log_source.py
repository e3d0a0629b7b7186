"""The log into the store: a bounded backlog first, then what comes, and no faster than a person can see.

Ticks have a reader of their own, so that a flood of them never delays an order. A reader that falls
behind goes to the end and says how many records it passed over: a dashboard shows the present.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Final

from alphapanda.clock import Clock
from alphapanda.kafka.reading import records_between
from alphapanda.model.records import Offsets, Partition, Record
from topics.errors import KafkaUnreachableError
from topics.names import TopicName
from tui.sources.connection import LogAccess, OpenLog, RecordReader
from tui.sources.day import recall_day
from tui.sources.handle import SourceHandle
from tui.store.store import Store

TICKS: Final = str(TopicName("market", "", "ticks"))

BACKLOG: Final[Mapping[str, int]] = {"ticks": 1_500, "snapshots": 900, "dlq-ledger": 60_000}
USUAL_BACKLOG: Final = 1_000
"""Records of a partition that are read at the start."""

BATCH: Final = 500
BEAT_S: Final = 0.1
"""One batch a beat: 5,000 records a second at most."""
FAR_BEHIND: Final = 10_000
MEASURE_S: Final = 2.0
LOOK_AGAIN_S: Final = 15.0
PATIENCE_S: Final = 3.0
STUCK_LOOKS: Final = 3
ANSWER_S: Final = 6.0

_STEPS: Final = ("raw", "validated", "rejected", "submitted", "accepted", "modified", "filled")


def backlog_of(topic: str) -> int:
    """Return how many of a partition's newest records are read at the start."""
    return BACKLOG.get(topic.rsplit(".", 1)[-1], USUAL_BACKLOG)


def in_order(records: Collection[Record]) -> list[Record]:
    """Return records of several topics as they happened: by time, and causes before what follows."""
    return sorted(records, key=lambda r: (r.timestamp_ms, _step(r.partition.topic), r.partition, r.offset))


def _step(topic: str) -> int:
    last = topic.rsplit(".", 1)[-1]
    return _STEPS.index(last) if last in _STEPS else len(_STEPS)


async def read_range(reader: RecordReader, starts: Offsets, ends: Offsets) -> list[Record]:
    """Return all records from the starts up to the ends; raises KafkaUnreachableError when they do not come."""
    found: list[Record] = []
    async with aclosing(records_between(reader, starts, ends, patience_s=PATIENCE_S)) as batches:
        async for records in batches:
            found += records
    return found


def _is_another_log(ends: Offsets, read: Offsets) -> bool:
    """Return whether a partition ends before what was read of it: its topic was deleted and made again."""
    return any(end < read.get(partition, 0) for partition, end in ends.items())


class LogFollower:
    """Follows every topic of the deployment.

    Args:
        log_access: the log.
        clock: the time.
    """

    name = "Kafka"

    def __init__(self, log_access: LogAccess, clock: Clock) -> None:
        self._log_access = log_access
        self._clock = clock
        self._next: Offsets = {}

    async def run(self, handle: SourceHandle) -> None:
        """Follow the log until it fails, or its topics change."""
        async with self._log_access.open() as log, AsyncExitStack() as stack:
            partitions = await log.partitions()
            ends = await log.ends(partitions)
            starts = await self._starts(log, ends)
            await self._catch_up(log, starts, ends, handle.store)
            self._next |= ends
            handle.up()
            readers: dict[Partition, RecordReader] = {}
            follow = [asyncio.ensure_future(recall_day(log, self._clock.now(), starts, handle.store))]
            for patient in (False, True):
                mine = [partition for partition in partitions if (partition.topic == TICKS) is patient]
                if mine:
                    reader = await log.reader(patient=patient)
                    stack.push_async_callback(reader.aclose)
                    reader.seek({partition: ends[partition] for partition in mine})
                    readers |= dict.fromkeys(mine, reader)
                    follow.append(asyncio.ensure_future(self._follow(reader, mine, handle)))
            try:
                await self._measure(log, readers, handle, follow)
            finally:
                for task in follow:
                    task.cancel()
                await asyncio.gather(*follow, return_exceptions=True)

    async def _starts(self, log: OpenLog, ends: Offsets) -> Offsets:
        """Return where to begin: where we were, else the backlog."""
        beginnings = await log.beginnings(tuple(ends))
        starts = {}
        for partition, end in ends.items():
            backlog = max(beginnings[partition], end - backlog_of(partition.topic))
            known = self._next.get(partition)
            starts[partition] = known if known is not None and backlog <= known <= end else backlog
        return starts

    async def _follow(self, reader: RecordReader, partitions: list[Partition], handle: SourceHandle) -> None:
        while True:
            records = await reader.poll(5.0, limit=BATCH)
            if not records:
                continue
            self._fold(handle.store, records)
            handle.received()
            if len(records) >= BATCH:
                await self._skip(reader, partitions, handle.store)
            await asyncio.sleep(BEAT_S)

    async def _catch_up(self, log: OpenLog, starts: Offsets, ends: Offsets, store: Store) -> None:
        """Read the backlog of all partitions, and fold it as it happened."""
        if all(starts[partition] >= end for partition, end in ends.items()):
            return
        reader = await log.reader(patient=True)
        async with aclosing(reader):
            ordered = in_order(await read_range(reader, starts, ends))
        for first in range(0, len(ordered), BATCH):
            self._fold(store, ordered[first : first + BATCH], sort=False)
            await asyncio.sleep(0)

    def _fold(self, store: Store, records: Collection[Record], *, sort: bool = True) -> None:
        ordered = in_order(records) if sort else list(records)
        store.fold(ordered)
        for record in ordered:
            if record.offset >= self._next.get(record.partition, 0):
                self._next[record.partition] = record.offset + 1

    async def _skip(self, reader: RecordReader, partitions: list[Partition], store: Store) -> None:
        """Go to the end where too much waits; say what is passed over."""
        goals: Offsets = {}
        for partition in partitions:
            at, end = await reader.position(partition), reader.known_end(partition)
            goals[partition] = at
            if end is not None and end - at > FAR_BEHIND:
                goals[partition] = end - BATCH
                store.lost(partition, goals[partition] - at)
        if any(self._next.get(p, 0) < goal for p, goal in goals.items()):
            reader.seek(goals)
            self._next |= goals

    def _read_again(self, offsets: Offsets) -> bool:
        """Go back to these offsets; returns whether there are any."""
        self._next |= {p: min(offset, self._next.get(p, offset)) for p, offset in offsets.items()}
        return bool(offsets)

    def _is_stuck(self, ends: Offsets, silent: dict[Partition, tuple[int, int]]) -> bool:
        """Return whether a partition went on and its reader did not, for some looks: after a broker's restart.

        Args:
            ends: of the partitions now.
            silent: where each waiting partition stood, and for how many looks; kept between calls.
        """
        for partition, end in ends.items():
            at = self._next.get(partition, end)
            before, looks = silent.get(partition, (-1, 0))
            if at >= end:
                silent.pop(partition, None)
            else:
                silent[partition] = (at, looks + 1 if at == before else 0)
        return any(looks >= STUCK_LOOKS for _, looks in silent.values())

    async def _measure(
        self,
        log: OpenLog,
        readers: Mapping[Partition, RecordReader],
        handle: SourceHandle,
        follow: Sequence[asyncio.Future[None]],
    ) -> None:
        """Tell rates and lags every two seconds; return when the topics are others than they were."""
        beginnings: Offsets = {}
        silent: dict[Partition, tuple[int, int]] = {}
        looks = 0
        while True:
            try:
                async with asyncio.timeout(ANSWER_S):
                    if looks % int(LOOK_AGAIN_S / MEASURE_S) == 0:
                        if looks and set(await log.partitions()) != set(readers):
                            return
                        beginnings = await log.beginnings(tuple(readers))
                    committed = await log.committed()
                    read = dict(self._next)
                    ends = await log.ends(tuple(readers))
            except TimeoutError:
                raise KafkaUnreachableError(
                    f"Kafka did not answer within {ANSWER_S:g} s.", hint="Run: alphapanda doctor"
                ) from None
            if (
                self._is_stuck(ends, silent)
                or _is_another_log(ends, read)
                or self._read_again(log.to_read_again())
            ):
                return
            handle.store.topics.fold_ends(ends, beginnings, committed, self._clock.now())
            handle.received()
            looks += 1
            done, _ = await asyncio.wait(follow, timeout=MEASURE_S, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
