"""Keeps a tally of dead letters up with the log: without a group, reading only what is new."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from alphapanda.errors import DecodeError, KafkaUnreachableError
from alphapanda.kafka.batch_reader import open_batch_reader
from alphapanda.kafka.client import KafkaOptions, KafkaReadLog
from alphapanda.model.records import Offsets, Partition, Record
from alphapanda.operations.dead_letters.counts import MOST, DeadLetterCounts
from alphapanda.operations.dead_letters.ledger import LEDGER_TOPIC
from alphapanda.telemetry.log import Logger

LOOK_AGAIN = 6
"""Rounds after which the topics are looked up again."""
AT_ONCE = 50
"""Records folded before others have their turn: some 2 ms."""
POLL_S = 0.5
PATIENCE_POLLS = 20


class DeadLetterFold:
    """The tally of some dead-letter topics, and how far they are read.

    Args:
        options: how to reach Kafka.
        topics: of dead letters; those that are not there yet are looked for again and again.
        logger: told of what cannot be read.
        most: dead letters that are told apart.
    """

    def __init__(
        self, options: KafkaOptions, topics: Collection[str], logger: Logger, *, most: int = MOST
    ) -> None:
        self._options = options
        self._wanted = frozenset(topics)
        self._logger = logger
        self._most = most
        self._positions: Offsets = {}
        self._beginnings: Offsets = {}
        self._partitions: tuple[Partition, ...] = ()
        self._rounds = 0
        self.tally = DeadLetterCounts(most)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that are there."""
        return tuple(sorted({one.topic for one in self._partitions} - {LEDGER_TOPIC}))

    async def catch_up(self, log: KafkaReadLog) -> None:
        """Read what is new; raises KafkaUnreachableError, TransientError: the next call goes on where it ended."""
        await self._go_round(log)
        if self.tally.is_stale:
            self._begin_anew()
            await self._go_round(log)

    def _begin_anew(self) -> None:
        self.tally = DeadLetterCounts(self._most)
        self._positions.clear()

    async def _go_round(self, log: KafkaReadLog) -> None:
        if self._rounds % LOOK_AGAIN == 0:
            there = (self._wanted | {LEDGER_TOPIC}) & await log.topics()
            self._partitions = await log.partitions(sorted(there))
        self._rounds += 1
        ledger = [one for one in self._partitions if one.topic == LEDGER_TOPIC]
        letters = [one for one in self._partitions if one.topic != LEDGER_TOPIC]
        steps_end = await log.ends(ledger)
        letters_end = await log.ends(letters)
        beginnings = await log.beginnings(letters)
        self._notice(beginnings, {**steps_end, **letters_end})
        await self._read(log, steps_end, self.tally.step)
        await self._read(log, letters_end, self.tally.letter)
        self.tally.end_round()

    def _notice(self, beginnings: Offsets, ends: Offsets) -> None:
        """Take in what was removed; begin anew with a topic that is another now, and where all can be counted."""
        moved = {one: at for one, at in beginnings.items() if at > self._beginnings.get(one, at)}
        anew = any(end < self._positions.get(one, 0) for one, end in ends.items())
        if anew or (self.tally.is_full and (moved or len(self.tally) < self._most // 2)):
            self._begin_anew()
        elif moved:
            self.tally.forget_before(moved)
        self._beginnings = beginnings
        for one, at in beginnings.items():
            self._positions[one] = max(at, self._positions.get(one, 0))

    async def _read(self, log: KafkaReadLog, ends: Offsets, fold: Callable[[Record], None]) -> None:
        wanted = {one: end for one, end in ends.items() if self._positions.get(one, 0) < end}
        if not wanted:
            return
        async with open_batch_reader(self._options, {one.topic for one in wanted}, log.beginnings) as reader:
            reader.seek({one: self._positions.get(one, 0) for one in wanted})
            idle = 0
            while wanted:
                records = await reader.poll(POLL_S, only=tuple(wanted))
                for number, record in enumerate(records, 1):
                    if record.offset < wanted.get(record.partition, 0):
                        self._fold(record, fold)
                        self._positions[record.partition] = record.offset + 1
                    if not number % AT_ONCE:
                        await asyncio.sleep(0)
                for one, end in tuple(wanted.items()):
                    if await reader.position(one) >= end:
                        self._positions[one] = end
                        del wanted[one]
                idle = 0 if records else idle + 1
                if idle > PATIENCE_POLLS:
                    raise KafkaUnreachableError(f"{next(iter(wanted))} promised more records and gave none.")

    def _fold(self, record: Record, fold: Callable[[Record], None]) -> None:
        try:
            fold(record)
        except DecodeError as error:
            self._logger.warning("no step of a dead letter", error=error.message)
