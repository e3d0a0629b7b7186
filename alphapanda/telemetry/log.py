"""What code needs of a logger: the type that is passed around, without the library behind it."""

from __future__ import annotations

from typing import Protocol, Self, runtime_checkable


@runtime_checkable
class Logger(Protocol):
    """A logger with values bound to it. No call of it raises, and none waits for a disk.

    The event is a short constant text; what varies goes into the values: `log.info("order filled", quantity=5)`.
    """

    def bind(self, **values: object) -> Self:
        """Return a logger whose lines carry these values too; `channel=` moves it to another channel."""
        ...

    def debug(self, event: str, /, **values: object) -> None:
        """Write what helps to find a fault."""
        ...

    def info(self, event: str, /, **values: object) -> None:
        """Write what an operator may want to know."""
        ...

    def warning(self, event: str, /, **values: object) -> None:
        """Write what is not as it should be, though work goes on."""
        ...

    def error(self, event: str, /, **values: object) -> None:
        """Write what failed."""
        ...

    def exception(self, event: str, /, **values: object) -> None:
        """Write what failed, with the exception that is being handled."""
        ...

    def critical(self, event: str, /, **values: object) -> None:
        """Write what ends the process."""
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
