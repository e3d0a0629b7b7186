"""Editing the event in a dead letter: what may change, whether it is an event of its topic, what is different."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from alphapanda.errors import PermanentError, UsageError
from alphapanda.operations.dead_letters.backlog import Item
from alphapanda.operations.dead_letters.record import DeadLetter, event_facts
from alphapanda.operations.dead_letters.run import Edit
from alphapanda.pipeline.topic_routing import Routes

KEPT = ("id", "type", "broker", "key")
"""What an edit never changes: which event it is, and where it belongs."""

_MISSING = object()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that an edit changed; None where it is not there."""

    field: str
    before: Any
    after: Any


def editable_text(letter: DeadLetter) -> str:
    """Return the value as a person edits it: JSON, indented; what cannot be shown as JSON as it is."""
    value = letter.json or b""
    try:
        return msgspec.json.format(value, indent=2).decode() + "\n"
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return value.decode(errors="replace")


def apply_edit(item: Item, text: str, routes: Routes) -> tuple[Item, Edit, list[FieldChange]]:
    """Return the dead letter with what an operator wrote, and what is different.

    It is written as `routes` writes its topic if it was in Avro, else as it was typed.

    Raises:
        UsageError: it is no JSON, not an event of its topic, another event, or as it was.
    """
    try:
        after = msgspec.json.decode(text)
        value = msgspec.json.format(text.encode(), indent=-1)
    except msgspec.MsgspecError as error:
        raise UsageError(f"What was written is not JSON: {error}.") from error
    before = _decoded(item.letter.json)
    differences = list(differences_of(before, after))
    if not differences:
        raise UsageError("Nothing was changed.", hint="To send it as it is: alphapanda dlq replay --id ID")
    for difference in differences:
        if isinstance(before, dict) and difference.field in KEPT and difference.before is not None:
            raise UsageError(f"{difference.field!r} cannot be edited: it says which event this is.")
    record = msgspec.structs.replace(item.letter.record, value=value)
    try:
        event = routes.read(record)
    except PermanentError as error:
        raise UsageError(f"What was written is not an event of {item.target}: {error.message}") from error
    if record.key is not None and event.envelope.key.encode() != record.key and not isinstance(before, dict):
        said = record.key.decode(errors="replace")
        raise UsageError(f"Its key is {event.envelope.key!r}; the record's key is {said!r} and stays.")
    written = value
    if item.letter.json is not item.letter.record.value:
        written = routes.write(event).value or value
        record = msgspec.structs.replace(record, value=written)
    letter = replace(item.letter, record=record, event=event_facts(value), json=value)
    fields = tuple(difference.field for difference in differences)
    return replace(item, letter=letter), Edit(written, fields), differences


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
