"""The versions in a registry of the schemas that this program writes with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from alphapanda.errors import DependencyError
from alphapanda.model.kinds import EventType
from alphapanda.serialization.baseline import schema_text
from alphapanda.serialization.online import SubjectState, look
from alphapanda.serialization.registry import Registered, SchemaRegistry
from topics.catalogue import Catalogue
from topics.names import TopicName


async def versions_of(url: str, catalogue: Catalogue, topics: Sequence[TopicName]) -> list[Registered]:
    """Return of each topic the version that is our schema.

    Raises:
        DependencyError: the registry cannot be reached, or lacks the schema of one of the topics as it is here.
    """
    async with SchemaRegistry.connect(url) as registry:
        return await asyncio.gather(*(_registered(registry, catalogue, topic) for topic in topics))


async def _registered(registry: SchemaRegistry, catalogue: Catalogue, topic: TopicName) -> Registered:
    """Return the version of a topic's subject that is our schema, the latest or an earlier one."""
    kind = EventType(catalogue.event_type_of(topic))
    subject = await look(registry, topic, kind, schema_text(kind))
    if subject.latest is not None and subject.standing is SubjectState.CURRENT:
        return subject.latest
    # While an upgrade is under way, the newer release has registered its version already.
    earlier = await registry.look_up(subject.name, subject.schema) if subject.latest is not None else None
    if earlier is None:
        what = "is not registered" if subject.latest is None else f"is not version {subject.latest.version} of it"
        raise DependencyError(
            f"{topic} is to be written as avro, and its schema {what}.",
            hint=f"Run: alphapanda schemas register {topic}",
        )
    return earlier
