"""The names that completion offers: they depend on the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.completions.tree import Offer

if TYPE_CHECKING:
    from alphapanda.settings import Settings


def names_of(kind: str, settings: Settings) -> list[str]:
    """Return the deployment's names of one kind: brokers, daemons, topics; none of a kind that is not known."""
    match kind:
        case Offer.BROKERS:
            return list(settings.active_brokers)
        case Offer.DAEMONS:
            from daemons.catalogue import services

            return [spec.name for spec in services(settings)]
        case Offer.TOPICS:
            from topics.catalogue import Catalogue

            return [str(spec.name) for spec in Catalogue.load().topics(settings.active_brokers)]
        case _:
            return []
