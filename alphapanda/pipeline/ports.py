"""The runner's surroundings as protocols: the meter, the views' projector, and the numbered steps of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Partition, Record


class Meter(Protocol):
    """What a runner counts."""

    def consumed(self, records: Sequence[Record], now: datetime) -> None:
        """Count a batch of inputs and the age of its newest record."""
        ...

    def produced(self, positions: Sequence[LogPosition]) -> None:
        """Count outputs that are in the log."""
        ...

    def batch(self, events: int, seconds: float) -> None:
        """Measure one batch, from poll to commit."""
        ...

    def recovered(self, events: int, seconds: float) -> None:
        """Measure a recovery."""
        ...

    def lag(self, partition: Partition, records: int) -> None:
        """Say how many records of an input wait to be read."""
        ...

    def snapshot(self, seconds: float) -> None:
        """Measure writing one snapshot."""
        ...

    def duplicate(self) -> None:
        """Count an event that was folded already."""
        ...

    def failed(self, kind: str) -> None:
        """Count a failure to process a record, by kind."""
        ...

    def retried(self) -> None:
        """Count another attempt to process an event."""
        ...

    def dead_letter(self) -> None:
        """Count a dead letter."""
        ...


class Projector(Protocol):
    """Writes views of a stage's state; they can be lost and made again."""

    async def project(self, *, changed: bool, force: bool = False) -> None:
        """Write the views if they changed since, unless it was done a moment ago; `force` writes now."""
        ...


class NoProjector:
    """For stages without views."""

    async def project(self, *, changed: bool, force: bool = False) -> None:
        """Do nothing."""


class BatchStep(IntEnum):
    """The numbered steps of a batch, in order. A process may die after any of them."""

    POLLED = 1
    DECIDED = 2
    PRODUCING = 3
    FLUSHED = 4
    PROJECTED = 5
    COMMITTED = 6
    SNAPSHOT = 7


OnStep = Callable[[BatchStep], None]
"""Told of each step as it is done; tests die in it."""


def no_step(step: BatchStep) -> None:
    """Live through every step."""
