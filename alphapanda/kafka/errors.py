"""The one place where aiokafka's errors become ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalStateError,
    IncompatibleBrokerVersion,
    KafkaError,
    MessageSizeTooLargeError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    UnrecognizedBrokerVersion,
    UnsupportedVersionError,
)

from alphapanda.errors import (
    AlphaPandaError,
    AuthError,
    DeadlineError,
    DependencyError,
    IncompatibleServerError,
    InvariantError,
    KafkaUnreachableError,
    PermanentError,
    TransientError,
)

_REFUSED = (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)
_DOCTOR = "Run: alphapanda doctor"
_TOO_OLD = (IncompatibleBrokerVersion, UnrecognizedBrokerVersion, UnsupportedVersionError)


@contextmanager
def kafka_errors(doing: str, *, connecting: bool = False) -> Iterator[None]:
    """Translate aiokafka's errors while `doing` something, e.g. `reading paper.orders.filled`.

    Args:
        doing: the act, in words that end a sentence.
        connecting: whether any failure means that no Kafka is there.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # aiokafka cancels its own requests when a connection breaks; nobody cancelled this task.
        raise TransientError(f"Kafka's connection broke while {doing}.") from error
    except KafkaError as error:
        raise _ours(error, doing, connecting=connecting) from error


def _ours(error: KafkaError, doing: str, *, connecting: bool) -> AlphaPandaError:
    match error:
        case error if isinstance(error, _REFUSED):
            ours: AlphaPandaError = AuthError(f"Kafka refused the credentials while {doing}: {error}.")
        case error if isinstance(error, _TOO_OLD):
            ours = IncompatibleServerError(
                f"This Kafka cannot be worked with ({error}), seen while {doing}.",
                hint="AlphaPanda needs Apache Kafka 2.3 or newer, or Redpanda.",
            )
        case UnknownTopicOrPartitionError():
            hint = "Run: alphapanda topics bootstrap"
            ours = DependencyError(f"A topic is missing while {doing}: {error}.", hint=hint)
        case MessageSizeTooLargeError():
            ours = PermanentError(f"A record is larger than its topic takes, while {doing}: {error}.")
        case IllegalStateError():
            ours = InvariantError(f"The client was used wrongly while {doing}: {error}.")
        case RequestTimedOutError() if connecting:
            ours = DeadlineError(f"Kafka did not answer in time while {doing}.", hint=_DOCTOR)
        case _ if connecting:
            ours = KafkaUnreachableError(f"Kafka did not answer while {doing}: {error}.", hint=_DOCTOR)
        case _ if error.retriable:
            ours = TransientError(f"Kafka did not answer while {doing}: {error}.", hint=_DOCTOR)
        case _:
            ours = DependencyError(f"Kafka failed while {doing}: {error!r}.", hint=_DOCTOR)
    return ours
