"""Delivery policy: one named value that says what becomes of an event whose processing failed."""

from __future__ import annotations

from enum import StrEnum

from alphapanda.errors import AuthError, PermanentError, TransientError


class DeliveryPolicy(StrEnum):
    """How a service treats failures. Cancellation never commits, whatever the policy."""

    AT_LEAST_ONCE = "at_least_once"
    """Retry what may pass, dead-letter what cannot, commit after the outputs are acknowledged."""
    STRICT = "strict"
    """The first failure stops the service: nothing is dead-lettered, nothing skipped."""


class DeliveryAction(StrEnum):
    """What to do with a failed event now."""

    RETRY = "retry"
    DEAD_LETTER = "dead_letter"
    DEGRADE = "degrade"
    """Dead-letter it, say that credentials no longer hold, and keep reading."""
    STOP = "stop"


TRANSIENT_ATTEMPTS = 8
UNEXPECTED_ATTEMPTS = 3


def judge(policy: DeliveryPolicy, error: Exception, attempt: int) -> DeliveryAction:
    """Return what follows from `error` at the `attempt`-th try (from 1)."""
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


def kind_of(error: Exception) -> str:
    """Return what kind of failure it is, for metrics."""
    match error:
        case PermanentError():
            return "permanent"
        case AuthError():
            return "auth"
        case TransientError():
            return "transient"
        case _:
            return "unexpected"
