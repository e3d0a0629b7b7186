"""The log into the desk: a bounded backlog first, then what comes, and no faster than a person can see.

Ticks have a reader of their own, so that a flood of them never delays an order. A reader that falls
behind goes to the end and says how many records it passed over: a dashboard shows the present.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from alphapanda.bus.records import Offsets, Partition, Record
from alphapanda.clock import Clock
from topics.names import TopicName
from tui.desk.desk import Desk
from tui.sources.port import Port
from tui.sources.ports import OpenTape, Tape, TapeReader

TICKS: Final = str(TopicName("market", "", "ticks"))

BACKLOG: Final[Mapping[str, int]] = {"ticks": 1_500, "snapshots": 3_600, "dlq": 300}
USUAL_BACKLOG: Final = 1_000
"""Records of a partition that are read at the start."""

BATCH: Final = 500
BEAT_S: Final = 0.1
"""One batch a beat: 5,000 records a second at most."""
FAR_BEHIND: Final = 10_000
MEASURE_S: Final = 2.0
LOOK_AGAIN_S: Final = 15.0

_STEPS: Final = ("raw", "validated", "rejected", "submitted", "accepted", "modified", "filled")


def backlog_of(topic: str) -> int:
    """Return how many of a partition's newest records are read at the start."""
    return BACKLOG.get(topic.rsplit(".", 1)[-1], USUAL_BACKLOG)


def in_order(records: Collection[Record]) -> list[Record]:
    """Return records of several topics as they happened: by time, and causes before what follows."""
    return sorted(records, key=lambda r: (r.timestamp_ms, _step(r.partition.topic), r.partition.number, r.offset))


def _step(topic: str) -> int:
    last = topic.rsplit(".", 1)[-1]
    return _STEPS.index(last) if last in _STEPS else len(_STEPS)


class LogSource:
    """Follows every topic of the deployment.

    Args:
        tape: the log.
        clock: the time.
    """

    name = "Kafka"

    def __init__(self, tape: Tape, clock: Clock) -> None:
        self._tape = tape
        self._clock = clock
        self._next: Offsets = {}

    async def run(self, port: Port) -> None:
        """Follow the log until it fails, or its topics change."""
        async with self._tape.open() as log:
            partitions = await log.partitions()
            ticks = [p for p in partitions if p.topic == TICKS]
            others = [p for p in partitions if p.topic != TICKS]
            starts = await self._starts(log, partitions)
            port.up()
            readers = [await log.reader(), await log.reader(patient=True)]
            async with aclosing(readers[0]), aclosing(readers[1]):
                for reader, mine in zip(readers, (others, ticks), strict=True):
                    reader.seek({p: starts[p] for p in mine})
                follow = [
                    asyncio.ensure_future(self._follow(readers[0], others, port)),
                    asyncio.ensure_future(self._follow(readers[1], ticks, port)),
                ]
                try:
                    await self._measure(
                        log, dict(zip(partitions, self._reader_of(partitions, readers), strict=True)), port, follow
                    )
                finally:
                    for task in follow:
                        task.cancel()
                    await asyncio.gather(*follow, return_exceptions=True)

    def _reader_of(self, partitions: Collection[Partition], readers: list[TapeReader]) -> list[TapeReader]:
        return [readers[1 if partition.topic == TICKS else 0] for partition in partitions]

    async def _starts(self, log: OpenTape, partitions: Collection[Partition]) -> Offsets:
        """Return where to begin: where we were, else the backlog."""
        ends = await log.ends(partitions)
        beginnings = await log.beginnings(partitions)
        starts = {}
        for partition in partitions:
            backlog = max(beginnings[partition], ends[partition] - backlog_of(partition.topic))
            known = self._next.get(partition)
            starts[partition] = known if known is not None and backlog <= known <= ends[partition] else backlog
        return starts

    async def _follow(self, reader: TapeReader, partitions: list[Partition], port: Port) -> None:
        desk = port.desk
        if not partitions:
            return
        await self._catch_up(reader, partitions, desk)
        while True:
            records = await reader.poll(5.0, BATCH)
            if not records:
                continue
            self._take(desk, records)
            port.heard()
            if len(records) >= BATCH:
                await self._skip(reader, partitions, desk)
            await asyncio.sleep(BEAT_S)

    async def _catch_up(self, reader: TapeReader, partitions: list[Partition], desk: Desk) -> None:
        """Read the backlog of all partitions and fold it as it happened."""
        held: list[Record] = []
        waiting = set(partitions)
        idle = 0
        while waiting and idle < 3:
            records = await reader.poll(0.3, 4 * BATCH)
            held += records
            idle = 0 if records else idle + 1
            for partition in tuple(waiting):
                end = reader.known_end(partition)
                if end is not None and await reader.position(partition) >= end:
                    waiting.discard(partition)
        ordered = in_order(held)
        for first in range(0, len(ordered), BATCH):
            self._take(desk, ordered[first : first + BATCH], sort=False)
            await asyncio.sleep(0)

    def _take(self, desk: Desk, records: Collection[Record], *, sort: bool = True) -> None:
        ordered = in_order(records) if sort else list(records)
        desk.take(ordered)
        for record in ordered:
            if record.offset >= self._next.get(record.partition, 0):
                self._next[record.partition] = record.offset + 1

    async def _skip(self, reader: TapeReader, partitions: list[Partition], desk: Desk) -> None:
        """Go to the end where too much waits; say what is passed over."""
        goals: Offsets = {}
        for partition in partitions:
            at, end = await reader.position(partition), reader.known_end(partition)
            goals[partition] = at
            if end is not None and end - at > FAR_BEHIND:
                goals[partition] = end - BATCH
                desk.lost(partition, goals[partition] - at)
        if any(self._next.get(p, 0) < goal for p, goal in goals.items()):
            reader.seek(goals)
            self._next |= goals

    async def _measure(
        self,
        log: OpenTape,
        readers: Mapping[Partition, TapeReader],
        port: Port,
        follow: Sequence[asyncio.Future[None]],
    ) -> None:
        """Tell rates and lags every two seconds; return when the topics are others than they were."""
        beginnings: Offsets = {}
        looks = 0
        while True:
            if looks % int(LOOK_AGAIN_S / MEASURE_S) == 0:
                if looks and set(await log.partitions()) != set(readers):
                    return
                beginnings = await log.beginnings(tuple(readers))
            committed = await log.committed()
            ends = {p: end for p, reader in readers.items() if (end := reader.known_end(p)) is not None}
            port.desk.topics.take_ends(ends, beginnings, committed, self._clock.now())
            port.heard()
            looks += 1
            done, _ = await asyncio.wait(follow, timeout=MEASURE_S, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
