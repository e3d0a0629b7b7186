"""Where a dead letter stands: what the ledger says of it, held against what the log shows."""

from __future__ import annotations

from typing import Protocol

from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.envelope import LogPosition


class Moved(Protocol):
    """What counts of a step in the ledger."""

    @property
    def state(self) -> LedgerState:
        """Where it led."""
        ...

    @property
    def record(self) -> LogPosition:
        """The newest dead letter when it was taken."""
        ...

    @property
    def run_id(self) -> str:
        """The run that took it; empty without one."""
        ...


def standing(moved: Moved | None, place: LogPosition, replay_run: str) -> LedgerState:
    """Return what the ledger says, unless a newer dead letter shows that it came back.

    Args:
        moved: its newest step; None where the ledger says nothing.
        place: of its newest dead letter.
        replay_run: the run that had sent the record of that; empty before the first.
    """
    if moved is None:
        return LedgerState.OPEN
    if place == moved.record or place.offset < moved.record.offset:
        return moved.state
    match moved.state:
        case LedgerState.REPLAYED | LedgerState.CONFIRMED:
            return LedgerState.RETURNED
        case LedgerState.PLANNED if replay_run == moved.run_id:
            return LedgerState.RETURNED
        case LedgerState.DISCARDED:
            return LedgerState.OPEN
        case _:
            return moved.state
