"""The logger type that is passed around, with levels and channels, without the library behind it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol, Self, runtime_checkable

from alphapanda.errors import UnknownNameError


class LogLevel(StrEnum):
    """The severity of a line; each has a `rank` to compare by."""

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
    """The subject of a line; each channel can have its own level (`LOGGING__CHANNELS`)."""

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


@runtime_checkable
class Logger(Protocol):
    """A logger with values bound to it. No call of it raises, and none waits for a disk.

    The event is a short constant text; what varies goes into the values: `log.info("order filled", quantity=5)`.
    """

    def bind(self, **values: object) -> Self:
        """Return a logger whose lines carry these values too; `channel=` moves it to another channel."""
        ...

    def debug(self, event: str, /, **values: object) -> None:
        """Write a detail for debugging."""
        ...

    def info(self, event: str, /, **values: object) -> None:
        """Write an event that an operator may want to see."""
        ...

    def warning(self, event: str, /, **values: object) -> None:
        """Write a problem that does not stop the work."""
        ...

    def error(self, event: str, /, **values: object) -> None:
        """Write a failure."""
        ...

    def exception(self, event: str, /, **values: object) -> None:
        """Write a failure, with the exception that is being handled."""
        ...

    def critical(self, event: str, /, **values: object) -> None:
        """Write why the process ends."""
        ...


class SilentLogger:
    """A logger that writes nothing: for tests, and for tools that use a part of the system without its logs."""

    def bind(self, **_values: object) -> Self:
        """Return itself."""
        return self

    def debug(self, event: str, /, **values: object) -> None:
        """Write nothing."""

    def info(self, event: str, /, **values: object) -> None:
        """Write nothing."""

    def warning(self, event: str, /, **values: object) -> None:
        """Write nothing."""

    def error(self, event: str, /, **values: object) -> None:
        """Write nothing."""

    def exception(self, event: str, /, **values: object) -> None:
        """Write nothing."""

    def critical(self, event: str, /, **values: object) -> None:
        """Write nothing."""
