"""Delivery policy: the next step for an event whose processing failed, and its dead letter."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alphapanda.errors import AuthError, DecodeError, MisroutedError, PermanentError, TransientError
from alphapanda.model.records import Header, Outgoing, Record
from topics.dead_letters import FailedStage, ProcessingFailure, Retryable, build_headers
from topics.names import TopicName


class DeliveryPolicy(StrEnum):
    """How a service treats failures. Cancellation never commits, whatever the policy."""

    AT_LEAST_ONCE = "at_least_once"
    """Retry transient failures, dead-letter the others, commit after the outputs are acknowledged."""
    STRICT = "strict"
    """The first failure stops the service: nothing is dead-lettered, nothing skipped."""


class DeliveryAction(StrEnum):
    """The next step for a failed event."""

    RETRY = "retry"
    DEAD_LETTER = "dead_letter"
    DEGRADE = "degrade"
    """Dead-letter it, report that credentials are no longer valid, and keep reading."""
    STOP = "stop"


TRANSIENT_ATTEMPTS = 8
UNEXPECTED_ATTEMPTS = 3


def action_after(policy: DeliveryPolicy, error: Exception, attempt: int) -> DeliveryAction:
    """Return the action after `error` at the `attempt`-th try (from 1)."""
    if policy is DeliveryPolicy.STRICT:
        return DeliveryAction.STOP
    match error:
        case PermanentError():
            return DeliveryAction.DEAD_LETTER
        case AuthError():
            return DeliveryAction.DEGRADE
        case TransientError():
            return DeliveryAction.RETRY if attempt < TRANSIENT_ATTEMPTS else DeliveryAction.DEAD_LETTER
        case _:
            return DeliveryAction.RETRY if attempt < UNEXPECTED_ATTEMPTS else DeliveryAction.DEAD_LETTER


def failure_kind(error: Exception) -> str:
    """Return the kind of failure, for metrics."""
    match error:
        case PermanentError():
            return "permanent"
        case AuthError():
            return "auth"
        case TransientError():
            return "transient"
        case _:
            return "unexpected"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an input was refused, and how often it was tried."""

    error: Exception
    attempts: int


def dead_letter(
    record: Record,
    error: Exception,
    *,
    group: str,
    stage: FailedStage,
    attempts: int,
    now: datetime,
    version: str,
) -> Outgoing:
    """Return the dead letter of `record`: its bytes untouched, its reason in headers, on its topic's `.dlq`."""
    source = TopicName.parse(record.partition.topic)
    failure = ProcessingFailure(
        topic=record.partition.topic,
        partition=record.partition.number,
        offset=record.offset,
        group=group,
        attempts=attempts,
        message=str(error),
        exception=type(error).__qualname__,
        cause=type(error.__cause__).__qualname__ if error.__cause__ else None,
        retryable=_retryable(error),
        stage=stage,
        service=group,
        version=version,
        failed_at=now,
        original_timestamp_ms=record.timestamp_ms,
        traceback=None if isinstance(error, DecodeError | MisroutedError) else _traceback(error),
    )
    return Outgoing(
        topic=str(source.dead_letters),
        key=record.key,
        value=record.value,
        headers=(*build_headers(failure, record.headers), (Header.GROUP.value, group.encode())),
        partition=record.partition.number,
    )


def _retryable(error: Exception) -> Retryable:
    match error:
        case PermanentError():
            return Retryable.NO
        case TransientError():
            return Retryable.YES
        case _:
            return Retryable.UNKNOWN


def _traceback(error: Exception) -> str:
    return "".join(traceback.format_exception(error))
