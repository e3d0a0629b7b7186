"""What became of a dead letter: its states, whose table is the documentation, and the ledger's event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec

from alphapanda.errors import IllegalTransitionError
from alphapanda.ids import EventId
from alphapanda.model.envelope import LogPosition

TRAIL_LENGTH = 24
"""Steps that an entry keeps of its own past: the ledger is compacted, and only its last entry is sure to stay."""


class LedgerState(StrEnum):
    """Where a dead letter stands."""

    OPEN = "open"
    """Nobody has dealt with it. A dead letter without an entry is open."""
    PLANNED = "planned"
    """A run is about to send it again: whether it was sent, only the target topic tells."""
    REPLAYED = "replayed"
    """It was sent again; the group that failed has not come to it yet."""
    CONFIRMED = "confirmed"
    """The group that failed has processed it."""
    RETURNED = "returned"
    """It came back as a dead letter."""
    DISCARDED = "discarded"
    QUARANTINED = "quarantined"
    """Put aside: no run takes it until somebody brings it back."""

    @property
    def is_unresolved(self) -> bool:
        """Whether somebody still has to deal with it."""
        return self in {LedgerState.OPEN, LedgerState.RETURNED}

    @property
    def is_under_way(self) -> bool:
        """Whether a run has it, or had it when it was killed."""
        return self in {LedgerState.PLANNED, LedgerState.REPLAYED}


class LedgerTrigger(StrEnum):
    """What moves a dead letter."""

    PLAN = "plan"
    RELEASE = "release"
    """The run gave it up unsent."""
    SEND = "send"
    CONFIRM = "confirm"
    RETURN = "return"
    DISCARD = "discard"
    QUARANTINE = "quarantine"
    REOPEN = "reopen"


_S, _T = LedgerState, LedgerTrigger

LEDGER_TRANSITIONS: Mapping[tuple[LedgerState, LedgerTrigger], LedgerState] = MappingProxyType(
    {
        (_S.OPEN, _T.PLAN): _S.PLANNED,
        (_S.OPEN, _T.DISCARD): _S.DISCARDED,
        (_S.OPEN, _T.QUARANTINE): _S.QUARANTINED,
        (_S.PLANNED, _T.SEND): _S.REPLAYED,
        (_S.PLANNED, _T.RELEASE): _S.OPEN,
        (_S.PLANNED, _T.PLAN): _S.PLANNED,  # the run was killed before it sent it, and goes on
        (_S.REPLAYED, _T.CONFIRM): _S.CONFIRMED,
        (_S.REPLAYED, _T.RETURN): _S.RETURNED,
        (_S.CONFIRMED, _T.RETURN): _S.RETURNED,  # its group read it again, after a recovery, and failed
        (_S.RETURNED, _T.PLAN): _S.PLANNED,
        (_S.RETURNED, _T.DISCARD): _S.DISCARDED,
        (_S.RETURNED, _T.QUARANTINE): _S.QUARANTINED,
        (_S.DISCARDED, _T.REOPEN): _S.OPEN,
        (_S.QUARANTINED, _T.REOPEN): _S.OPEN,
        (_S.QUARANTINED, _T.DISCARD): _S.DISCARDED,
    }
)
"""(state, trigger) → state. A pair that is not here is illegal: what was sent never becomes open again."""


def next_ledger_state(state: LedgerState, trigger: LedgerTrigger) -> LedgerState:
    """Return where `trigger` leads from `state`; raises IllegalTransitionError."""
    try:
        return LEDGER_TRANSITIONS[state, trigger]
    except KeyError:
        raise IllegalTransitionError(f"A dead letter that is {state} has no step {trigger.value!r}.") from None


class LedgerStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step in a dead letter's past.

    Attributes:
        state: where it led.
        at: when, wall clock.
        actor: who.
        reason: why; empty where a run did it.
        run_id: of the run; empty where no run did it.
    """

    state: LedgerState
    at: datetime
    actor: str
    reason: str = ""
    run_id: str = ""


class DeadLetterMoved(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter took a step; the newest of its id is where it stands.

    Attributes:
        dead_letter_id: one for the record and the group that failed, the same through replays; the record's key.
        state: where it stands now.
        record: the dead letter, the newest one of that id.
        target: the topic it came from and goes back to.
        group: the consumer group that failed; empty where nobody said.
        error_code: why it failed, as a slug.
        event_id: of the event in it, where one can be read.
        actor: who moved it.
        reason: why.
        run_id: of the run that has it; empty without one.
        replays: how often it was sent again, this run included.
        sent: where it was written when it was sent again.
        edited_fields: what an operator changed in it.
        trail: its past, oldest first, this step included.
    """

    dead_letter_id: str
    state: LedgerState
    record: LogPosition
    target: str
    group: str = ""
    error_code: str = ""
    event_id: EventId | None = None
    actor: str
    reason: str = ""
    run_id: str = ""
    replays: int = 0
    sent: LogPosition | None = None
    edited_fields: tuple[str, ...] = ()
    trail: tuple[LedgerStep, ...] = ()
