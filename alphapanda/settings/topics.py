"""The topics that a deployment should have, as its settings overlay the catalogue."""

from __future__ import annotations

from alphapanda.settings.model import Settings
from topics.catalogue import Catalogue, CatalogueEnvironment, Overlay, TopicSpec


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
