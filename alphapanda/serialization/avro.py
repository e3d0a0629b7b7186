"""Events as Avro at run time, in the wire format that Confluent's serialisers made common.

A value is a zero byte, the schema's id in its registry (four bytes, big-endian), then the event in Avro's
binary encoding, without a container. JSON never begins with a zero byte, so a reader takes either.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from alphapanda.errors import DecodeError, InvariantError
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.serialization import codec
from alphapanda.serialization.avro_types import AvroType, Convert, event_type
from topics.errors import DependencyError

if TYPE_CHECKING:
    from types import ModuleType

MAGIC = b"\x00"
_HEADER = struct.Struct(">cI")
HEADER_SIZE = _HEADER.size

Encoder = Callable[[EventEnvelope[Any]], bytes]
SchemaOf = Callable[[int], str]
"""Gives the schema with that id as JSON; raises DecodeError where there is none."""

_UNREADABLE = (ValueError, LookupError, EOFError, TypeError, ArithmeticError, struct.error, MemoryError)
"""What fastavro and the conversions raise for bytes that are not what their schema says."""


def schema_id_of(value: bytes | None) -> int | None:
    """Return the id of the schema that `value` was written with; None when it is not Avro. Raises DecodeError."""
    if not value or value[:1] != MAGIC:
        return None
    if len(value) < HEADER_SIZE:
        raise DecodeError(f"The value begins as Avro and ends after {len(value)} bytes.")
    schema_id: int = _HEADER.unpack_from(value)[1]
    return schema_id


def fastavro() -> ModuleType:
    """Return the library; raises DependencyError when it is not installed."""
    try:
        import fastavro as library  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise DependencyError(
            "Avro cannot be read or written: the package fastavro is not installed.",
            hint="Install alphapanda[avro].",
        ) from error
    return library


class EventReader:
    """Reads events of one kind from Avro bodies, whatever version of its schema they were written with.

    Args:
        kind: of the events.
        reader: the schema they are read as; the one of this program's structs when not given.
    """

    def __init__(self, kind: EventType, reader: Any = None) -> None:
        self._kind = kind
        self._library = fastavro()
        made = event_type(kind)
        self._decode = _needed(made.decode)
        self._reader = self._library.parse_schema(made.schema if reader is None else reader)
        self._name = self._reader["name"]

    def body_reader(self, schema: str) -> Callable[[bytes], Any]:
        """Return what reads values (with their header) written with `schema` into plain dicts and lists.

        Raises DecodeError for the schema of another kind, as the returned function does for an unreadable value.
        """
        try:
            writer = self._library.parse_schema(json.loads(schema))
        except (ValueError, TypeError, self._library.schema.SchemaParseException) as error:
            raise DecodeError(f"The schema of the value cannot be used: {error}.") from error
        if not isinstance(writer, dict) or writer.get("name") != self._name:
            found = writer.get("name", writer["type"]) if isinstance(writer, dict) else writer
            raise DecodeError(f"The value was written as {found}, its topic carries {self._name}.")
        form = self._library.schema.to_parsing_canonical_form
        reader = None if form(writer) == form(self._reader) else self._reader
        return self._body_reader(writer, reader)

    def _body_reader(self, writer: Any, reader: Any) -> Callable[[bytes], Any]:
        read, kind = self._library.schemaless_reader, self._kind
        mismatch = self._library.read.SchemaResolutionError

        def body(value: bytes) -> Any:
            source = io.BytesIO(value)
            source.seek(HEADER_SIZE)
            try:
                found = read(source, writer, reader)
            except (*_UNREADABLE, mismatch) as error:
                raise DecodeError(f"The value is not a {kind} in Avro: {_words(error)}.") from error
            if source.tell() != len(value):
                raise DecodeError(f"The value has {len(value) - source.tell()} bytes after its {kind}.")
            return found

        return body

    def event(self, body: Any) -> EventEnvelope[Any]:
        """Return the envelope in a body that was read; raises DecodeError."""
        try:
            envelope: EventEnvelope[Any] = self._decode(body)
        except _UNREADABLE as error:
            raise DecodeError(f"The value is not a {self._kind}: {_words(error)}.") from error
        if envelope.type is not self._kind:
            raise DecodeError(f"The value says it is a {envelope.type}, its topic carries {self._kind}.")
        return envelope


class AvroCodec:
    """Reads events in JSON and in Avro, by their first byte; writes Avro to the topics that it has ids for.

    Args:
        ids: the registered id of the schema of each topic that is written in Avro.
        schema_of: gives the schemas that values were written with.

    Attributes:
        schema_of: the same.
    """

    def __init__(self, ids: Mapping[str, int], schema_of: SchemaOf) -> None:
        self._ids = ids
        self.schema_of = schema_of
        self._library = fastavro()
        self._readers: dict[EventType, EventReader] = {}
        self._bodies: dict[tuple[EventType, int], Callable[[bytes], Any]] = {}
        self._writers: dict[EventType, tuple[Any, Convert]] = {}

    def encoder(self, topic: str) -> Encoder:
        """Return what makes the values of `topic`."""
        schema_id = self._ids.get(topic)
        return codec.encode if schema_id is None else self._avro_encoder(_HEADER.pack(MAGIC, schema_id))

    def decode(self, kind: EventType, value: bytes) -> EventEnvelope[Any]:
        """Return the envelope in `value`, whose payload is that of `kind`; raises DecodeError.

        Raises whatever `schema_of` raises, too, for a schema that was not met before.
        """
        if value[:1] != MAGIC:
            return codec.decode(kind, value)
        schema_id = schema_id_of(value) or 0
        body = self._bodies.get((kind, schema_id))
        if body is None:
            body = self._reader(kind).body_reader(self.schema_of(schema_id))
            self._bodies[kind, schema_id] = body
        return self._reader(kind).event(body(value))

    def _reader(self, kind: EventType) -> EventReader:
        known = self._readers.get(kind)
        if known is None:
            known = self._readers[kind] = EventReader(kind)
        return known

    def _avro_encoder(self, header: bytes) -> Encoder:
        write, writer = self._library.schemaless_writer, self._writer

        def encode(envelope: EventEnvelope[Any]) -> bytes:
            schema, convert = writer(envelope.type)
            target = io.BytesIO()
            target.write(header)
            try:
                write(target, schema, convert(envelope))
            except (*_UNREADABLE, AttributeError) as error:
                raise InvariantError(
                    f"{envelope.type} {envelope.id} cannot be written as Avro: {_words(error)}."
                ) from error
            return target.getvalue()

        return encode

    def _writer(self, kind: EventType) -> tuple[Any, Convert]:
        known = self._writers.get(kind)
        if known is None:
            made: AvroType = event_type(kind)
            known = self._writers[kind] = self._library.parse_schema(made.schema), _needed(made.encode)
        return known


def _needed(convert: Convert | None) -> Convert:
    if convert is None:
        raise TypeError("An envelope is a record.")
    return convert


def _words(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
