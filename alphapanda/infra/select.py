"""Which tier the settings ask for."""

from __future__ import annotations

from collections.abc import Mapping

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.infra.base import Tier
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.external import ExternalTier
from alphapanda.settings import InfraTier, Settings


def tier_for(
    settings: Settings, deployment: Deployment, clock: Clock, *, environ: Mapping[str, str] | None = None
) -> Tier:
    """Return the tier that `INFRA__TIER` names.

    Args:
        settings: all settings.
        deployment: whose servers.
        clock: the time.
        environ: the process's environment; `os.environ` by default.
    """
    if settings.infra.tier is InfraTier.EXTERNAL:
        return ExternalTier(settings)
    return EmbeddedTier(settings.embedded, deployment, clock, environ=environ)
