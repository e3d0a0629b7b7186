"""What a topic should be, as values: the specification of one, and the overlay of one deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from topics.errors import CatalogueError
from topics.names import TopicName


class CatalogueEnvironment(StrEnum):
    """Which values of the catalogue hold (`SETTINGS__ENVIRONMENT`)."""

    DEVELOPMENT = "development"
    TESTING = "testing"
    PRODUCTION = "production"


class CleanupPolicy(StrEnum):
    """What Kafka does with old records; its own spelling (topic config `cleanup.policy`)."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """How a deployment differs from the catalogue as it is written.

    Attributes:
        environment: selects the value where the catalogue has one for each environment.
        broker_count: Kafka nodes; replication is never higher.
        partitions_multiplier: how far volume topics are widened.
        create_dlq_for_all: whether topics that no daemon reads get a dead-letter topic, too.
    """

    environment: CatalogueEnvironment = CatalogueEnvironment.DEVELOPMENT
    broker_count: int = 1
    partitions_multiplier: int = 1
    create_dlq_for_all: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "environment", CatalogueEnvironment(self.environment))
        for name in ("broker_count", "partitions_multiplier"):
            if getattr(self, name) < 1:
                raise CatalogueError(f"{name} is {getattr(self, name)}; it must be 1 or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """What one topic should be.

    Attributes:
        name: its name.
        event_type: the `type` of the envelopes in it; for dead letters, of those that failed.
        partitions: how many.
        replication_factor: copies of each record.
        configs: Kafka's topic configs that we decide, in Kafka's spelling.
        key: what the record's key is, in words.
        payload: `module:Struct` of the envelope's data.
        producers: who writes it.
        consumers: who reads it.
        description: one sentence.
        volume: whether it scales out over partitions.
    """

    name: TopicName
    event_type: str
    partitions: int
    replication_factor: int
    configs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    key: str
    payload: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    description: str
    volume: bool

    @property
    def retention_ms(self) -> int:
        """How long records are kept, in milliseconds; -1 for ever."""
        return int(self.configs["retention.ms"])

    @property
    def max_message_bytes(self) -> int:
        """The largest record batch that Kafka takes."""
        return int(self.configs["max.message.bytes"])
