"""How far a source has come in the log: the ticks that a restarted feed need not write again.

The log itself says it: a source writes in order in each partition, so its last tick there tells that
all before it are there too. The offsets of a consumer group of the source's own, committed once a second,
say from where to look for that tick, so that neither other sources' ticks nor a long log cost time. After
a clean stop there is nothing to look for: the commit says that it is the last.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from alphapanda.ids import SequenceIds
from alphapanda.kafka.client import KafkaOptions, KafkaReadLog, open_read_log
from alphapanda.kafka.group_admin import GroupCommitter, open_committer
from alphapanda.kafka.group_offsets import CommittedOffset
from alphapanda.kafka.reading import stream
from alphapanda.kafka.tick_writer import Mark
from alphapanda.model.records import Header, Offsets, Partition, Record
from alphapanda.telemetry.log import Logger
from topics.services import FEED_GROUPS

_NONE: Final = -1
_CLOSED: Final = " closed"
_ID_PREFIX: Final = 24  # characters of an id before the tick's number


@dataclass(frozen=True, slots=True)
class _SourcePosition:
    """How far a source has come in one partition, as it is committed.

    Attributes:
        mark: its last tick.
        closed: whether it was stopped there, so that none of its ticks follow.
    """

    mark: Mark
    closed: bool

    @classmethod
    def parse(cls, committed: CommittedOffset) -> _SourcePosition:
        number, closed, _ = committed.note.partition(_CLOSED)
        try:
            return cls(Mark(int(number), committed.offset), bool(closed))
        except ValueError:
            return cls(Mark(_NONE, committed.offset), closed=False)  # committed by hand: look from there

    def to_commit(self) -> CommittedOffset:
        return CommittedOffset(self.mark.offset, f"{self.mark.number}{_CLOSED if self.closed else ''}")


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a source is taken up.

    Attributes:
        written: the number of its last tick, for each partition that has one.
        scanned: how many records were read to find out.
        partitions: how many the topic has.
    """

    written: Mapping[int, int]
    scanned: int
    partitions: int

    @property
    def highest(self) -> int:
        """The number of its latest tick in the log; -1 for none."""
        return max(self.written.values(), default=_NONE)


class FeedProgress:
    """Finds and remembers how far one source has come. Made by `open_progress`."""

    def __init__(
        self,
        options: KafkaOptions,
        committer: GroupCommitter,
        topic: str,
        ids: SequenceIds,
        log: Logger,
    ) -> None:
        self._options = options
        self._committer = committer
        self._group = group_of(ids)
        self._topic = topic
        self._prefix = ids.at(0)[:_ID_PREFIX].encode()
        self._log = log
        self._committed: dict[int, _SourcePosition] = {}

    async def find(self) -> Resumption:
        """Return how far the source has come; the first time, remember that it begins here.

        Raises:
            DependencyError: Kafka does not answer.
        """
        async with open_read_log(self._options) as log:
            partitions = await log.partitions([self._topic])
            committed = await log.committed(self._group)
            begins, ends = await log.beginnings(partitions), await log.ends(partitions)
            known = {one: _SourcePosition.parse(committed[one]) for one in partitions if one in committed}
            if known and len(known) != len(partitions):
                self._log.warning(
                    "the topic has another number of partitions than when this source was last fed: "
                    "some of its ticks may be written again, with the same ids",
                    topic=self._topic,
                    before=len(known),
                    now=len(partitions),
                )
            numbers: dict[Partition, int] = {}
            starts: Offsets = {}
            for one in partitions:
                position = known.get(one, _SourcePosition(Mark(_NONE, ends[one]), closed=True))
                numbers[one], start = position.mark.number, max(position.mark.offset, begins[one])
                if position.mark.offset > ends[one]:
                    self._log.warning(
                        "the log is shorter than it was: this source begins anew",
                        partition=one.number,
                        end=ends[one],
                    )
                    numbers[one], starts[one] = _NONE, begins[one]
                elif not position.closed:
                    starts[one] = start
            found, scanned = await self._last_numbers(log, starts, {one: ends[one] for one in starts})
        numbers |= {one: max(numbers[one], number) for one, number in found.items()}
        await self.remember({one.number: Mark(number, ends[one]) for one, number in numbers.items()})
        written = {one.number: number for one, number in numbers.items() if number > _NONE}
        return Resumption(written, scanned, len(partitions))

    async def _last_numbers(
        self, log: KafkaReadLog, starts: Offsets, ends: Offsets
    ) -> tuple[dict[Partition, int], int]:
        """Return the number of the source's last tick in each range, and how many records were read."""
        last = {one: end - 1 for one, end in ends.items() if starts[one] < end}
        found, read = await self._scan(log, last, {one: ends[one] for one in last})
        missing = [one for one in last if one not in found]  # seldom: another source wrote since
        more, read_more = await self._scan(log, starts, {one: ends[one] for one in missing})
        return found | more, read - len(missing) + read_more

    async def _scan(self, log: KafkaReadLog, starts: Offsets, ends: Offsets) -> tuple[dict[Partition, int], int]:
        found: dict[Partition, int] = {}
        read = 0
        async with aclosing(stream(log, starts, ends)) as batches:
            async for records in batches:
                read += len(records)
                for record in records:
                    number = self._number_of(record)
                    if number > found.get(record.partition, _NONE):
                        found[record.partition] = number
        return found, read

    def _number_of(self, record: Record) -> int:
        for name, value in record.headers:
            if name == Header.CORRELATION_ID and value is not None and value.startswith(self._prefix):
                return int(value[_ID_PREFIX:], 16)
        return _NONE

    async def remember(self, marks: Mapping[int, Mark]) -> None:
        """Commit how far the source has come, where that has changed.

        Raises:
            TransientError: Kafka does not answer; only the time of the next start depends on it.
        """
        await self._commit({number: _SourcePosition(mark, closed=False) for number, mark in marks.items()})

    async def close(self, marks: Mapping[int, Mark]) -> None:
        """Commit that these are the source's last ticks; raises as `remember` does."""
        last = {number: position.mark for number, position in self._committed.items()} | dict(marks)
        await self._commit({number: _SourcePosition(mark, closed=True) for number, mark in last.items()})

    async def _commit(self, positions: Mapping[int, _SourcePosition]) -> None:
        changed = {number: one for number, one in positions.items() if self._committed.get(number) != one}
        if not changed:
            return
        await self._committer.commit(
            {Partition(self._topic, number): one.to_commit() for number, one in changed.items()}
        )
        self._committed.update(changed)


@asynccontextmanager
async def open_progress(
    options: KafkaOptions, topic: str, ids: SequenceIds, log: Logger
) -> AsyncIterator[FeedProgress]:
    """Open the progress of the source whose ids these are; raises DependencyError."""
    async with open_committer(options, group_of(ids)) as committer:
        yield FeedProgress(options, committer, topic, ids, log)


def group_of(ids: SequenceIds) -> str:
    """Return the group that keeps the progress of the source whose ids these are."""
    return f"{FEED_GROUPS}{ids.at(0)[:_ID_PREFIX].replace('-', '')}"
