"""Before a schema changes: would the open dead letters still be readable with it?

A dead letter waits for a person, often for days. A schema that cannot read it makes it worthless the moment it is
to be sent again. So each is tried with the present schema and with the new one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec

from alphapanda.errors import DecodeError, DependencyError
from alphapanda.kafka.log import ReadableLog
from alphapanda.kafka.reading import stream
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.envelope import LogPosition
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Record
from alphapanda.serialization.avro import EventReader, SchemaOf, schema_id_of
from alphapanda.serialization.codec import decode
from alphapanda.serialization.json_validator import JsonValidator
from topics.dead_letter_families import read_headers
from topics.dead_letters import dead_letter_id

SHOWN = 20
"""Broken records that a report names; all are counted."""

_SETTLED = frozenset({LedgerState.CONFIRMED, LedgerState.DISCARDED})
"""Nobody will read these again; quarantined ones may come back."""


class Broken(msgspec.Struct, frozen=True):
    """A dead letter that only the new schema cannot read."""

    at: LogPosition
    why: str


@dataclass(slots=True)
class SchemaPreflight:
    """What became of the dead letters of one topic.

    Attributes:
        topic: the dead-letter topic.
        open: how many are not settled.
        readable: how many the new schema reads.
        unreadable: how many neither schema reads: often why they are here.
        broken_count: how many the schema of today reads and the new one does not.
        broken: the first of those.
    """

    topic: str
    open: int = 0
    readable: int = 0
    unreadable: int = 0
    broken_count: int = 0
    broken: list[Broken] = field(default_factory=list)


class Trial:
    """Reads values of one kind with one schema, in either format.

    Args:
        kind: of the events.
        schema: as JSON.
        schema_of: gives the schemas that Avro values were written with.
    """

    def __init__(self, kind: EventType, schema: str, schema_of: SchemaOf) -> None:
        self._json = JsonValidator(schema)
        self._schema = schema
        self._kind = kind
        self._schema_of = schema_of
        self._reader: EventReader | None = None
        self._bodies: dict[int, Callable[[bytes], object]] = {}

    def check(self, value: bytes | None) -> None:
        """Raise DecodeError when the schema cannot read `value`."""
        if value is None:
            raise DecodeError("It has no value.")
        schema_id = schema_id_of(value)
        if schema_id is None:
            self._json.check(value)
            return
        body = self._bodies.get(schema_id)
        if body is None:
            if self._reader is None:
                self._reader = EventReader(self._kind, msgspec.json.decode(self._schema))
            body = self._bodies[schema_id] = self._reader.body_reader(self._schema_of(schema_id))
        body(value)


async def settled_letters(log: ReadableLog, ledger: str) -> frozenset[str]:
    """Return the ids of the dead letters that the topic `ledger` holds to be settled; none without the topic."""
    states: dict[str, LedgerState] = {}
    async for record in _records(log, ledger):
        key = (record.key or b"").decode(errors="replace")
        try:
            states[key] = decode(EventType.DEAD_LETTER_MOVED, record.value or b"").data.state
        except DecodeError:
            states.pop(key, None)  # a tombstone: forgotten, so open
    return frozenset(key for key, state in states.items() if state in _SETTLED)


async def preflight(
    log: ReadableLog, topic: str, before: Trial | None, after: Trial, *, settled: frozenset[str]
) -> SchemaPreflight:
    """Try every open dead letter in `topic` with the schema of today and with the new one.

    Args:
        log: where they are.
        topic: the dead-letter topic; one that is not there has none.
        before: the schema of today; None when this is the first.
        after: the new one.
        settled: ids of dead letters that do not count any more.

    Raises:
        DependencyError: the log, or the registry that has a value's schema, cannot be reached.
    """
    found = SchemaPreflight(topic)
    async for record in _records(log, topic):
        if _id_of(record) in settled:
            continue
        found.open += 1
        why = _why_not(after, record)
        if not why:
            found.readable += 1
        elif before is not None and _why_not(before, record):
            found.unreadable += 1
        else:
            found.broken_count += 1
            if len(found.broken) < SHOWN:
                found.broken.append(Broken(record.position, why))
    return found


def _why_not(trial: Trial, record: Record) -> str:
    try:
        trial.check(record.value)
    except DecodeError as error:
        return str(error)
    return ""


def _id_of(record: Record) -> str:
    known = read_headers(record.headers, record.partition.topic).failure.id
    return known or dead_letter_id(record.partition.topic, record.partition.number, record.offset, "")


async def _records(log: ReadableLog, topic: str) -> AsyncIterator[Record]:
    """Read a topic up to where it ends now, in flat memory."""
    if not await has_topic(log, topic):
        return
    partitions = await log.partitions([topic])
    starts, ends = await log.beginnings(partitions), await log.ends(partitions)
    async with aclosing(stream(log, starts, ends)) as batches:
        async for records in batches:
            for record in records:
                yield record


async def has_topic(log: ReadableLog, topic: str) -> bool:
    """Return whether the log has that topic; raises DependencyError when it cannot be asked."""
    try:
        return bool(await log.partitions([topic]))
    except DependencyError as error:
        if type(error) is not DependencyError:  # a kind of its own: the log, not the topic
            raise
        return False
