"""The plan of an offset reset, for Kafka's seven ways to choose the target offsets, and its undo file."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from alphapanda.errors import UsageError
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


_HINT = "A line is topic,partition,offset, or group,topic,partition,offset."


def read_offsets(path: Path, group: str) -> Offsets:
    """Return the offsets of `group` in a file; lines of other groups are skipped.

    Raises:
        UsageError: the file cannot be read, or a line has another format.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
    found: Offsets = {}
    for number, row in enumerate(csv.reader(text.splitlines(), skipinitialspace=True), start=1):
        if not row:
            continue
        *owner, topic, partition, offset = row if len(row) in {3, 4} else ("", "", "", "")
        if not (topic and partition.isdecimal() and offset.isdecimal()):
            raise UsageError(f"{path}, line {number}: {','.join(row)!r} is not a line of offsets.", hint=_HINT)
        if not owner or owner == [group]:
            found[Partition(topic, int(partition))] = int(offset)
    if not found:
        raise UsageError(f"{path} has no offsets of {group}.", hint=_HINT)
    return found


def write_offsets(path: Path, offsets: Mapping[Partition, int]) -> None:
    """Write a new file, so that it is on the disk when this returns; raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            (partition.topic, partition.number, offset) for partition, offset in sorted(offsets.items())
        )
        file.flush()
        os.fsync(file.fileno())


def undo_path(folder: Path, group: str, now: datetime) -> Path:
    """Return where the undo file of a reset goes."""
    name = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in group)
    return folder / f"groups-reset-{name}-{now:%Y%m%dT%H%M%S.%f}.csv"
