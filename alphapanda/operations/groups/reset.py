"""Where a reset moves a group: Kafka's seven ways, as a plan that changes nothing by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from alphapanda.model.records import Offsets, Partition


@dataclass(frozen=True, slots=True)
class ToEarliest:
    """To the oldest record there is."""


@dataclass(frozen=True, slots=True)
class ToLatest:
    """To the end: only what comes is read."""


@dataclass(frozen=True, slots=True)
class ToOffset:
    """To one offset in each partition."""

    offset: int


@dataclass(frozen=True, slots=True)
class ToTime:
    """To the first record at or after a time, Unix milliseconds; to the end where nothing is that late."""

    ms: int


@dataclass(frozen=True, slots=True)
class ShiftBy:
    """By so many records, forward or back."""

    count: int


@dataclass(frozen=True, slots=True)
class FromFile:
    """To the offsets that a file names."""

    offsets: Mapping[Partition, int]


ResetTarget: TypeAlias = ToEarliest | ToLatest | ToOffset | ToTime | ShiftBy | FromFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What happens to one partition.

    Attributes:
        partition: which.
        before: what is committed now; None without a commit.
        after: what will be.
        start: the oldest offset there is.
        end: the offset of the next record.
        note: why it is not what was asked for; empty when it is.
    """

    partition: Partition
    before: int | None
    after: int
    start: int
    end: int
    note: str = ""

    @property
    def change(self) -> int | None:
        """By how many records it moves; negative is back, and they come again."""
        return None if self.before is None else self.after - self.before

    @property
    def lag_after(self) -> int:
        """Records that will wait."""
        return max(0, self.end - max(self.after, self.start))


@dataclass(frozen=True, slots=True)
class ResetPlan:
    """What a reset does.

    Attributes:
        moves: sorted by partition, also those that stay.
        skipped: partitions that cannot be moved so, and why.
    """

    moves: tuple[Move, ...]
    skipped: tuple[tuple[Partition, str], ...] = ()

    @property
    def offsets(self) -> Offsets:
        """What is to be committed: what changes."""
        return {move.partition: move.after for move in self.moves if move.after != move.before}

    @property
    def undo(self) -> Offsets:
        """What brings the group back to where it stands; partitions without a commit are not in it."""
        return {
            move.partition: move.before
            for move in self.moves
            if move.before is not None and move.after != move.before
        }


def plan_reset(
    target: ResetTarget,
    partitions: Collection[Partition],
    committed: Mapping[Partition, int],
    starts: Mapping[Partition, int],
    ends: Mapping[Partition, int],
    at: Mapping[Partition, int | None],
) -> ResetPlan:
    """Return what a reset does.

    Args:
        target: where to.
        partitions: which are to be moved; all of them exist.
        committed: where the group stands.
        starts: the oldest offsets.
        ends: the next offsets.
        at: for `ToTime`, the first offset at or after it; None where nothing is that late.
    """
    moves: list[Move] = []
    skipped: list[tuple[Partition, str]] = []
    for partition in sorted(partitions):
        before, start, end = committed.get(partition), starts[partition], ends[partition]
        wanted = _wanted(target, partition, before, start, end, at.get(partition))
        if isinstance(wanted, str):
            skipped.append((partition, wanted))
            continue
        after = min(max(wanted, start), end)
        note = ""
        if after != wanted:
            note = f"{wanted} is {'before the oldest' if wanted < start else 'past the end'}"
        moves.append(Move(partition=partition, before=before, after=after, start=start, end=end, note=note))
    return ResetPlan(tuple(moves), tuple(skipped))


def _wanted(
    target: ResetTarget, partition: Partition, before: int | None, start: int, end: int, at: int | None
) -> int | str:
    """Return the offset that is asked for, or why there is none."""
    match target:
        case ToEarliest():
            wanted: int | str = start
        case ToLatest():
            wanted = end
        case ToOffset(offset):
            wanted = offset
        case ToTime():
            wanted = end if at is None else at
        case ShiftBy(count):
            wanted = "no committed offset to shift from" if before is None else before + count
        case FromFile(offsets):
            wanted = offsets.get(partition, "not in the file")
    return wanted
