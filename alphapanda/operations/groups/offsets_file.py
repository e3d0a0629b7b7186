"""Offsets in a file, one `topic,partition,offset` per line: the format of Kafka's own tools."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from alphapanda.errors import UsageError
from alphapanda.model.records import Offsets, Partition

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
