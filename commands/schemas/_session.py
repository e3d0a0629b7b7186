"""What the verbs of `schemas` start from: which topics, which schemas, which registry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alphapanda.errors import ConfigError, UnknownNameError, UsageError
from commands.shell.context import Context

if TYPE_CHECKING:
    from alphapanda.model.kinds import EventType
    from alphapanda.serialization.compatibility import Level
    from alphapanda.serialization.registry import SchemaRegistry
    from alphapanda.serialization.schema_files import CommittedSchema
    from alphapanda.serialization.subjects import Subject
    from topics.names import TopicName

    Chosen = Sequence[tuple[TopicName, EventType]]


def choose(context: Context, names: list[str] | None, *, everything: bool) -> Chosen:
    """Return the topics that were named, by name or by kind of event; raises UsageError for none."""
    from alphapanda.serialization.codec_factory import event_topics
    from alphapanda.settings.model import catalogue_of

    settings = context.settings()
    known = event_topics(settings, catalogue_of(settings))
    if everything:
        return known
    if not names:
        raise UsageError("No topic was named.", hint="Name topics or kinds of event, or say --all.")
    chosen: dict[TopicName, EventType] = {}
    for name in names:
        source = name.removesuffix(".dlq").removesuffix("-value")
        found = [(topic, kind) for topic, kind in known if source in {str(topic), kind.value}]
        if not found:
            possible = {str(topic) for topic, _ in known} | {kind.value for _, kind in known}
            raise UnknownNameError("topic or kind of event", name, possible, hint="All: alphapanda schemas list")
        chosen.update(found)
    return tuple(chosen.items())


def kept_schemas(folder: Path | None) -> dict[EventType, CommittedSchema]:
    """Return every kind's schema, as the structs have it and as it is committed; raises UsageError."""
    from alphapanda.serialization.schema_files import read_schema_files
    from topics.schemas import FOLDER

    if folder is not None and not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", hint="Make one: alphapanda schemas generate --out")
    return {kept.kind: kept for kept in read_schema_files(folder or FOLDER)}


def level_of(name: str | None) -> Level | None:
    """Return the level with that name; raises UnknownNameError."""
    from alphapanda.serialization.compatibility import Level

    if name is None:
        return None
    try:
        return Level(name.upper())
    except ValueError:
        raise UnknownNameError("compatibility level", name, [level.value for level in Level]) from None


def has_registry(context: Context) -> bool:
    """Return whether the settings name a registry."""
    return bool(context.settings().schema_registry_url.get_secret_value())


@asynccontextmanager
async def registry_of(context: Context) -> AsyncIterator[SchemaRegistry]:
    """Stay connected to the deployment's registry while the block runs; raises ConfigError without one."""
    from alphapanda.serialization.registry import SchemaRegistry

    url = context.settings().schema_registry_url.get_secret_value()
    if not url:
        raise ConfigError("No schema registry is named.", hint="Set SCHEMA_REGISTRY_URL=http://host:8081.")
    async with SchemaRegistry.connect(url) as registry:
        yield registry


async def look_at(
    registry: SchemaRegistry, chosen: Chosen, kept: dict[EventType, CommittedSchema]
) -> list[Subject]:
    """Return what the registry has for each topic; raises RegistryUnreachableError."""
    import asyncio

    from alphapanda.serialization.subjects import fetch_subject

    known = frozenset(await registry.subjects())  # one question first: one error when nobody answers
    gate = asyncio.Semaphore(8)

    async def one(topic: TopicName, kind: EventType) -> Subject:
        async with gate:
            return await fetch_subject(registry, topic, kind, kept[kind].generated, known)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(topic, kind)) for topic, kind in chosen]
    return [task.result() for task in tasks]
