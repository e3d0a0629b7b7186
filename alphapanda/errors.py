"""Every error of ours, in one tree.

::

    AlphaPandaError                 (exit 1)   topics.errors
    ├── UsageError                  (exit 2)   topics.errors
    │   ├── TopicNameError
    │   └── UnknownNameError                   a broker, daemon, strategy, topic that is not there
    ├── CatalogueError              (exit 78)  topics.errors
    ├── ConfigError                 (exit 78)  a settings file or variable
    ├── CheckFailedError            (exit 3)   the check found something
    ├── DependencyError             (exit 4)   topics.errors: Kafka, Redis, the JRE, a download
    │   ├── KafkaUnreachableError
    │   ├── RedisUnreachableError
    │   └── IncompatibleServerError            too old, another cluster
    ├── RefusedError                (exit 5)   topics.errors: a safety rule
    │   └── LogResetError                      the log is shorter than what was remembered
    ├── DeadlineError               (exit 124) topics.errors: a wait ran out
    ├── InvariantError              (exit 1)   a value that cannot be: a bug, or foreign data
    │   └── IllegalTransitionError
    └── HandlerError                           how processing one event failed
        ├── TransientError                     try again
        ├── PermanentError                     to the dead letters at once
        │   ├── DecodeError
        │   └── MisroutedError                 topic, envelope and broker disagree
        └── AuthError                          stop sending, alert, keep reading

Libraries' errors (aiokafka, redis) are translated where they enter: `alphapanda.kafka.errors`,
`alphapanda.state.seam`, `alphapanda.infra`. The command line maps the tree to exit codes in
`alphapanda.exit_codes`, once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from topics.errors import (
    AlphaPandaError,
    CatalogueError,
    DeadlineError,
    DependencyError,
    IncompatibleServerError,
    KafkaUnreachableError,
    RefusedError,
    TopicNameError,
    UsageError,
)

__all__ = [
    "AlphaPandaError",
    "AuthError",
    "CatalogueError",
    "CheckFailedError",
    "ConfigError",
    "DeadlineError",
    "DecodeError",
    "DependencyError",
    "HandlerError",
    "IllegalTransitionError",
    "IncompatibleServerError",
    "InvariantError",
    "KafkaUnreachableError",
    "LogResetError",
    "MisroutedError",
    "PermanentError",
    "RedisUnreachableError",
    "RefusedError",
    "TopicNameError",
    "TransientError",
    "UnknownNameError",
    "UsageError",
    "first_error",
    "nearest",
]


MOST_LISTED = 24
"""The most names that an error lists."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like `name`, or None when nothing is close."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


class UnknownNameError(UsageError):
    """A name that is not there; the message suggests the nearest that is."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, hint: str = "") -> None:
        names = sorted(known)
        near = nearest(name, names)
        suggestion = f"Did you mean {near!r}?" if near else f"Known: {_listed(names)}."
        super().__init__(f"There is no {kind} {name!r}.", hint=f"{suggestion} {hint}".strip())


def _listed(names: list[str]) -> str:
    """Return the names as one line that can still be read: the first ones, and how many more there are."""
    more = len(names) - MOST_LISTED
    shown = ", ".join(names[:MOST_LISTED]) or "none"
    return f"{shown} and {more} more" if more > 0 else shown


class ConfigError(AlphaPandaError):
    """A settings file or an environment variable cannot be used as it is."""


class CheckFailedError(AlphaPandaError):
    """A check ran and found something: drift, a difference, a limit passed."""


class RedisUnreachableError(DependencyError):
    """Redis does not answer or refuses the credentials."""


class LogResetError(RefusedError):
    """The log ends before the offset that was remembered: it is new, or was cut."""


class InvariantError(AlphaPandaError):
    """A value that cannot be."""


class IllegalTransitionError(InvariantError):
    """A state machine was asked for a step that its table does not have."""


class HandlerError(AlphaPandaError):
    """Processing one event failed."""


class TransientError(HandlerError):
    """It may work when tried again: a time-out, a broker that is moving."""


class PermanentError(HandlerError):
    """It will never work for this event: it goes to the dead letters at once."""


class DecodeError(PermanentError):
    """The bytes are not the event that their topic is bound to."""


class MisroutedError(PermanentError):
    """Topic, envelope and configured broker disagree: refused, never corrected."""


class AuthError(HandlerError):
    """Credentials no longer hold: stop sending, alert, keep reading."""


def first_error(failures: BaseExceptionGroup[AlphaPandaError]) -> AlphaPandaError:
    """Return the first error of a group: one clear line instead of many."""
    error: BaseException = failures
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, AlphaPandaError):
        raise TypeError(error)
    return error
