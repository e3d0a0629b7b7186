"""Avro events as JSON, whole or some fields of them, for tools that look at events as JSON."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import msgspec

from alphapanda.errors import DecodeError, DependencyError
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Record
from alphapanda.query.expressions import FieldPath
from alphapanda.serialization.avro import MAGIC, AvroCodec, EventReader, schema_id_of
from alphapanda.serialization.avro_types import partial_event
from alphapanda.serialization.codec import Codec, JsonCodec, encode
from alphapanda.serialization.codec_factory import reading_codec
from alphapanda.settings import Settings
from alphapanda.settings.model import catalogue_of
from topics.catalogue import Catalogue
from topics.errors import TopicNameError
from topics.names import TopicName

_decode_json = msgspec.json.Decoder().decode


class JsonTranscoder:
    """Turns the values of records from Avro into JSON. Unreadable values and foreign topics stay as they are.

    Args:
        codec: reads Avro.
        catalogue: names the kind of event of each topic.
    """

    def __init__(self, codec: Codec, catalogue: Catalogue) -> None:
        self._codec = codec
        self._decode = codec.decode
        self._catalogue = catalogue
        self._kinds: dict[str, EventType | None] = {}
        self._unavailable: dict[int, DependencyError] = {}

    def record(self, record: Record) -> Record:
        """Return `record` with its event as JSON."""
        try:
            value = self.value(record)
        except (DependencyError, DecodeError):  # the record is shown as it is, with the error
            return record
        return record if value is record.value else msgspec.structs.replace(record, value=value)

    def value(self, record: Record) -> bytes | None:
        """Return a record's value as JSON; as it is if it is not Avro, or its topic is not one of ours.

        Raises:
            DecodeError: it is Avro and cannot be read.
            DependencyError: the registry that has its schema cannot be reached.
        """
        value = record.value
        if not value or value[:1] != MAGIC:
            return value
        kind = self._kind_of(record.partition.topic)
        if kind is None:
            return value
        schema_id = schema_id_of(value) or 0
        unavailable = self._unavailable.get(schema_id)
        if unavailable is not None:  # the registry is asked once for each schema
            raise unavailable
        try:
            return encode(self._decode(kind, value))
        except DependencyError as error:
            self._unavailable[schema_id] = error
            raise

    def fields(self, paths: Collection[FieldPath]) -> AvroFieldReader | None:
        """Return the reader of only these fields of Avro events; None if the codec reads no Avro."""
        return AvroFieldReader(self._codec, self._kind_of, paths) if isinstance(self._codec, AvroCodec) else None

    def _kind_of(self, topic: str) -> EventType | None:
        if topic not in self._kinds:
            try:
                self._kinds[topic] = EventType(self._catalogue.event_type_of(TopicName.parse(topic).source))
            except TopicNameError:
                self._kinds[topic] = None
        return self._kinds[topic]


class AvroFieldReader:
    """Reads some fields of events in Avro; the library skips the rest by a reader's schema with only these.

    Args:
        codec: gives the schemas that values were written with.
        kind_of: the kind of event of a topic; None for topics that are not ours.
        paths: of the fields, from the envelope on: `("data", "last_price")`.
    """

    def __init__(
        self, codec: AvroCodec, kind_of: Callable[[str], EventType | None], paths: Collection[FieldPath]
    ) -> None:
        self._schema_of = codec.schema_of
        self._kind_of = kind_of
        self._paths = paths
        self._readers: dict[tuple[str, int], Callable[[bytes], Any] | None] = {}

    def read(self, record: Record) -> dict[str, Any] | None:
        """Return the fields as their JSON has them; None for a value that is not Avro, or of a foreign topic.

        Raises:
            DecodeError: the value is not an event of its topic.
            DependencyError: the registry that has its schema cannot be reached; later values of it are None.
        """
        value = record.value
        if not value or value[:1] != MAGIC:
            return None
        key = record.partition.topic, schema_id_of(value) or 0
        if key in self._readers:
            read = self._readers[key]
        else:
            self._readers[key] = None  # a schema that cannot be had is asked for once
            read = self._readers[key] = self._reader(*key)
        found: dict[str, Any] | None = None if read is None else read(value)
        return found

    def _reader(self, topic: str, schema_id: int) -> Callable[[bytes], Any] | None:
        kind = self._kind_of(topic)
        if kind is None:
            return None
        made = partial_event(kind, self._paths)
        body = EventReader(kind, made.schema).body_reader(self._schema_of(schema_id))
        decode = made.decode or (lambda read: read)

        def fields(value: bytes) -> Any:
            try:
                return _decode_json(encode(decode(body(value))))
            except (ValueError, LookupError, TypeError, ArithmeticError) as error:
                raise DecodeError(f"The value is not a {kind}: {error}.") from error

        return fields


def json_transcoder(settings: Settings) -> JsonTranscoder | None:
    """Return the transcoder for the topics of these settings; None without a registry, where all is JSON."""
    codec = reading_codec(settings)
    return None if isinstance(codec, JsonCodec) else JsonTranscoder(codec, catalogue_of(settings))
