"""A snapshot of a stage: its state and the offsets that it is the fold of."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A stage's state and the offsets that it is the fold of.

    Attributes:
        log: identity of the log.
        taken_at: when.
        state: the stage's own bytes.
        inputs: next offset of each input partition.
        outputs: next offset of each of the stage's output partitions.
        recent: ids of the inputs folded last, oldest first.
    """

    log: str
    taken_at: datetime
    state: bytes
    inputs: dict[str, int]
    outputs: dict[str, int]
    recent: tuple[str, ...]


class SnapshotStore(Protocol):
    """Keeps one snapshot of a service; each write replaces the last as a whole."""

    async def load(self) -> Snapshot | None:
        """Return the last one; None when there is none."""
        ...

    async def save(self, snapshot: Snapshot) -> None:
        """Replace it."""
        ...
