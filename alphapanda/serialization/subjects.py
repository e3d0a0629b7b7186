"""Our schemas as subjects of a registry: their state there, objections to new versions, registration."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alphapanda.errors import DependencyError
from alphapanda.model.kinds import EventType
from alphapanda.serialization.compatibility import Incompatibility, Level, incompatibilities
from alphapanda.serialization.registry import AVRO, Registered, RejectedSchemaError, SchemaRegistry
from alphapanda.serialization.schema_diff import canonical
from alphapanda.serialization.schema_files import schema_text
from topics.catalogue import Catalogue
from topics.names import TopicName
from topics.schemas import subject_of


class SubjectState(StrEnum):
    """The state of our schema of one topic in a registry."""

    ABSENT = "not registered"
    CURRENT = "registered"
    OTHER = "differs"
    """The registry's version is another schema."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One topic's schema here and there.

    Attributes:
        topic: the topic of its values.
        kind: of its events.
        schema: ours, as JSON.
        latest: the registry's; None where it has none.
        level: the compatibility in force; NONE where nothing is.
    """

    topic: TopicName
    kind: EventType
    schema: str
    latest: Registered | None
    level: Level

    @property
    def name(self) -> str:
        """The subject's name in registries."""
        return subject_of(self.topic)

    @property
    def standing(self) -> SubjectState:
        """The state of our schema in the registry."""
        if self.latest is None:
            return SubjectState.ABSENT
        same = self.latest.schemaType == AVRO and canonical(self.latest.schema) == canonical(self.schema)
        return SubjectState.CURRENT if same else SubjectState.OTHER


async def fetch_subject(
    registry: SchemaRegistry,
    topic: TopicName,
    kind: EventType,
    schema: str,
    known: Container[str] | None = None,
) -> Subject:
    """Return what the registry has for a topic; raises RegistryUnreachableError.

    Args:
        registry: who is asked.
        topic: the topic of its values.
        kind: of its events.
        schema: ours.
        known: the registry's subjects, where they were asked for already.
    """
    name = subject_of(topic)
    latest = await registry.version(name) if known is None or name in known else None
    level = Level.NONE if latest is None else _level(await registry.level(name))
    return Subject(topic, kind, schema, latest, level)


def wanted_level(subject: Subject, asked: Level | None = None) -> Level:
    """Return the level for the next version: the one asked for, else the subject's, else BACKWARD.

    A registry with the default NONE accepts anything.
    """
    if asked is not None:
        return asked
    return Level.BACKWARD if subject.level is Level.NONE else subject.level


async def objections_to(
    registry: SchemaRegistry, subject: Subject, asked: Level | None = None
) -> list[Incompatibility]:
    """Return why our schema may not be the next version; nothing when it may.

    The registry is asked, and its versions are compared here too: it may be configured to accept anything,
    and some give no reasons.
    """
    if subject.standing is not SubjectState.OTHER:
        return []
    if subject.latest is not None and subject.latest.schemaType != AVRO:
        return [Incompatibility("", f"the registry has it as {subject.latest.schemaType}, not as Avro")]
    level = wanted_level(subject, asked)
    if level is Level.NONE:
        return []  # some registries go on to judge by BACKWARD
    reasons = incompatibilities(subject.schema, await _earlier(registry, subject, level), level)
    verdict = await registry.check(subject.name, subject.schema)
    if not verdict.is_compatible and not reasons:
        reasons_given = "; ".join(verdict.messages) or "no reason given"
        reasons.append(Incompatibility("", f"the registry refuses it ({subject.level}): {reasons_given}"))
    return reasons


async def _earlier(registry: SchemaRegistry, subject: Subject, level: Level) -> list[str]:
    """Return the versions that the next one is compared with, oldest first."""
    if subject.latest is None:
        return []
    if not level.is_transitive:
        return [subject.latest.schema]
    numbers = await registry.versions(subject.name)
    found = [await registry.version(subject.name, number) for number in numbers]
    return [version.schema for version in found if version is not None]


@dataclass(frozen=True, slots=True)
class Registration:
    """What registering one subject led to.

    Attributes:
        subject: as it was before.
        id: of our schema in the registry.
        version: of the subject that has it.
        is_new: whether there was none before.
        level: the compatibility in force now.
    """

    subject: Subject
    id: int
    version: int
    is_new: bool
    level: Level


async def register_subject(registry: SchemaRegistry, subject: Subject, asked: Level | None = None) -> Registration:
    """Register our schema if the registry has it not as the latest, and see to the subject's level.

    Raises RejectedSchemaError and RegistryUnreachableError.
    """
    level = wanted_level(subject, asked)
    latest, is_new = subject.latest, subject.standing is not SubjectState.CURRENT
    if latest is not None and subject.level is not level:
        await registry.set_level(subject.name, level.value)
    if is_new:
        await registry.register(subject.name, subject.schema)
        latest = await registry.version(subject.name)
    if latest is None:
        raise RejectedSchemaError(f"{registry.name} took the schema of {subject.name} and does not have it.")
    if subject.latest is None:  # before its first version there is no subject to have a level
        await registry.set_level(subject.name, level.value)
    return Registration(subject, latest.id, latest.version, is_new, level)


def _level(name: str) -> Level:
    try:
        return Level(name)
    except ValueError:
        return Level.BACKWARD  # a registry's own kind of level: its verdict is asked for anyway


async def versions_of(url: str, catalogue: Catalogue, topics: Sequence[TopicName]) -> list[Registered]:
    """Return of each topic the version that is our schema.

    Raises:
        DependencyError: the registry cannot be reached, or lacks our schema of one of the topics.
    """
    async with SchemaRegistry.connect(url) as registry:
        return await asyncio.gather(*(_registered(registry, catalogue, topic) for topic in topics))


async def _registered(registry: SchemaRegistry, catalogue: Catalogue, topic: TopicName) -> Registered:
    """Return the version of a topic's subject that is our schema, the latest or an earlier one."""
    kind = EventType(catalogue.event_type_of(topic))
    subject = await fetch_subject(registry, topic, kind, schema_text(kind))
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
