"""The one shape of all processing: decide what follows, fold what happened.

Live, paper, backtest, replay and recovery run the same stages; the Kafka runner and the memory
runner drive them (`alphapanda.bus`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

import msgspec

from alphapanda.ids import SYSTEM, EventId, derive_event_id
from alphapanda.model.envelope import Event, EventEnvelope, trace_id_of
from alphapanda.model.kinds import EventType


class Stage(Protocol):
    """A decider over events: no I/O, no clock, no globals."""

    def decide(self, event: Event) -> Iterable[Event]:
        """Return what follows from this input; must not change state."""
        ...

    def evolve(self, event: Event) -> None:
        """Fold an input, or one of our own outputs, into state."""
        ...

    def snapshot(self) -> bytes:
        """Return the whole state."""
        ...

    def restore(self, data: bytes) -> None:
        """Take the state that `snapshot` returned."""
        ...


class Timer(msgspec.Struct, frozen=True, gc=False):
    """The time of day, told to a stage once a second by its runner. Never in the log."""

    now: datetime


def timer_event(now: datetime, owner: str) -> Event:
    """Return the Timer event of `owner` at `now`: the same time gives the same id."""
    event_id: EventId = derive_event_id(owner, now.isoformat())
    return Event(
        EventEnvelope(
            id=event_id,
            type=EventType.TIMER,
            ts=now,
            key=owner,
            source=owner,
            broker=SYSTEM,
            correlation_id=event_id,
            trace_id=trace_id_of(event_id),
            data=Timer(now),
        )
    )


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
