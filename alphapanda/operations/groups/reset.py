"""The plan of an offset reset, for Kafka's seven ways to choose the target offsets."""

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
    """To the end: only new records are read."""


@dataclass(frozen=True, slots=True)
class ToOffset:
    """To one offset in each partition."""

    offset: int


@dataclass(frozen=True, slots=True)
class ToTime:
    """To the first record at or after a time, Unix milliseconds; to the end if there is none."""

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
    """The move of one partition.

    Attributes:
        partition: which.
        before: the committed offset now; None without a commit.
        after: the committed offset after the move.
        start: the oldest offset there is.
        end: the offset of the next record.
        note: why the offset differs from the requested one; empty if it does not.
    """

    partition: Partition
    before: int | None
    after: int
    start: int
    end: int
    note: str = ""

    @property
    def change(self) -> int | None:
        """Number of records moved; a negative move reads records again."""
        return None if self.before is None else self.after - self.before

    @property
    def lag_after(self) -> int:
        """The lag after the move."""
        return max(0, self.end - max(self.after, self.start))


@dataclass(frozen=True, slots=True)
class ResetPlan:
    """The moves of a reset.

    Attributes:
        moves: sorted by partition, also those that stay.
        skipped: partitions that cannot be moved, with the reason.
    """

    moves: tuple[Move, ...]
    skipped: tuple[tuple[Partition, str], ...] = ()

    @property
    def offsets(self) -> Offsets:
        """The offsets to commit: those that change."""
        return {move.partition: move.after for move in self.moves if move.after != move.before}

    @property
    def undo(self) -> Offsets:
        """The offsets that undo the reset, without partitions that have no commit."""
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
    """Return the plan of a reset.

    Args:
        target: the kind of move.
        partitions: the partitions to move; all of them exist.
        committed: the group's committed offsets.
        starts: the oldest offsets.
        ends: the next offsets.
        at: for `ToTime`, the first offset at or after it; None if there is none.
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
    """Return the requested offset, or the reason why there is none."""
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
