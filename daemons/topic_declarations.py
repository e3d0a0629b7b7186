"""The topics that a deployment should have, by its settings."""

from __future__ import annotations

from alphapanda.settings import Settings
from topics.catalogue import Catalogue, Environment, Overlay, TopicSpec


def declared_topics(settings: Settings) -> tuple[TopicSpec, ...]:
    """Return every topic of the active brokers under the settings' overlay."""
    overlay = Overlay(
        environment=Environment(settings.environment.value),
        broker_count=settings.redpanda_broker_count,
        partitions_multiplier=settings.topic_partitions_multiplier,
        create_dlq_for_all=settings.create_dlq_for_all,
    )
    return Catalogue.load(overlay).topics(settings.active_brokers)
