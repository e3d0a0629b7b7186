"""One dead letter: its record, why it failed, and the few facts of the event in it that replay needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec

from alphapanda.errors import DecodeError, DependencyError
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Header, Record
from alphapanda.serialization.avro import MAGIC
from topics.dead_letter_families import DeadLetterHeaders, read_headers
from topics.dead_letters import ID_HEADER, Family, ProcessingFailure, dead_letter_id

REPLAY_PREFIX = "ap-replay-"
RUN_HEADER = f"{REPLAY_PREFIX}run"
EDITED_HEADER = "ap-edited-fields"
ORIGINAL_TIMESTAMP_HEADER = f"{REPLAY_PREFIX}original-timestamp"


class _Order(msgspec.Struct):
    validity: str | None = None
    client_order_id: str | None = None


class _Signal(msgspec.Struct):
    validity: str | None = None
    trading_mode: str | None = None


class _Data(msgspec.Struct):
    client_order_id: str | None = None
    trading_mode: str | None = None
    validity: str | None = None
    command_id: str | None = None
    service: str | None = None
    order: _Order | None = None
    signal: _Signal | None = None


class EventFacts(msgspec.Struct, frozen=True):
    """The facts of an event that need no payload type; empty where unknown.

    Attributes:
        id: of the event.
        type: its kind, as it says.
        ts: when it happened.
        broker: as the envelope says.
        causation_id: what it follows from.
        client_order_id: of the order that it is about.
        trading_mode: as the payload says.
        validity: of the order that it is about.
        obeyed: `service/command` of an answer to a command.
        hidden: why it can be told of nothing although others may read it: it is Avro, and its schema is not here.
    """

    id: str = ""
    type: str = ""
    ts: datetime | None = None
    broker: str = ""
    causation_id: str = ""
    client_order_id: str = ""
    trading_mode: str = ""
    validity: str = ""
    obeyed: str = ""
    hidden: str = ""


class EventView(Protocol):
    """Shows the events in records as JSON, whatever they were written as."""

    def value(self, record: Record) -> bytes | None:
        """Return a record's value as JSON; raises DecodeError for Avro that cannot be read, DependencyError."""
        ...


class JsonView:
    """Shows events that are JSON."""

    def value(self, record: Record) -> bytes | None:
        """Return a record's value; raises DecodeError for Avro."""
        if record.value is not None and record.value[:1] == MAGIC:
            raise DecodeError(
                "It is in Avro.", hint="Set SCHEMA_REGISTRY_URL to the registry that has its schema."
            )
        return record.value


JSON = JsonView()


class _Envelope(msgspec.Struct):
    id: str = ""
    type: str = ""
    ts: datetime | None = None
    broker: str = ""
    causation_id: str | None = None
    data: _Data = msgspec.field(default_factory=_Data)


_DECODER = msgspec.json.Decoder(_Envelope)
_NOTHING = EventFacts()


def event_facts(value: bytes | None) -> EventFacts:
    """Return the facts of the event in `value`; none for anything but a JSON object."""
    if value is None:
        return _NOTHING
    try:
        envelope = _DECODER.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _facts_of_broken(value)
    data = envelope.data
    order, signal = data.order or _Order(), data.signal or _Signal()
    return EventFacts(
        id=envelope.id,
        type=envelope.type,
        ts=_aware(envelope.ts),
        broker=envelope.broker,
        causation_id=envelope.causation_id or "",
        client_order_id=data.client_order_id or order.client_order_id or "",
        trading_mode=data.trading_mode or signal.trading_mode or "",
        validity=data.validity or order.validity or signal.validity or "",
        obeyed=f"{data.service}/{data.command_id}" if data.service and data.command_id else "",
    )


def _facts_of_broken(value: bytes) -> EventFacts:
    """Return the readable facts of an event whose fields have wrong types."""
    try:
        found: Any = msgspec.json.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _NOTHING
    if not isinstance(found, dict):
        return _NOTHING
    texts = {
        name: found[name] for name in ("id", "type", "broker", "causation_id") if isinstance(found.get(name), str)
    }
    return EventFacts(**texts, ts=_time(found.get("ts")))


def _time(value: object) -> datetime | None:
    try:
        return _aware(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _aware(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo is not None else None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record of a dead-letter topic.

    Attributes:
        id: the same through replays.
        record: as it stands in the log.
        failure: why it is there, whoever says so.
        others: its headers that say nothing of the failure.
        event: what can be told of the event in it.
        json: its value as JSON, to look at; as it is where it is neither JSON nor can be shown so.
        replay_count: how often it had been sent again before it failed this time.
        replay_run: the run that sent it; empty before the first.
        replay_of: the dead letter that was sent again when this one failed; empty before the first.
    """

    id: str
    record: Record
    failure: ProcessingFailure
    others: tuple[tuple[str, bytes | None], ...]
    event: EventFacts
    json: bytes | None
    replay_count: int
    replay_run: str
    replay_of: str

    @property
    def place(self) -> LogPosition:
        """Its position in the log."""
        return self.record.position

    @property
    def origin(self) -> LogPosition | None:
        """The record that failed this time; None where unknown."""
        failure = self.failure
        if failure.partition is None or failure.offset is None:
            return None
        return LogPosition(failure.topic, failure.partition, failure.offset)

    @property
    def group(self) -> str:
        """The consumer group that failed; empty where unknown."""
        return self.failure.group or ""

    @property
    def failed_at_ms(self) -> int:
        """The time of this failure by its headers, else the record's own, Unix milliseconds."""
        at = self.failure.failed_at
        return int(at.timestamp() * 1000) if at is not None else self.record.timestamp_ms

    @property
    def original_ms(self) -> int:
        """When the record that failed had been written first, Unix milliseconds, as far as anybody knows."""
        sent_again = _number(self.record.header(ORIGINAL_TIMESTAMP_HEADER))
        return sent_again or self.failure.original_timestamp_ms or self.record.timestamp_ms


def read_dead_letter(record: Record, view: EventView = JSON) -> DeadLetter:
    """Return `record`, of any system's dead-letter topic, as a dead letter; `view` shows the event in it."""
    read = read_headers(record.headers, record.partition.topic)
    value, hidden = record.value, ""
    try:
        value = view.value(record)
    except (DecodeError, DependencyError) as error:
        hidden = error.message
    failure = read.failure
    place = record.position
    return DeadLetter(
        id=failure.id or dead_letter_id(place.topic, place.partition, place.offset, ""),
        record=record,
        failure=failure,
        others=_others(read, record),
        event=EventFacts(hidden=hidden) if hidden else event_facts(value),
        json=value,
        replay_count=_number(record.header(Header.REPLAY_COUNT)),
        replay_run=_text(record.header(RUN_HEADER)),
        replay_of=_text(record.header(Header.REPLAY_OF)),
    )


def _others(read: DeadLetterHeaders, record: Record) -> tuple[tuple[str, bytes | None], ...]:
    """Return the headers without the diagnosis.

    The bus writes who refused the record behind everything else; a decision's own header of that name, which
    says who decided it, stands before and stays.
    """
    ours = read.failure.family is Family.ALPHAPANDA and any(name == ID_HEADER for name, _ in record.headers)
    last = record.headers[-1][0] if record.headers else ""
    if ours and last == Header.GROUP:
        return read.others[:-1]
    return read.others


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")


def _number(value: bytes | None) -> int:
    text = _text(value)
    return int(text) if text.isdecimal() and len(text) < 16 else 0
