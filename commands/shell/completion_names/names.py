"""The names that completion offers: they depend on the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alphapanda.errors import AlphaPandaError
from commands.shell.completion_names.offers import SERVERS, Offer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alphapanda.settings import Settings
    from commands.shell.context import Context


def names_of(context: Context) -> dict[str, Sequence[str]]:
    """Return the deployment's names of every kind, as its files have them; raises ConfigError."""
    from topics.catalogue import Catalogue
    from topics.services import groups_of

    settings = context.settings()
    topics = [spec.name for spec in Catalogue.load().topics(settings.active_brokers)]
    sources = [str(name) for name in topics if not name.dlq]
    letters = [str(name) for name in topics if name.dlq]
    return {
        Offer.BROKERS: list(settings.active_brokers),
        Offer.DAEMONS: _daemons(settings),
        Offer.TOPICS: [*sources, *letters],
        Offer.DEAD_LETTERS: [*[name.removesuffix(".dlq") for name in letters], *letters],
        Offer.SUBJECTS: [f"{name}-value" for name in sources],
        Offer.STRATEGIES: _strategies(context),
        Offer.GROUPS: groups_of(settings.active_brokers),
        SERVERS: _servers(context),
    }


def _daemons(settings: Settings) -> list[str]:
    from daemons.catalogue import services

    return [spec.name for spec in services(settings)]


def _strategies(context: Context) -> list[str]:
    from alphapanda.pipeline.documents import load_strategies

    try:
        return sorted(config.id for config in load_strategies(context.deployment))
    except AlphaPandaError:
        return []


def _servers(context: Context) -> list[str]:
    from commands.shell.reading import endpoints_of

    try:
        return endpoints_of(context).bootstrap_servers.split(",")
    except AlphaPandaError:
        return []  # nothing was ever started here
