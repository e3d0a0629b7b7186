"""Load `strategies.toml` and `risk.toml`: the structs are their packages', the strictness is ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alphapanda.deployment import Deployment
from alphapanda.ids import BrokerId

if TYPE_CHECKING:
    from alphapanda.risk.limits import RiskLimits
    from alphapanda.strategies.config import StrategyConfig


def load_strategies(deployment: Deployment) -> tuple[StrategyConfig, ...]:
    """Return the strategies that `strategies.toml` configures, or the built-in ones where there is no file."""
    raise NotImplementedError(deployment)


def load_risk(deployment: Deployment, broker: BrokerId) -> RiskLimits:
    """Return the limits of `broker`: its own over those of all, from `risk.toml`; defaults where there is no file."""
    raise NotImplementedError(deployment, broker)
