"""A reader for tools that look at events as JSON: what was written as Avro reads as the same event in JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from alphapanda.bus.ports import LogReader
from alphapanda.bus.records import Partition, Record
from alphapanda.errors import DecodeError, DependencyError
from alphapanda.model.avro import MAGIC, schema_id_of
from alphapanda.model.codec import Codec, JsonCodec, encode
from alphapanda.model.kinds import EventType
from alphapanda.settings import Settings
from alphapanda.settings.topics import catalogue_of
from alphapanda.toolkit.schemas.runtime import reading_codec
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

    def _kind_of(self, topic: str) -> EventType | None:
        if topic not in self._kinds:
            try:
                self._kinds[topic] = EventType(self._catalogue.event_type_of(TopicName.parse(topic).source))
            except TopicNameError:
                self._kinds[topic] = None
        return self._kinds[topic]


class JsonReader:
    """Reads as another reader does, with every event as JSON."""

    def __init__(self, reader: LogReader, as_json: AsJson) -> None:
        self._reader = reader
        self._as_json = as_json

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Go to these offsets."""
        self._reader.seek(offsets)

    async def poll(self, timeout_s: float, only: Collection[Partition] | None = None) -> Sequence[Record]:
        """Return what has come, in order within each partition; nothing after `timeout_s`."""
        return [self._as_json.record(record) for record in await self._reader.poll(timeout_s, only)]

    async def position(self, partition: Partition) -> int:
        """Return the next offset that `poll` gives or waits for."""
        return await self._reader.position(partition)

    def known_end(self, partition: Partition) -> int | None:
        """Return the end of a partition as the last poll saw it; None before the first."""
        return self._reader.known_end(partition)

    async def aclose(self) -> None:
        """Stop reading."""
        await self._reader.aclose()


def json_reader(reader: LogReader, settings: Settings) -> LogReader:
    """Return a reader that gives events as JSON; `reader` itself where no registry is named."""
    codec = reading_codec(settings)
    return reader if isinstance(codec, JsonCodec) else JsonReader(reader, AsJson(codec, catalogue_of(settings)))
