"""Recovery, which is also the normal start: our decisions that the log already holds, in their order.

A stage's state is the fold of its inputs and of its own outputs, in the order in which it took them.
Every decision's record has the offsets seen before it (`ap-seen`), so that the order can be followed again:

1. from the snapshot's offsets on, our own outputs are read and grouped by the input they follow from;
2. the inputs are read again; each is folded with the logged decision on it, at the place where the
   decision was taken;
3. inputs before the last logged batch (`ap-base`) are settled: they are folded, never decided again.
   Those after it are decided; outputs that the log has already are not written again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence

import msgspec

from alphapanda.errors import DecodeError, KafkaUnreachableError, LogResetError
from alphapanda.kafka.log import Log, LogReader
from alphapanda.kafka.reading import PATIENCE_S, POLL_S, read_all
from alphapanda.model.envelope import Event, LogPosition
from alphapanda.model.records import (
    TIMER_CAUSE,
    Header,
    Offsets,
    Partition,
    Record,
    decode_offsets,
)
from alphapanda.model.stage import Snapshot
from alphapanda.pipeline.topic_routing import Routes
from topics.dead_letter_families import read_headers


class LoggedDecision(msgspec.Struct, frozen=True):
    """One decision of ours, as the log holds it.

    Attributes:
        cause: the input it follows from; None for a timer's.
        seen: the next offset of every input partition when it was taken, the cause included.
        base: the same at the start of its batch.
        outputs: in the order in which they were decided.
    """

    cause: LogPosition | None
    seen: Offsets
    base: Offsets
    outputs: tuple[Event, ...]

    @property
    def order(self) -> tuple[int, int]:
        """Each input raises the sum of the offsets seen, so the sum orders decisions; a timer's comes after."""
        return sum(self.seen.values()), 0 if self.cause else 1


class Recovered(msgspec.Struct, frozen=True):
    """Our decisions and dead letters in the log since the snapshot.

    Attributes:
        decisions: in the order in which they were taken.
        dead_lettered: inputs that were refused and are not folded: their positions, and when they were written.
            A topic that was deleted and made again has other records at the same places.
        next_outputs: the end of each of our output partitions.
    """

    decisions: tuple[LoggedDecision, ...]
    dead_lettered: Mapping[LogPosition, int | None]
    next_outputs: Offsets

    @property
    def base(self) -> Offsets:
        """Everything before is settled."""
        return self.decisions[-1].base if self.decisions else {}


def refuse_reset_log(snapshot: Snapshot, identity: str, ends: Mapping[Partition, int], *, owner: str) -> None:
    """Raise LogResetError when the log cannot be the one that `snapshot` was folded from."""
    hint = "If the log was reset on purpose, start once with --accept-log-reset."
    if snapshot.log != identity:
        raise LogResetError(
            f"{owner} remembers another log (cluster {snapshot.log}, this one is {identity}).", hint=hint
        )
    for remembered in (snapshot.inputs, snapshot.outputs):
        for name, offset in remembered.items():
            end = ends.get(Partition.parse(name))
            if end is not None and end < offset:
                raise LogResetError(
                    f"{name} ends at {end}, {owner} remembers {offset}: the log is shorter than it was.",
                    hint=hint,
                )


async def read_own(
    log: Log,
    routes: Routes,
    *,
    group: str,
    outputs: Collection[Partition],
    dead_letters: Collection[Partition],
    since: Mapping[Partition, int],
) -> Recovered:
    """Read the decisions and dead letters that `group` wrote since the offsets in `since`."""
    beginnings = await log.beginnings((*outputs, *dead_letters))
    ends = await log.ends((*outputs, *dead_letters))
    start = {p: max(since.get(p, 0), beginnings[p]) for p in ends}
    records = await read_all(log, start, ends)
    mine = [r for r in records if r.header(Header.GROUP) == group.encode()]
    refused = dict(_refused_input(r) for r in mine if r.partition in set(dead_letters))
    # A decision that an operator sent again is a copy of one that is folded at its first place.
    decided = [r for r in mine if r.partition not in set(dead_letters) and r.header(Header.REPLAY_OF) is None]
    return Recovered(_group(decided, routes), refused, ends)


def _refused_input(record: Record) -> tuple[LogPosition, int | None]:
    failure = read_headers(record.headers, record.partition.topic).failure
    if failure.partition is None or failure.offset is None:
        raise DecodeError(f"{record.position} does not say which record it is of.")
    return LogPosition(failure.topic, failure.partition, failure.offset), failure.original_timestamp_ms


def _group(records: Sequence[Record], routes: Routes) -> tuple[LoggedDecision, ...]:
    groups: dict[tuple[bytes, bytes], dict[str, tuple[int, Event]]] = {}
    for record in records:
        event = routes.read(record)
        key = (_needed(record, Header.CAUSE), _needed(record, Header.SEEN) + b"|" + _needed(record, Header.BASE))
        index = int(_needed(record, Header.INDEX))
        groups.setdefault(key, {}).setdefault(event.id, (index, event))
    merged: dict[bytes, LoggedDecision] = {}
    decisions: list[LoggedDecision] = []
    for (cause, vectors), outputs in groups.items():
        seen, _, base = vectors.partition(b"|")
        ordered = tuple(event for _, event in sorted(outputs.values(), key=lambda pair: pair[0]))
        decision = LoggedDecision(_position(cause), decode_offsets(seen), decode_offsets(base), ordered)
        if cause != TIMER_CAUSE and cause in merged:
            # A crash in the middle of a flush: the rest was written by the next run, after the first part.
            earlier = merged[cause]
            first, second = sorted((earlier, decision), key=lambda d: d.order)
            decision = LoggedDecision(first.cause, first.seen, second.base, first.outputs + second.outputs)
            decisions.remove(earlier)
        merged[cause] = decision
        decisions.append(decision)
    return tuple(sorted(decisions, key=lambda d: d.order))


def _needed(record: Record, name: Header) -> bytes:
    value = record.header(name)
    if value is None:
        raise DecodeError(f"{record.position} is a decision of ours without the header {name}.")
    return value


def _position(cause: bytes) -> LogPosition | None:
    if cause == TIMER_CAUSE:
        return None
    partition, _, offset = cause.decode().rpartition(":")
    parsed = Partition.parse(partition)
    return LogPosition(parsed.topic, parsed.number, int(offset))


class OrderedInputs:
    """Inputs in a chosen order: partitions are read ahead into bounded buffers and taken one by one."""

    def __init__(self, reader: LogReader, start: Offsets) -> None:
        self.reader = reader
        self._buffers: dict[Partition, deque[Record]] = {p: deque() for p in start}
        self.positions: Offsets = dict(start)
        reader.seek(start)

    async def take_below(self, partition: Partition, limit: int) -> Record | None:
        """Return the partition's next record if its offset is under `limit`, else None."""
        buffer = self._buffers[partition]
        polls = 0
        while not buffer and self.positions[partition] < limit:
            for record in await self.reader.poll(POLL_S, only=(partition,)):
                self._buffers[record.partition].append(record)
            if not buffer and await self.reader.position(partition) >= limit:
                self.positions[partition] = limit
                return None
            polls += 1
            if polls > PATIENCE_S / POLL_S:
                raise KafkaUnreachableError(
                    f"Timed out reading {partition}: expected records up to offset {limit}.",
                    hint="Run: alphapanda doctor",
                )
        if not buffer or buffer[0].offset >= limit:
            self.positions[partition] = max(self.positions[partition], limit)
            return None
        record = buffer.popleft()
        self.positions[partition] = record.offset + 1
        return record

    def take_buffered(self) -> list[Record]:
        """Return the records read ahead and not taken, in order within each partition."""
        rest = [record for buffer in self._buffers.values() for record in buffer]
        for buffer in self._buffers.values():
            buffer.clear()
        return rest
