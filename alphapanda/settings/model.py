"""All settings as one frozen value, and the topics that follow from them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from alphapanda.errors import InvariantError
from alphapanda.ids import BrokerId
from alphapanda.settings.brokers import BrokerKind, BrokerSettings, PaperBrokerSettings
from alphapanda.settings.sections import (
    ApiSettings,
    DeploymentEnvironment,
    EmbeddedSettings,
    FeedSettings,
    InfraSettings,
    KafkaSettings,
    LoggingSettings,
    Names,
    ProcessLayout,
    RedisSettings,
    SafetySettings,
    Section,
    SerializationSettings,
    SupervisorSettings,
    TracingSettings,
)
from topics.catalogue import Catalogue, CatalogueEnvironment, Overlay, TopicSpec


class SystemSettings(Section):
    """The purpose of this deployment."""

    environment: DeploymentEnvironment = DeploymentEnvironment.DEVELOPMENT
    """development, testing or production: which topic overlay applies, and how strict the checks are."""


class Settings(BaseModel):
    """Everything that can be set. `alphapanda.settings.load` makes it, and knows where each value came from."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    settings: SystemSettings = SystemSettings()
    active_brokers: Names = ("paper",)
    """The brokers that trade, by name, with commas between. Each is configured as [brokers.NAME]."""
    brokers: Mapping[str, BrokerSettings] = Field(default={"paper": PaperBrokerSettings(kind=BrokerKind.PAPER)})
    """Every broker that may be active, by name."""
    safety: SafetySettings = SafetySettings()
    infra: InfraSettings = InfraSettings()
    kafka: KafkaSettings = KafkaSettings()
    serialization: SerializationSettings = SerializationSettings()
    redis: RedisSettings = RedisSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    feed: FeedSettings = FeedSettings()
    logging: LoggingSettings = LoggingSettings()
    tracing: TracingSettings = TracingSettings()
    api: ApiSettings = ApiSettings()
    supervisor: SupervisorSettings = SupervisorSettings()
    process_layout: ProcessLayout = ProcessLayout.SPLIT
    """split: a process for each daemon. compact: risk and trader of a broker share one, for a small machine."""
    redpanda_broker_count: int = Field(default=1, ge=1, le=1_000)
    """The number of Kafka or Redpanda nodes: the highest replication of a topic."""
    topic_partitions_multiplier: int = Field(default=1, ge=1, le=100)
    """Multiplies the partitions of volume topics (market.ticks); decision topics keep theirs."""
    create_dlq_for_all: bool = True
    """Whether every topic has a dead-letter topic; false makes them only where a daemon reads."""
    schema_registry_url: SecretStr = SecretStr("")
    """A Confluent-compatible schema registry: http://[user:password@]host:port."""
    zerodha_api_key: SecretStr = SecretStr("")
    """Short form of [brokers.zerodha] api_key: Kite Connect's API key."""
    zerodha_api_secret: SecretStr = SecretStr("")
    """Short form of [brokers.zerodha] api_secret: Kite Connect's API secret."""
    zerodha_access_token: SecretStr = SecretStr("")
    """Short form of [brokers.zerodha] access_token: Kite Connect's access token of the day."""

    @property
    def environment(self) -> DeploymentEnvironment:
        """Development, testing or production."""
        return self.settings.environment

    @property
    def is_production(self) -> bool:
        """Whether the strict refusals apply."""
        return self.environment is DeploymentEnvironment.PRODUCTION

    @property
    def active(self) -> Mapping[BrokerId, BrokerSettings]:
        """The brokers that trade, in the order that they were named."""
        return {BrokerId(name): self.brokers[name] for name in self.active_brokers}

    def paper_broker(self, name: str) -> PaperBrokerSettings:
        """Return the settings of a paper broker; raises InvariantError for one of another kind."""
        broker = self.brokers[name]
        if not isinstance(broker, PaperBrokerSettings):
            raise InvariantError(f"Broker {name} is of kind {broker.kind}, not paper.")
        return broker


def catalogue_of(settings: Settings) -> Catalogue:
    """Return the declared topics as these settings overlay them."""
    return Catalogue.load(
        Overlay(
            environment=CatalogueEnvironment(settings.environment.value),
            broker_count=settings.redpanda_broker_count,
            partitions_multiplier=settings.topic_partitions_multiplier,
            create_dlq_for_all=settings.create_dlq_for_all,
        )
    )


def declared_topics(settings: Settings) -> tuple[TopicSpec, ...]:
    """Return every topic of the active brokers."""
    return catalogue_of(settings).topics(settings.active_brokers)
