"""Settings of one broker: `[brokers.NAME]`, by its kind."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from alphapanda.model.kinds import TradingMode
from alphapanda.settings.sections import Section


class BrokerKind(StrEnum):
    """The executor of a broker's orders."""

    PAPER = "paper"
    ZERODHA = "zerodha"

    @property
    def mode(self) -> TradingMode:
        """How near to real money it trades."""
        return TradingMode.PAPER if self is BrokerKind.PAPER else TradingMode.LIVE


class PaperBrokerSettings(Section):
    """A broker inside this system, which matches orders against the ticks."""

    kind: Literal[BrokerKind.PAPER]
    """Executor of the orders. paper: this system, any number side by side. zerodha: not in this release."""
    latency_ms: int = Field(default=0, ge=0, le=60_000)
    """Time of an order's way to the simulated exchange, in market time, milliseconds."""


class ZerodhaBrokerSettings(Section):
    """An account at Zerodha, reached through Kite Connect."""

    kind: Literal[BrokerKind.ZERODHA]
    """Executor of the orders."""
    api_key: SecretStr = SecretStr("")
    """Kite Connect's API key, kind zerodha. ZERODHA_API_KEY is short for the broker named zerodha."""
    api_secret: SecretStr = SecretStr("")
    """Kite Connect's API secret, kind zerodha. ZERODHA_API_SECRET is short for the broker named zerodha."""
    access_token: SecretStr = SecretStr("")
    """Kite Connect's access token of the day, kind zerodha; short for the broker zerodha: ZERODHA_ACCESS_TOKEN."""


BrokerSettings = Annotated[PaperBrokerSettings | ZerodhaBrokerSettings, Field(discriminator="kind")]
"""One broker. Its name is the prefix of its topics, keys and groups."""

BROKER_SECTIONS: tuple[type[Section], ...] = (PaperBrokerSettings, ZerodhaBrokerSettings)
"""The tables that `[brokers.NAME]` may be."""

CREDENTIALS = ("api_key", "api_secret", "access_token")
"""The secrets of a broker of kind zerodha."""

SHORT_FORM_BROKER = "zerodha"
"""The broker with a short form of its credentials: ZERODHA_API_KEY, without its table."""

SHORT_FORMS = tuple(f"{SHORT_FORM_BROKER}_{name}" for name in CREDENTIALS)
"""The settings of that short form."""
