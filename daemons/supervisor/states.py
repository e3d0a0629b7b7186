"""The states of one supervised process, and the only steps between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from alphapanda.errors import IllegalTransitionError


class State(StrEnum):
    """How a supervised process stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    """Running, or about to: waits for what it needs, recovers."""
    READY = "ready"
    DEGRADED = "degraded"
    """Was ready; says itself that it is not now, or has gone silent."""
    STOPPING = "stopping"
    """Told to stop; drains."""
    BACKOFF = "backoff"
    """Ended unasked; starts again when its delay is over."""
    CRASHLOOP = "crashloop"
    """Ended too often in a row; an operator starts it again."""
    FAILED = "failed"
    """Ended with an exit code that no restart heals: 78 (bad configuration) or 5 (refused by a safety rule)."""
    DONE = "done"
    """A job that ended well."""

    @property
    def is_up(self) -> bool:
        """Whether what needs this process may go on."""
        return self in _UP

    @property
    def has_process(self) -> bool:
        """Whether there is, or is about to be, a process."""
        return self in _WITH_PROCESS

    @property
    def is_stuck(self) -> bool:
        """Whether nothing happens any more without an operator."""
        return self in _STUCK


class ProcessTransition(StrEnum):
    """What can happen to a supervised process."""

    START = "start"
    BECOME_READY = "become_ready"
    LOSE_READINESS = "lose_readiness"
    STOP = "stop"
    """An operator's wish, or a plan's that no longer has it."""
    GONE = "gone"
    """The process that was told to stop has ended."""
    FINISH = "finish"
    """A job's process ended with exit code 0."""
    RETRY = "retry"
    """Ended unasked and is to start again."""
    GIVE_UP = "give_up"
    """Ended unasked once too often."""
    FAIL = "fail"
    """Ended with an exit code that no restart heals."""


_UP = frozenset({State.READY, State.DEGRADED, State.DONE})
_WITH_PROCESS = frozenset({State.STARTING, State.READY, State.DEGRADED, State.STOPPING})
_STUCK = frozenset({State.CRASHLOOP, State.FAILED})

_ENDINGS: Mapping[ProcessTransition, State] = {
    ProcessTransition.STOP: State.STOPPING,
    ProcessTransition.RETRY: State.BACKOFF,
    ProcessTransition.GIVE_UP: State.CRASHLOOP,
    ProcessTransition.FAIL: State.FAILED,
}
_AT_REST: Mapping[ProcessTransition, State] = {
    ProcessTransition.START: State.STARTING,
    ProcessTransition.STOP: State.STOPPED,
}

TRANSITIONS: Mapping[State, Mapping[ProcessTransition, State]] = MappingProxyType(
    {
        State.STOPPED: {ProcessTransition.START: State.STARTING},
        State.STARTING: {
            ProcessTransition.BECOME_READY: State.READY,
            ProcessTransition.FINISH: State.DONE,
            **_ENDINGS,
        },
        State.READY: {ProcessTransition.LOSE_READINESS: State.DEGRADED, **_ENDINGS},
        State.DEGRADED: {ProcessTransition.BECOME_READY: State.READY, **_ENDINGS},
        State.STOPPING: {ProcessTransition.GONE: State.STOPPED},
        State.BACKOFF: _AT_REST,
        State.CRASHLOOP: _AT_REST,
        State.FAILED: _AT_REST,
        State.DONE: _AT_REST,
    }
)
"""Every legal step; what is not here raises."""


def after(state: State, step: ProcessTransition) -> State:
    """Return the state that `step` leads to from `state`; raises IllegalTransitionError."""
    try:
        return TRANSITIONS[state][step]
    except KeyError:
        raise IllegalTransitionError(f"A process that is {state} cannot {step.replace('_', ' ')}.") from None
