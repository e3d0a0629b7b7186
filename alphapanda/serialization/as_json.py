"""For tools that look at events as JSON: what was written as Avro reads as the same event in JSON."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from alphapanda.errors import DecodeError, DependencyError
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Record
from alphapanda.serialization.avro import MAGIC, AvroCodec, schema_id_of
from alphapanda.serialization.avro_fields import AvroFields, Path
from alphapanda.serialization.codec import Codec, JsonCodec, encode
from alphapanda.serialization.runtime import reading_codec
from alphapanda.settings import Settings
from alphapanda.settings.topics import catalogue_of
from topics.catalogue import Catalogue
from topics.errors import TopicNameError
from topics.names import TopicName


class AsJson:
    """Turns records' values into JSON. What cannot be read, or belongs to no topic of ours, stays as it is.

    Args:
        codec: reads Avro.
        catalogue: knows what each topic carries.
    """

    def __init__(self, codec: Codec, catalogue: Catalogue) -> None:
        self._codec = codec
        self._decode = codec.decode
        self._catalogue = catalogue
        self._kinds: dict[str, EventType | None] = {}
        self._away: dict[int, DependencyError] = {}

    def record(self, record: Record) -> Record:
        """Return `record` with its event as JSON."""
        try:
            value = self.value(record)
        except (DependencyError, DecodeError):  # it is shown as it is, with what is wrong with it
            return record
        return record if value is record.value else msgspec.structs.replace(record, value=value)

    def value(self, record: Record) -> bytes | None:
        """Return a record's value as JSON; as it is where it is no Avro, or of a topic that is none of ours.

        Raises:
            DecodeError: it is Avro and cannot be read.
            DependencyError: its schema cannot be had: the registry is away.
        """
        value = record.value
        if not value or value[:1] != MAGIC:
            return value
        kind = self._kind_of(record.partition.topic)
        if kind is None:
            return value
        schema_id = schema_id_of(value) or 0
        away = self._away.get(schema_id)
        if away is not None:  # it is asked once for each schema
            raise away
        try:
            return encode(self._decode(kind, value))
        except DependencyError as error:
            self._away[schema_id] = error
            raise

    def fields(self, paths: Collection[Path]) -> AvroFields | None:
        """Return what reads of Avro events only these fields; None where no Avro can be read."""
        return AvroFields(self._codec, self._kind_of, paths) if isinstance(self._codec, AvroCodec) else None

    def _kind_of(self, topic: str) -> EventType | None:
        if topic not in self._kinds:
            try:
                self._kinds[topic] = EventType(self._catalogue.event_type_of(TopicName.parse(topic).source))
            except TopicNameError:
                self._kinds[topic] = None
        return self._kinds[topic]


def as_json_of(settings: Settings) -> AsJson | None:
    """Return what shows the events of these settings' topics as JSON; None where no registry is named."""
    codec = reading_codec(settings)
    return None if isinstance(codec, JsonCodec) else AsJson(codec, catalogue_of(settings))
