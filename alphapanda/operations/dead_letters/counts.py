"""How many dead letters are open, by topic and code: a running fold of dead-letter topics and the ledger.

It keeps a few facts of each dead letter that is open or under way, and nothing of what is settled: should that
fail again, it is open whatever the ledger says. What is read has to come in rounds, the ledger first up to an end
that was asked for before the dead letters' ends: then a round brings every dead letter that its entries are about.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from sys import intern

import msgspec

from alphapanda.errors import DecodeError
from alphapanda.kafka.batch_reader import open_batch_reader
from alphapanda.kafka.client import KafkaOptions, KafkaReadLog
from alphapanda.kafka.reading import records_between
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Offsets, Partition, Record
from alphapanda.operations.dead_letters.ledger import current_state
from alphapanda.operations.dead_letters.record import RUN_HEADER
from alphapanda.telemetry.log import Logger
from topics.dead_letter_families import read_headers
from topics.dead_letters import dead_letter_id
from topics.services import LEDGER

MOST = 100_000
"""Dead letters that are tracked one by one, some 40 MB; open ones beyond them are only counted."""

SETTLED = frozenset({LedgerState.CONFIRMED, LedgerState.DISCARDED})
OUTCOMES = frozenset({LedgerState.CONFIRMED, LedgerState.RETURNED})
"""How a replay of one record can end."""


class _Moved(msgspec.Struct, frozen=True, gc=False):
    """The fields of a ledger step that counting needs."""

    dead_letter_id: str
    state: LedgerState
    record: LogPosition
    run_id: str = ""


class _Entry(msgspec.Struct, frozen=True):
    data: _Moved


_DECODER = msgspec.json.Decoder(_Entry)


@dataclass(slots=True)
class _Known:
    """One dead letter that is open or under way: its newest record, and its newest step."""

    place: LogPosition
    code: str
    run: str
    first_ms: int
    moved: _Moved | None

    @property
    def is_unresolved(self) -> bool:
        return current_state(self.moved, self.place, self.run).is_unresolved


class DeadLetterCounts:
    """Counts open dead letters and the outcomes of replays.

    Args:
        most: dead letters that are told apart; beyond them `is_full` and counts are upper bounds.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: dict[str, _Known] = {}
        self._ahead: dict[str, _Moved] = {}
        self._open: Counter[tuple[str, str]] = Counter()
        self._beyond: Counter[tuple[str, str]] = Counter()
        self._oldest: dict[str, int] = {}
        self._aged: set[str] = set()
        self._rounds = 0
        self.is_stale = False
        self.replays: Counter[tuple[str, LedgerState]] = Counter()
        """How replays of one record ended, by the dead letters' topic; of the steps that were read."""

    def __len__(self) -> int:
        return len(self._known)

    @property
    def is_full(self) -> bool:
        """Whether there were more than are tracked one by one."""
        return bool(self._beyond)

    @property
    def open(self) -> Mapping[tuple[str, str], int]:
        """How many nobody has dealt with, by topic and error code."""
        return self._open + self._beyond

    def oldest_ms(self, topic: str) -> int | None:
        """Return when the oldest open one of a topic failed first, Unix milliseconds; None where none is open."""
        return self._oldest.get(topic)

    def fold_ledger(self, record: Record) -> None:
        """Fold one record of the ledger; raises DecodeError for one that is none of it."""
        key = (record.key or b"").decode(errors="replace")
        moved: _Moved | None = None
        if record.value is not None:
            try:
                moved = _DECODER.decode(record.value).data
            except msgspec.MsgspecError as error:
                raise DecodeError(f"{record.position} is invalid ledger record: {error}.") from error
            if moved.state in OUTCOMES:
                self.replays[intern(moved.record.topic), moved.state] += 1
        known = self._known.get(key)
        if known is None:
            self._keep_ahead(key, moved)
            return
        self._uncount(known)
        known.moved = moved
        if current_state(moved, known.place, known.run) in SETTLED:
            del self._known[key]
            self._keep_ahead(key, moved)  # the dead letter that it is about may be a newer one
        else:
            self._count(known)

    def fold_dead_letter(self, record: Record) -> None:
        """Fold one dead letter."""
        topic = intern(record.partition.topic)
        failure = read_headers(record.headers, topic).failure
        place = LogPosition(topic, record.partition.number, record.offset)
        key = failure.id or dead_letter_id(topic, place.partition, place.offset, "")
        run = (record.header(RUN_HEADER) or b"").decode(errors="replace")
        code = intern(failure.error_code)
        known = self._known.get(key)
        if known is not None:
            self._uncount(known)
            known.place, known.code, known.run = place, code, run
            self._count(known)
            return
        moved = self._ahead.get(key)
        state = current_state(moved, place, run)
        if state in SETTLED:
            return
        if len(self._known) >= self._most:
            self._beyond[topic, code] += state.is_unresolved
            return
        at = failure.failed_at
        first_ms = int(at.timestamp() * 1000) if at is not None else record.timestamp_ms
        self._known[key] = known = _Known(place, code, run, first_ms, moved)
        self._count(known)

    def end_round(self) -> None:
        """Forget ledger states of dead letters that the log no longer holds.

        After the first round, in which all comes that there is, one of those may be one that was settled and
        forgotten before, and that is opened again: then `is_stale`, and only a new tally counts it.
        """
        unknown = any(moved.state not in SETTLED for moved in self._ahead.values())
        self.is_stale = unknown and self._rounds > 0 and not self.is_full
        self._rounds += 1
        self._ahead.clear()
        if self._aged:
            for topic in self._aged:
                self._oldest.pop(topic, None)
            self._note_oldest(known for known in self._known.values() if known.place.topic in self._aged)
            self._aged.clear()

    def forget_before(self, beginnings: Mapping[Partition, int]) -> None:
        """Forget the dead letters that stood before these offsets: retention or a purge has removed them."""
        by_place = {(one.topic, one.number): offset for one, offset in beginnings.items()}
        gone = [
            key
            for key, known in self._known.items()
            if known.place.offset < by_place.get((known.place.topic, known.place.partition), 0)
        ]
        for key in gone:
            self._uncount(self._known.pop(key))

    def _keep_ahead(self, key: str, moved: _Moved | None) -> None:
        """Keep the ledger's state of a dead letter that follows later in this round."""
        self._ahead.pop(key, None)
        if moved is None:
            return
        self._ahead[key] = moved
        if len(self._ahead) > self._most:
            del self._ahead[next(iter(self._ahead))]

    def _count(self, known: _Known) -> None:
        if known.is_unresolved:
            self._open[known.place.topic, known.code] += 1
            self._note_oldest((known,))

    def _uncount(self, known: _Known) -> None:
        if known.is_unresolved:
            topic = known.place.topic
            self._open[topic, known.code] -= 1
            if not self._open[topic, known.code]:
                del self._open[topic, known.code]
            if known.first_ms <= self._oldest.get(topic, known.first_ms):
                self._aged.add(topic)

    def _note_oldest(self, candidates: Iterable[_Known]) -> None:
        for known in candidates:
            if known.is_unresolved:
                topic = known.place.topic
                self._oldest[topic] = min(known.first_ms, self._oldest.get(topic, known.first_ms))


LOOK_AGAIN = 6
"""Rounds after which the topics are looked up again."""
AT_ONCE = 50
"""Records folded before others have their turn: some 2 ms."""


class DeadLetterCounter:
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
        self.counts = DeadLetterCounts(most)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that are there."""
        return tuple(sorted({one.topic for one in self._partitions} - {LEDGER}))

    async def catch_up(self, log: KafkaReadLog) -> None:
        """Read what is new; raises KafkaUnreachableError, TransientError: the next call continues there."""
        await self._go_round(log)
        if self.counts.is_stale:
            self._start_over()
            await self._go_round(log)

    def _start_over(self) -> None:
        self.counts = DeadLetterCounts(self._most)
        self._positions.clear()

    async def _go_round(self, log: KafkaReadLog) -> None:
        if self._rounds % LOOK_AGAIN == 0:
            there = (self._wanted | {LEDGER}) & await log.topics()
            self._partitions = await log.partitions(sorted(there))
        self._rounds += 1
        ledger = [one for one in self._partitions if one.topic == LEDGER]
        dead_letters = [one for one in self._partitions if one.topic != LEDGER]
        steps_end = await log.ends(ledger)
        letters_end = await log.ends(dead_letters)
        beginnings = await log.beginnings(dead_letters)
        self._notice(beginnings, {**steps_end, **letters_end})
        await self._read(log, steps_end, self.counts.fold_ledger)
        await self._read(log, letters_end, self.counts.fold_dead_letter)
        self.counts.end_round()

    def _notice(self, beginnings: Offsets, ends: Offsets) -> None:
        """Apply removals; start over when a topic was recreated, or when all fit again."""
        moved = {one: at for one, at in beginnings.items() if at > self._beginnings.get(one, at)}
        anew = any(end < self._positions.get(one, 0) for one, end in ends.items())
        if anew or (self.counts.is_full and (moved or len(self.counts) < self._most // 2)):
            self._start_over()
        elif moved:
            self.counts.forget_before(moved)
        self._beginnings = beginnings
        for one, at in beginnings.items():
            self._positions[one] = max(at, self._positions.get(one, 0))

    async def _read(self, log: KafkaReadLog, ends: Offsets, fold: Callable[[Record], None]) -> None:
        wanted = {one: end for one, end in ends.items() if self._positions.get(one, 0) < end}
        if not wanted:
            return
        async with (
            open_batch_reader(self._options, {one.topic for one in wanted}, log.beginnings) as reader,
            aclosing(records_between(reader, self._positions, wanted)) as batches,
        ):
            async for records in batches:
                for number, record in enumerate(records, 1):
                    self._fold(record, fold)
                    self._positions[record.partition] = record.offset + 1
                    if not number % AT_ONCE:
                        await asyncio.sleep(0)
        self._positions |= wanted

    def _fold(self, record: Record, fold: Callable[[Record], None]) -> None:
        try:
            fold(record)
        except DecodeError as error:
            self._logger.warning("invalid ledger record", error=error.message)
