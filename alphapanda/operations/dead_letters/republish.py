"""From a dead letter to the record to send: same bytes, no diagnosis, replay headers.

The same dead letter, run and count give the same bytes: a run that was killed sends what it would have sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from alphapanda.errors import PermanentError, UsageError
from alphapanda.model.records import Header, Outgoing
from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.record import (
    EDITED_HEADER,
    ORIGINAL_TIMESTAMP_HEADER,
    REPLAY_PREFIX,
    RUN_HEADER,
    DeadLetter,
    event_facts,
)
from alphapanda.pipeline.topic_routing import Routes
from topics.dead_letters import ID_HEADER

POSSIBLE_RESEND = ("ap-poss-resend", b"Y")
"""FIX's PossResend (97): the record may be a duplicate."""

RECORD_OVERHEAD_BYTES = 96
"""What a batch of one record adds to its key, value and headers: 61 of the batch, else the record's lengths."""


class ResendOptions(msgspec.Struct, frozen=True, kw_only=True):
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


def resend(dead_letter: DeadLetter, target: str, how: ResendOptions) -> Outgoing:
    """Return the record to write to `target`."""
    kept = [header for header in dead_letter.others if not _is_of_a_replay(header[0])]
    headers: list[tuple[str, bytes | None]] = [
        *kept,
        (ID_HEADER, dead_letter.id.encode()),
        (Header.REPLAY_COUNT.value, str(how.count).encode()),
        (RUN_HEADER, how.run_id.encode()),
        (Header.REPLAY_OF.value, str(dead_letter.place).encode()),
        (f"{REPLAY_PREFIX}by", how.actor.encode()),
        (f"{REPLAY_PREFIX}at", how.at.isoformat().encode()),
        (ORIGINAL_TIMESTAMP_HEADER, str(dead_letter.original_ms).encode()),
        POSSIBLE_RESEND,
    ]
    if how.group:
        headers.append((Header.REPLAY_GROUP.value, how.group.encode()))
    edited = how.edited_fields or _edited_before(dead_letter)
    if edited:
        headers.append((EDITED_HEADER, ",".join(edited).encode()))
    return Outgoing(
        topic=target,
        key=dead_letter.record.key,
        value=dead_letter.record.value if how.value is None else how.value,
        headers=tuple(headers),
        partition=how.partition,
    )


def size_of(outgoing: Outgoing) -> int:
    """Return how large a batch with this record alone is, in bytes, rounded up."""
    headers = sum(len(name) + len(value or b"") + 4 for name, value in outgoing.headers)
    return len(outgoing.key or b"") + len(outgoing.value or b"") + headers + RECORD_OVERHEAD_BYTES


def _is_of_a_replay(name: str) -> bool:
    return name.startswith(REPLAY_PREFIX) or name in {POSSIBLE_RESEND[0], EDITED_HEADER}


def _edited_before(dead_letter: DeadLetter) -> tuple[str, ...]:
    value = dead_letter.record.header(EDITED_HEADER)
    return tuple(value.decode(errors="replace").split(",")) if value else ()


KEPT = ("id", "type", "broker", "key")
"""What an edit never changes: which event it is, and where it belongs."""

_MISSING = object()


@dataclass(frozen=True, slots=True)
class RecordEdit:
    """What an operator made of one record.

    Attributes:
        value: the new bytes.
        fields: what is different.
    """

    value: bytes
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that an edit changed; None where it is not there."""

    field: str
    before: Any
    after: Any


def editable_text(dead_letter: DeadLetter) -> str:
    """Return the value for an editor: indented JSON, or as it is where it is not JSON."""
    value = dead_letter.json or b""
    try:
        return msgspec.json.format(value, indent=2).decode() + "\n"
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return value.decode(errors="replace")


def apply_edit(
    item: FailedRecord, text: str, routes: Routes
) -> tuple[FailedRecord, RecordEdit, list[FieldChange]]:
    """Return the dead letter with an operator's text, and the changed fields.

    It is written as `routes` writes its topic if it was in Avro, else as it was typed.

    Raises:
        UsageError: it is no JSON, not an event of its topic, another event, or as it was.
    """
    try:
        after = msgspec.json.decode(text)
        value = msgspec.json.format(text.encode(), indent=-1)
    except msgspec.MsgspecError as error:
        raise UsageError(f"This is not JSON: {error}.") from error
    before = _decoded(item.newest.json)
    differences = list(differences_of(before, after))
    if not differences:
        raise UsageError("The event is unchanged.", hint="To send it as it is: alphapanda dlq replay --id ID")
    for difference in differences:
        if isinstance(before, dict) and difference.field in KEPT and difference.before is not None:
            raise UsageError(f"{difference.field!r} cannot be edited: it identifies the event.")
    record = msgspec.structs.replace(item.newest.record, value=value)
    try:
        event = routes.read(record)
    except PermanentError as error:
        raise UsageError(f"This is not an event of {item.target}: {error.message}") from error
    if record.key is not None and event.envelope.key.encode() != record.key and not isinstance(before, dict):
        said = record.key.decode(errors="replace")
        raise UsageError(f"Its key is {event.envelope.key!r}; the record's key is {said!r} and stays.")
    written = value
    if item.newest.json is not item.newest.record.value:
        written = routes.write(event).value or value
        record = msgspec.structs.replace(record, value=written)
    dead_letter = replace(item.newest, record=record, event=event_facts(value), json=value)
    fields = tuple(difference.field for difference in differences)
    return replace(item, newest=dead_letter), RecordEdit(written, fields), differences


def differences_of(before: object, after: object, path: str = "") -> Iterator[FieldChange]:
    """Give the fields in which two JSON values differ, in their order."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            inner = f"{path}.{name}" if path else str(name)
            yield from differences_of(before.get(name, _MISSING), after.get(name, _MISSING), inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from differences_of(*pair, f"{path}[{index}]")
    elif before != after or type(before) is not type(after):
        yield FieldChange(path or "value", _plain(before), _plain(after))


def _plain(value: object) -> object:
    return None if value is _MISSING else value


def _decoded(value: bytes | None) -> object:
    try:
        return msgspec.json.decode(value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return (value or b"").decode(errors="replace")
