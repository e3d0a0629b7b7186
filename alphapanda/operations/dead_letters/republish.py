"""From a dead letter to the record that is sent again: its bytes untouched, its diagnosis gone, its past told.

The same dead letter, run and count give the same bytes: a run that was killed sends what it would have sent.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from alphapanda.model.records import Header, Outgoing
from alphapanda.operations.dead_letters.record import (
    EDITED_HEADER,
    ORIGINAL_TIMESTAMP_HEADER,
    REPLAY_PREFIX,
    RUN_HEADER,
    DeadLetter,
)
from topics.dead_letters import ID_HEADER

POSSIBLE_RESEND = ("ap-poss-resend", b"Y")
"""FIX's PossResend (97): it may be a duplicate of what was sent before."""

RECORD_OVERHEAD_BYTES = 96
"""What a batch of one record adds to its key, value and headers: 61 of the batch, else the record's lengths."""


class Resend(msgspec.Struct, frozen=True, kw_only=True):
    """How a dead letter is sent again.

    Attributes:
        run_id: of the run.
        actor: who replays.
        at: when it was planned.
        group: the only group that acts on it; empty sends it to all.
        count: how often it was sent again, this time included.
        partition: where to; None goes by the key.
        value: what an operator made of the value; None leaves it.
        edited_fields: what is different in it.
    """

    run_id: str
    actor: str
    at: datetime
    group: str
    count: int
    partition: int | None
    value: bytes | None = None
    edited_fields: tuple[str, ...] = ()


def resend(letter: DeadLetter, target: str, how: Resend) -> Outgoing:
    """Return the record to write to `target`."""
    kept = [header for header in letter.others if not _is_of_a_replay(header[0])]
    headers: list[tuple[str, bytes | None]] = [
        *kept,
        (ID_HEADER, letter.id.encode()),
        (Header.REPLAY_COUNT.value, str(how.count).encode()),
        (RUN_HEADER, how.run_id.encode()),
        (Header.REPLAY_OF.value, str(letter.place).encode()),
        (f"{REPLAY_PREFIX}by", how.actor.encode()),
        (f"{REPLAY_PREFIX}at", how.at.isoformat().encode()),
        (ORIGINAL_TIMESTAMP_HEADER, str(letter.original_ms).encode()),
        POSSIBLE_RESEND,
    ]
    if how.group:
        headers.append((Header.REPLAY_GROUP.value, how.group.encode()))
    edited = how.edited_fields or _edited_before(letter)
    if edited:
        headers.append((EDITED_HEADER, ",".join(edited).encode()))
    return Outgoing(
        topic=target,
        key=letter.record.key,
        value=letter.record.value if how.value is None else how.value,
        headers=tuple(headers),
        partition=how.partition,
    )


def size_of(outgoing: Outgoing) -> int:
    """Return how large a batch with this record alone is, in bytes, rounded up."""
    headers = sum(len(name) + len(value or b"") + 4 for name, value in outgoing.headers)
    return len(outgoing.key or b"") + len(outgoing.value or b"") + headers + RECORD_OVERHEAD_BYTES


def _is_of_a_replay(name: str) -> bool:
    return name.startswith(REPLAY_PREFIX) or name in {POSSIBLE_RESEND[0], EDITED_HEADER}


def _edited_before(letter: DeadLetter) -> tuple[str, ...]:
    value = letter.record.header(EDITED_HEADER)
    return tuple(value.decode(errors="replace").split(",")) if value else ()
