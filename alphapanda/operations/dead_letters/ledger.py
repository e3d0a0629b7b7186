"""The ledger: the state of each dead letter, as events in a compacted topic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

from alphapanda.errors import DecodeError
from alphapanda.ids import SYSTEM, EventId, derive_event_id
from alphapanda.model.dead_letter import (
    TRAIL_LENGTH,
    DeadLetterMoved,
    LedgerState,
    LedgerStep,
    LedgerTrigger,
    next_ledger_state,
)
from alphapanda.model.envelope import EventEnvelope, LogPosition, trace_id_of
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Outgoing, Record, envelope_headers
from alphapanda.operations.dead_letters.record import DeadLetter
from alphapanda.serialization.codec import decode, encode
from topics.services import LEDGER

if TYPE_CHECKING:  # the dashboard reads ledgers before anything is connected
    from alphapanda.kafka.client import KafkaLog

SOURCE = "dlq"


class LedgerEntry(msgspec.Struct, frozen=True):
    """The ledger's newest entry of one dead letter.

    Attributes:
        moved: its newest step.
        at: when that was taken.
    """

    moved: DeadLetterMoved
    at: datetime

    @property
    def state(self) -> LedgerState:
        """Its state."""
        return self.moved.state


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who moves dead letters, and why.

    Attributes:
        actor: a person's name.
        reason: in their words.
        run_id: of a run, empty without one.
    """

    actor: str
    reason: str = ""
    run_id: str = ""

    def unknown(self, dead_letter: DeadLetter, target: str, at: datetime) -> LedgerEntry:
        """Return the entry of a dead letter without one: open. It is not written."""
        moved = DeadLetterMoved(
            dead_letter_id=dead_letter.id,
            state=LedgerState.OPEN,
            record=dead_letter.place,
            target=target,
            group=dead_letter.group,
            error_code=dead_letter.failure.error_code,
            event_id=EventId(dead_letter.event.id) if dead_letter.event.id else None,
            actor=self.actor,
            replays=dead_letter.replay_count,
        )
        return LedgerEntry(moved, at)

    def moved(
        self,
        entry: LedgerEntry,
        trigger: LedgerTrigger,
        at: datetime,
        *,
        dead_letter: DeadLetter | None = None,
        sent: LogPosition | None = None,
        replays: int | None = None,
        edited_fields: tuple[str, ...] | None = None,
    ) -> LedgerEntry:
        """Return the entry after one more step; fields that are not given stay.

        Args:
            entry: as it is.
            trigger: what moves it; raises IllegalTransitionError where the table has no such step.
            at: now.
            dead_letter: the newest dead letter of that id, where it is another one than before.
            sent: where it was written.
            replays: how often it was sent again.
            edited_fields: what an operator changed in it.
        """
        before = entry.moved
        state = next_ledger_state(before.state, trigger)
        step = LedgerStep(state=state, at=at, actor=self.actor, reason=self.reason, run_id=self.run_id)
        after = msgspec.structs.replace(
            before,
            state=state,
            actor=self.actor,
            reason=self.reason,
            run_id=self.run_id or before.run_id,
            record=dead_letter.place if dead_letter is not None else before.record,
            error_code=dead_letter.failure.error_code if dead_letter is not None else before.error_code,
            sent=sent if sent is not None or trigger is LedgerTrigger.PLAN else before.sent,
            replays=before.replays if replays is None else replays,
            edited_fields=before.edited_fields if edited_fields is None else edited_fields,
            trail=(*before.trail, step)[-TRAIL_LENGTH:],
        )
        return LedgerEntry(after, at)


def read_ledger(records: Iterable[Record]) -> dict[str, LedgerEntry]:
    """Return the newest entry of each dead letter; raises DecodeError for a record that is none."""
    entries: dict[str, LedgerEntry] = {}
    for record in records:
        if record.value is None:
            entries.pop((record.key or b"").decode(errors="replace"), None)
            continue
        envelope = decode(EventType.DEAD_LETTER_MOVED, record.value)
        moved: DeadLetterMoved = envelope.data
        if record.key != moved.dead_letter_id.encode():
            raise DecodeError(
                f"{record.position} is keyed {record.key!r}, its entry is of {moved.dead_letter_id}."
            )
        entries[moved.dead_letter_id] = LedgerEntry(moved, envelope.ts)
    return entries


def entry_record(entry: LedgerEntry) -> Outgoing:
    """Return the record of an entry; the same step gives the same event id."""
    moved = entry.moved
    event_id = derive_event_id(moved.dead_letter_id, f"{moved.state}/{moved.run_id}/{entry.at.isoformat()}")
    envelope = EventEnvelope(
        id=event_id,
        type=EventType.DEAD_LETTER_MOVED,
        ts=entry.at,
        key=moved.dead_letter_id,
        source=SOURCE,
        broker=SYSTEM,
        correlation_id=EventId(moved.run_id) if moved.run_id else event_id,
        trace_id=trace_id_of(event_id),
        data=moved,
    )
    return Outgoing(LEDGER, moved.dead_letter_id.encode(), encode(envelope), envelope_headers(envelope), 0)


async def write_entries(log: KafkaLog, entries: Sequence[LedgerEntry]) -> None:
    """Write entries and return when all are acknowledged; in one partition, so in their order."""
    await log.append_in_bulk([entry_record(entry) for entry in entries])


class LedgerPosition(Protocol):
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


def current_state(moved: LedgerPosition | None, place: LogPosition, replay_run: str) -> LedgerState:
    """Return the ledger's state, unless a newer dead letter shows that it failed again.

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
