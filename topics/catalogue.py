"""The declared topics of one deployment: what each should be, and which event belongs to which."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from topics.declaration import (
    BROKER_PLACE,
    BROKER_STAND_IN,
    CatalogueFile,
    Declaration,
    duration_ms,
    longer_retention,
    read_catalogue,
)
from topics.errors import TopicNameError
from topics.names import SHARED_SCOPES, TopicName, check_broker_name
from topics.services import LOOKS_ON, readers_of, writers_of
from topics.spec import CatalogueEnvironment, CleanupPolicy, Overlay, TopicSpec

__all__ = ["Catalogue", "CatalogueEnvironment", "CleanupPolicy", "Overlay", "TopicSpec"]

_REPLICAS_FOR_TWO_IN_SYNC = 3
"""With three copies one may be lost and writing goes on; with fewer, one in sync must do."""


class Catalogue:
    """The declared topics under one overlay."""

    def __init__(self, declared: CatalogueFile, overlay: Overlay) -> None:
        self._file = declared
        self._overlay = overlay
        self._by_type = {entry.event_type: entry for entry in declared.topics}
        self._by_form = {_form(entry.topic(BROKER_STAND_IN)): entry for entry in declared.topics}
        self._names: dict[tuple[str, str], TopicName] = {}

    @classmethod
    def load(cls, overlay: Overlay | None = None, *, text: str | None = None) -> Catalogue:
        """Return the catalogue that ships, or the one in `text`, under `overlay`; raises CatalogueError."""
        return cls(read_catalogue(text), overlay or Overlay())

    @property
    def overlay(self) -> Overlay:
        """The overlay it was loaded under."""
        return self._overlay

    @property
    def event_types(self) -> tuple[str, ...]:
        """Every event type that has a topic, as declared."""
        return tuple(self._by_type)

    @property
    def declarations(self) -> tuple[Declaration, ...]:
        """The entries as they are written, for documentation."""
        return self._file.topics

    def topics(self, brokers: Iterable[str]) -> tuple[TopicSpec, ...]:
        """Return every topic of a deployment of `brokers`, each followed by its dead letters.

        Shared topics come first, then broker by broker; raises TopicNameError for a broker's name.
        """
        scopes = [check_broker_name(broker) for broker in brokers]
        names = [entry.topic("") for entry in self._file.topics if entry.is_shared]
        names += [entry.topic(scope) for scope in scopes for entry in self._file.topics if not entry.is_shared]
        specs = []
        for name in names:
            specs.append(self.spec(name))
            if self.has_dead_letters(name):
                specs.append(self.spec(name.dead_letters))
        return tuple(specs)

    def topic_of(self, event_type: str, broker: str) -> TopicName:
        """Return the topic that events of `event_type` of `broker` belong to.

        For shared topics `broker` is `market` or `system`; anything else is a contradiction and raises
        TopicNameError, as does a type that has no topic.
        """
        known = self._names.get((event_type, broker))
        if known is not None:
            return known
        entry = self._by_type.get(event_type)
        if entry is None:
            raise TopicNameError(f"Events of type {event_type!r} have no topic.", hint=_types_hint(self._by_type))
        name = entry.topic(broker)
        if name.scope != broker:
            raise TopicNameError(
                f"An event of type {event_type!r} belongs to {name.scope}, not to {broker!r}.",
                hint=f"Its topic is {name}.",
            )
        self._names[event_type, broker] = name
        return name

    def declaration_of(self, name: TopicName) -> Declaration:
        """Return the entry that a topic, or its source, is made from; raises TopicNameError."""
        return self._entry(name)

    def event_type_of(self, name: TopicName) -> str:
        """Return the type of the events in `name` (of its source, for dead letters); raises TopicNameError."""
        return self._entry(name).event_type

    def has_dead_letters(self, name: TopicName) -> bool:
        """Whether `name` has a dead-letter topic under this overlay; raises TopicNameError."""
        return is_processed(self._entry(name)) or self._overlay.create_dlq_for_all

    def spec(self, name: TopicName) -> TopicSpec:
        """Return what `name` should be; raises TopicNameError if nothing of that form is declared.

        The name's broker need not be active.
        """
        entry = self._entry(name)
        if name.dlq:
            return self._dead_letter_spec(entry, name)
        return self._spec(entry, name, entry.retention_in(self._overlay.environment))

    def _entry(self, name: TopicName) -> Declaration:
        entry = self._by_form.get(_form(name))
        if entry is None:
            raise TopicNameError(f"{name} is not in the catalogue.", hint="alphapanda topics list shows what is.")
        return entry

    def _spec(self, entry: Declaration, name: TopicName, retention_ms: int) -> TopicSpec:
        overlay = self._overlay
        partitions = entry.partitions_in(overlay.environment)
        replication = min(self._file.replication, overlay.broker_count)
        return TopicSpec(
            name=name,
            event_type=entry.event_type,
            partitions=partitions * overlay.partitions_multiplier if entry.volume else partitions,
            replication_factor=replication,
            configs=MappingProxyType(
                {
                    "cleanup.policy": str(entry.cleanup_policy),
                    "max.message.bytes": str(self._file.max_message_bytes),
                    "min.insync.replicas": "2" if replication >= _REPLICAS_FOR_TWO_IN_SYNC else "1",
                    "retention.ms": str(retention_ms),
                }
            ),
            key=entry.key,
            payload=entry.payload,
            producers=_places(writers_of(entry.name), name),
            consumers=_places(readers_of(entry.name), name),
            description=entry.description,
            volume=entry.volume,
        )

    def _dead_letter_spec(self, entry: Declaration, name: TopicName) -> TopicSpec:
        """Return the dead letters' topic: as many partitions, so that a key's order stays; never compacted.

        Compaction would drop all but the last failure of a key.
        """
        rule = self._file.dead_letters
        source = self.spec(name.source)
        retention = longer_retention(source.retention_ms, duration_ms(rule.retention))
        configs = {
            **source.configs,
            "cleanup.policy": CleanupPolicy.DELETE.value,
            "max.message.bytes": str(source.max_message_bytes + rule.extra_message_bytes),
            "retention.ms": str(retention),
        }
        return TopicSpec(
            name=name,
            event_type=entry.event_type,
            partitions=source.partitions,
            replication_factor=source.replication_factor,
            configs=MappingProxyType(configs),
            key=f"as in {name.source}",
            payload=entry.payload,
            producers=tuple(reader for reader in source.consumers if reader not in LOOKS_ON),
            consumers=("operator",),
            description=f"Records of {name.source} that could not be processed, with the reason in their headers.",
            volume=entry.volume,
        )


def is_processed(entry: Declaration) -> bool:
    """Return whether a service reads a declared topic and may fail on a record of it."""
    return any(reader not in LOOKS_ON for reader in readers_of(entry.name))


def _form(name: TopicName) -> tuple[str, str, str]:
    """Return what two topics have in common that differ only in their broker or in `.dlq`."""
    return (name.scope if name.scope in SHARED_SCOPES else "", name.domain, name.event_type)


def _places(names: tuple[str, ...], topic: TopicName) -> tuple[str, ...]:
    """Return `names` with the broker filled in, where the topic has one."""
    if topic.is_shared:
        return names
    return tuple(name.replace(BROKER_PLACE, topic.scope) for name in names)


def _types_hint(known: Iterable[str]) -> str:
    return f"Known: {', '.join(known)}."
