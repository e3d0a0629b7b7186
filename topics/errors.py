"""The root of every error of ours, and those of the ground floor.

The whole tree is drawn in `alphapanda.errors`.
"""

from __future__ import annotations


class AlphaPandaError(Exception):
    """Anything this program can explain: what happened, to what, and what to type next.

    Attributes:
        message: what happened, to what; one line.
        hint: the next thing to do, usually a command; empty where there is none.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(AlphaPandaError, ValueError):
    """The words of a call are wrong: an unknown name, a value out of range."""


class TopicNameError(UsageError):
    """A string is not `{broker}.{domain}.{event_type}[.dlq]`, `market.{event_type}`, `system.{event_type}`."""


class CatalogueError(AlphaPandaError):
    """The declared catalogue of topics contradicts itself."""


class DependencyError(AlphaPandaError):
    """Something this program needs cannot be reached or had."""


class KafkaUnreachableError(DependencyError):
    """No Kafka answers at the bootstrap servers."""


class IncompatibleServerError(DependencyError):
    """A server answers but cannot be worked with: too old, or not the one expected."""


class RefusedError(AlphaPandaError):
    """A safety rule forbids it."""


class DeadlineError(AlphaPandaError):
    """A bounded wait ran out."""
