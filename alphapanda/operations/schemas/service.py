"""The use cases of schemas: check against the committed and the registered ones, try dead letters, register."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.errors import (
    CheckFailedError,
    ConfigError,
    DecodeError,
    DependencyError,
    UnknownNameError,
    UsageError,
)
from alphapanda.kafka.client import open_read_log
from alphapanda.model.kinds import EventType
from alphapanda.operations.audit import Audit
from alphapanda.operations.schemas.preflight import SchemaPreflight, Trial, preflight, settled_letters
from alphapanda.operations.servers import check_pin, kafka_options
from alphapanda.serialization.avro import SchemaOf
from alphapanda.serialization.codec_factory import SchemaCache, event_topics
from alphapanda.serialization.compatibility import Incompatibility, Level, incompatibilities
from alphapanda.serialization.registry import RejectedSchemaError, SchemaRegistry
from alphapanda.serialization.schema_diff import canonical
from alphapanda.serialization.schema_files import CommittedSchema, read_schema_files
from alphapanda.serialization.subjects import (
    Registration,
    Subject,
    SubjectState,
    fetch_subject,
    objections_to,
    register_subject,
)
from alphapanda.settings import Settings
from alphapanda.settings.model import catalogue_of
from topics.names import TopicName
from topics.schemas import FOLDER
from topics.services import LEDGER

_TOGETHER = 8
"""Questions to the registry at the same time."""

Chosen: TypeAlias = Sequence[tuple[TopicName, EventType]]
Files: TypeAlias = dict[EventType, CommittedSchema]
OnStep: TypeAlias = Callable[[], None]


@dataclass(slots=True)
class SchemaCheck:
    """The schema of one topic against the committed one and the registry's.

    Attributes:
        topic: the topic.
        file: the schema that this program makes, and the committed one.
        reasons: why it may not follow the committed one.
        changed: whether it differs from the committed one.
        subject: the registry's; None where no registry was asked.
        objections: why it may not be the next version in the registry.
    """

    topic: TopicName
    file: CommittedSchema
    reasons: list[Incompatibility]
    changed: bool
    subject: Subject | None = None
    objections: list[Incompatibility] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """`incompatible`, `compatible` or `unchanged`."""
        if self.reasons or self.objections:
            return "incompatible"
        differs = self.subject is not None and self.subject.standing is SubjectState.OTHER
        return "compatible" if self.changed or differs else "unchanged"

    @property
    def before(self) -> str:
        """The schema that values are read with today."""
        if self.subject is not None and self.subject.latest is not None:
            return self.subject.latest.schema
        return self.file.committed or self.file.generated


@dataclass(frozen=True, slots=True)
class BacklogTrial:
    """A topic whose dead letters are tried with the schema of today and a new one."""

    topic: TopicName
    kind: EventType
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SchemaOperations:
    """The acts on a deployment's schemas.

    Attributes:
        deployment: the folder.
        settings: its settings.
        clock: the time.
        audit: where acts are recorded.
    """

    deployment: Deployment
    settings: Settings
    clock: Clock
    audit: Audit

    # ------------------------------------------------------------------ topics and files
    def choose(self, names: Sequence[str], *, everything: bool) -> Chosen:
        """Return the topics of these names or kinds of event; raises UsageError for none or an unknown one."""
        known = event_topics(self.settings, catalogue_of(self.settings))
        if everything:
            return known
        if not names:
            raise UsageError("No topic was named.", hint="Name topics or kinds of event, or add --all.")
        chosen: dict[TopicName, EventType] = {}
        for name in names:
            source = name.removesuffix(".dlq").removesuffix("-value")
            found = [(topic, kind) for topic, kind in known if source in {str(topic), kind.value}]
            if not found:
                possible = {str(topic) for topic, _ in known} | {kind.value for _, kind in known}
                raise UnknownNameError(
                    "topic or event type", name, possible, hint="List them: alphapanda schemas list"
                )
            chosen.update(found)
        return tuple(chosen.items())

    @staticmethod
    def files(folder: Path | None = None) -> Files:
        """Return every kind's generated and committed schema; raises UsageError for a folder that is not there."""
        if folder is not None and not folder.is_dir():
            raise UsageError(
                f"There is no folder {folder}.", hint=f"Make it: alphapanda schemas generate --out {folder}"
            )
        return {one.kind: one for one in read_schema_files(folder or FOLDER)}

    # ------------------------------------------------------------------ the registry
    @property
    def registry_url(self) -> str:
        """The registry's address; empty without one."""
        return self.settings.schema_registry_url.get_secret_value()

    @asynccontextmanager
    async def registry(self) -> AsyncIterator[SchemaRegistry]:
        """Stay connected to the registry while the block runs; raises ConfigError without one."""
        if not self.registry_url:
            raise ConfigError("No schema registry is set.", hint="Set SCHEMA_REGISTRY_URL=http://host:8081.")
        async with SchemaRegistry.connect(self.registry_url) as registry:
            yield registry

    @staticmethod
    async def subjects(registry: SchemaRegistry, chosen: Chosen, files: Files) -> list[Subject]:
        """Return the registry's subject of each topic; raises RegistryUnreachableError."""
        known = frozenset(await registry.subjects())  # one question first: one error when nobody answers
        gate = asyncio.Semaphore(_TOGETHER)

        async def one(topic: TopicName, kind: EventType) -> Subject:
            async with gate:
                return await fetch_subject(registry, topic, kind, files[kind].generated, known)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(topic, kind)) for topic, kind in chosen]
        return [task.result() for task in tasks]

    # ------------------------------------------------------------------ checks
    async def check(
        self, chosen: Chosen, files: Files, level: Level | None, *, offline: bool
    ) -> list[SchemaCheck]:
        """Compare each schema with the committed one and, unless `offline`, with the registry's."""
        checks = [_compare(topic, files[kind], level) for topic, kind in chosen]
        if not offline and self.registry_url:
            async with self.registry() as registry:
                for one, subject in zip(checks, await self.subjects(registry, chosen, files), strict=True):
                    one.subject, one.objections = subject, await objections_to(registry, subject, level)
        return checks

    async def try_dead_letters(self, trials: Sequence[BacklogTrial], on_step: OnStep) -> list[SchemaPreflight]:
        """Try the open dead letters of each topic with both schemas.

        Raises:
            CheckFailedError: the deployment was never started, so there is nothing to try.
            DependencyError: Kafka or the registry cannot be reached.
        """
        options = kafka_options(self.deployment, self.settings, self.clock, "schemas")
        schema_of = self._schema_of()
        found: list[SchemaPreflight] = []
        try:
            async with open_read_log(options) as log:
                settled = await settled_letters(log, LEDGER)
                for one in trials:
                    before = Trial(one.kind, one.before, schema_of)
                    after = Trial(one.kind, one.after, schema_of)
                    found.append(await preflight(log, str(one.topic.dead_letters), before, after, settled=settled))
                    on_step()
        except DependencyError as error:
            raise type(error)(
                f"The dead letters cannot be checked: {error.message}",
                hint=f"{error.hint} Or skip them: --skip-preflight, or leave out --preflight.".strip(),
            ) from error
        return found

    def _schema_of(self) -> SchemaOf:
        if self.registry_url:
            return SchemaCache(self.registry_url)

        def without_registry(schema_id: int) -> str:
            raise DecodeError(f"It needs schema {schema_id} of a registry, and no registry is set.")

        return without_registry

    # ------------------------------------------------------------------ registering
    async def check_cluster(self) -> str:
        """Refuse another deployment's cluster; return why it could not be compared, empty if it was.

        A registry can be changed while Kafka is down.
        """
        try:
            options = kafka_options(self.deployment, self.settings, self.clock, "check")
            async with open_read_log(options) as log:
                check_pin(self.deployment, self.settings, await log.identity(), changing=True)
        except (CheckFailedError, DependencyError) as error:
            return error.message
        return ""

    async def register_all(
        self,
        registry: SchemaRegistry,
        subjects: Sequence[Subject],
        level: Level | None,
        reason: str,
        on_step: OnStep,
    ) -> list[Registration]:
        """Register the schemas of `subjects`, and record it; raises CheckFailedError for one that is refused."""
        done: list[Registration] = []
        async with self.audit.audited("schemas register", registry.name, reason=reason, always=False) as act:
            for subject in subjects:
                try:
                    made = await register_subject(registry, subject, level)
                except RejectedSchemaError as error:
                    raise CheckFailedError(
                        f"The registry refused {subject.name}: {error.message}.",
                        hint=f"Check again: alphapanda schemas check {subject.topic}",
                    ) from error
                done.append(made)
                if made.is_new or made.level is not subject.level:
                    act.details[subject.name] = f"version {made.version}, id {made.id}, {made.level.value}"
                on_step()
        return done


def _compare(topic: TopicName, file: CommittedSchema, level: Level | None) -> SchemaCheck:
    earlier = file.committed
    changed = earlier is None or canonical(earlier) != canonical(file.generated)
    reasons = incompatibilities(file.generated, [earlier], level or Level.BACKWARD) if earlier and changed else []
    return SchemaCheck(topic, file, reasons, changed)
