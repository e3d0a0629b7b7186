"""What is set for one broker."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from alphapanda.model.kinds import TradingMode
from alphapanda.settings.base import Section


class BrokerKind(StrEnum):
    """Who executes a broker's orders."""

    PAPER = "paper"
    ZERODHA = "zerodha"

    @property
    def mode(self) -> TradingMode:
        """How near to real money it trades."""
        return TradingMode.PAPER if self is BrokerKind.PAPER else TradingMode.LIVE


class BrokerSettings(Section):
    """One broker: `[brokers.NAME]`. Its name is the prefix of its topics, keys and groups."""

    kind: BrokerKind
    """Who executes the orders: paper (inside this system). Any number of paper brokers may run side by side."""
    latency_ms: int = Field(default=0, ge=0, le=60_000)
    """How long an order takes to reach the simulated exchange, in the market's own time, milliseconds."""
