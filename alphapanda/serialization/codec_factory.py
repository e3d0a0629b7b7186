"""The codec of a running service: JSON, or Avro with the ids of the schemas in the registry."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from alphapanda.errors import ConfigError, DecodeError, nearest
from alphapanda.model.kinds import EventType
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.codec import Codec, JsonCodec
from alphapanda.settings import SerializationFormat, Settings
from topics.catalogue import Catalogue
from topics.names import TopicName

ALWAYS_JSON = frozenset(
    {
        EventType.CONTROL_COMMAND,
        EventType.CONTROL_EVENT,
        EventType.AUDIT_RECORDED,
        EventType.ALERT_RAISED,
        EventType.DEAD_LETTER_MOVED,
    }
)
"""What operators' tools write and wait for: halting must never hang on a registry."""

ASK_TIMEOUT_S = 3.0


class SchemaCache:
    """The schemas of a registry by id, each asked for once. Ids never change their schema.

    A schema that was not met before is asked for while its reader waits: once for each new version of a schema.

    Args:
        url: the registry's.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._known: dict[int, str] = {}

    def __call__(self, schema_id: int) -> str:
        """Return the schema with that id; raises DecodeError for none, DependencyError without a registry."""
        known = self._known.get(schema_id)
        if known is None:
            found = _wait_for(self._ask(schema_id))
            if found is None:
                raise DecodeError(f"The value was written with schema {schema_id}, which the registry has not.")
            known = self._known[schema_id] = found
        return known

    def learn(self, schema_id: int, schema: str) -> None:
        """Take a schema that is known already."""
        self._known[schema_id] = schema

    async def _ask(self, schema_id: int) -> str | None:
        from alphapanda.serialization.registry import SchemaRegistry  # noqa: PLC0415 - heavy, and not asked where all is JSON

        async with SchemaRegistry.connect(self._url, timeout_s=ASK_TIMEOUT_S) as registry:
            return await registry.schema(schema_id)


def _wait_for(question: Coroutine[Any, Any, str | None]) -> str | None:
    """Return the answer, from a thread with a loop of its own: a decoder is not a coroutine."""
    with ThreadPoolExecutor(1, thread_name_prefix="schema-registry") as pool:
        return pool.submit(asyncio.run, question).result()


def reading_codec(settings: Settings) -> Codec:
    """Return what reads both formats and writes JSON; without a registry only JSON. Nothing is asked yet."""
    url = settings.schema_registry_url.get_secret_value()
    return AvroCodec({}, SchemaCache(url)) if url else JsonCodec()


def avro_topics(settings: Settings, catalogue: Catalogue) -> frozenset[str]:
    """Return the topics that these settings have written as Avro; raises ConfigError for a name that cannot be."""
    if settings.serialization.format is not SerializationFormat.AVRO:
        return frozenset()
    possible = {str(topic) for topic, kind in event_topics(settings, catalogue) if kind not in ALWAYS_JSON}
    named = settings.serialization.topics
    for name in named:
        if name not in possible:
            near = nearest(name, possible)
            raise ConfigError(
                f"serialization.topics names {name}, which is not a topic that can be written as avro.",
                hint=f"Did you mean {near}?" if near else "Control and system topics are always json.",
            )
    return frozenset(named) if named else frozenset(possible)


def event_topics(settings: Settings, catalogue: Catalogue) -> list[tuple[TopicName, EventType]]:
    """Return every topic of the active brokers, without dead letters, and the kind of event that it carries."""
    return [
        (spec.name, EventType(spec.event_type))
        for spec in catalogue.topics(settings.active_brokers)
        if not spec.name.dlq
    ]


async def writing_codec(settings: Settings, catalogue: Catalogue, topics: Collection[str]) -> Codec:
    """Return what reads both formats and writes `topics` as the settings say.

    Raises:
        ConfigError: the settings name a topic that cannot be written as Avro.
        DependencyError: the registry cannot be reached, or lacks our schema of one of the topics.
    """
    chosen = avro_topics(settings, catalogue) & frozenset(topics)
    if not chosen:
        return reading_codec(settings)
    from alphapanda.serialization.subjects import versions_of  # noqa: PLC0415 - heavy, and only for Avro

    url = settings.schema_registry_url.get_secret_value()
    book = SchemaCache(url)
    names = [TopicName.parse(topic) for topic in sorted(chosen)]
    found = await versions_of(url, catalogue, names)
    for version in found:
        book.learn(version.id, version.schema)
    return AvroCodec({str(name): version.id for name, version in zip(names, found, strict=True)}, book)
