"""How much a log line matters, and what part of the system it speaks of."""

from __future__ import annotations

from enum import StrEnum

from alphapanda.errors import UnknownNameError


class LogLevel(StrEnum):
    """How much a line matters; each has a `rank` to compare by."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The standard library's number for it."""
        return _RANKS[self]

    @classmethod
    def parse(cls, text: str) -> LogLevel:
        """Return the level that `text` spells, in any case; raises UnknownNameError."""
        lowered = text.strip().lower()
        try:
            return cls(_ALIASES.get(lowered, lowered))
        except ValueError:
            raise UnknownNameError("log level", text, map(str, cls)) from None

    @classmethod
    def of_rank(cls, number: int) -> LogLevel:
        """Return the level for a number of the standard library's: the highest that it reaches."""
        return max(
            (level for level in cls if level.rank <= number), key=lambda level: level.rank, default=cls.DEBUG
        )


_RANKS = {
    LogLevel.DEBUG: 10,
    LogLevel.INFO: 20,
    LogLevel.WARNING: 30,
    LogLevel.ERROR: 40,
    LogLevel.CRITICAL: 50,
}
_ALIASES = {"warn": "warning", "err": "error", "fatal": "critical", "trace": "debug", "notice": "info"}


class Channel(StrEnum):
    """What a line speaks of; each can have its own level (`LOGGING__CHANNELS`)."""

    APP = "app"
    """The life of the process: start, readiness, configuration, shutdown."""
    TRADING = "trading"
    """Signals, orders, fills, risk."""
    MARKET_DATA = "market_data"
    """Ticks, instruments, the feed."""
    BUS = "bus"
    """Kafka, Redis, recovery, dead letters."""
    API = "api"
    """HTTP requests to this process."""
    AUDIT = "audit"
    """What people did."""
