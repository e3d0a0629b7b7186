"""The life of a supervised process: the legal transitions between its states, and when it is restarted.

Restarts are arithmetic, without a clock, over two counters. `delays` sets the next delay (base ×2 each time,
capped); a run that stayed ready long enough clears it. `shorts` counts runs *in a row* that were short or never
ready. It is not bound to a window of time, so no delay, however long, lets a crash loop run for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from alphapanda.errors import IllegalTransitionError
from alphapanda.exit_codes import ExitCode
from alphapanda.model.process_status import ProcessState


class ProcessTransition(StrEnum):
    """What can happen to a supervised process."""

    START = "start"
    BECOME_READY = "become_ready"
    LOSE_READINESS = "lose_readiness"
    STOP = "stop"
    """Requested by an operator, or by a plan without it."""
    GONE = "gone"
    """The process that was told to stop has ended."""
    FINISH = "finish"
    """A job ended with exit code 0."""
    RETRY = "retry"
    """Ended unexpectedly; is to be restarted."""
    GIVE_UP = "give_up"
    """Ended unexpectedly too often."""
    FAIL = "fail"
    """Ended with an exit code that no restart heals."""


_ENDINGS: Mapping[ProcessTransition, ProcessState] = {
    ProcessTransition.STOP: ProcessState.STOPPING,
    ProcessTransition.RETRY: ProcessState.BACKOFF,
    ProcessTransition.GIVE_UP: ProcessState.CRASHLOOP,
    ProcessTransition.FAIL: ProcessState.FAILED,
}
_AT_REST: Mapping[ProcessTransition, ProcessState] = {
    ProcessTransition.START: ProcessState.STARTING,
    ProcessTransition.STOP: ProcessState.STOPPED,
}

TRANSITIONS: Mapping[ProcessState, Mapping[ProcessTransition, ProcessState]] = MappingProxyType(
    {
        ProcessState.STOPPED: {ProcessTransition.START: ProcessState.STARTING},
        ProcessState.STARTING: {
            ProcessTransition.BECOME_READY: ProcessState.READY,
            ProcessTransition.FINISH: ProcessState.DONE,
            **_ENDINGS,
        },
        ProcessState.READY: {ProcessTransition.LOSE_READINESS: ProcessState.DEGRADED, **_ENDINGS},
        ProcessState.DEGRADED: {ProcessTransition.BECOME_READY: ProcessState.READY, **_ENDINGS},
        ProcessState.STOPPING: {ProcessTransition.GONE: ProcessState.STOPPED},
        ProcessState.BACKOFF: _AT_REST,
        ProcessState.CRASHLOOP: _AT_REST,
        ProcessState.FAILED: _AT_REST,
        ProcessState.DONE: _AT_REST,
    }
)
"""Every legal transition; any other raises."""


def after(state: ProcessState, transition: ProcessTransition) -> ProcessState:
    """Return the state that `transition` leads to from `state`; raises IllegalTransitionError."""
    try:
        return TRANSITIONS[state][transition]
    except KeyError:
        words = transition.replace("_", " ")
        raise IllegalTransitionError(f"A process that is {state} cannot {words}.") from None


NEVER_RETRIED = frozenset({ExitCode.BAD_CONFIG, ExitCode.REFUSED})
"""Exit codes that every retry would end with again, until a person changes something."""


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """The numbers, in seconds where they are times."""

    base_s: float = 1.0
    factor: float = 2.0
    cap_s: float = 60.0
    jitter: float = 0.2
    """The share of a delay by which it may be longer or shorter."""
    short_run_s: float = 10.0
    healthy_run_s: float = 60.0
    max_shorts: int = 5


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run of a process, after its end.

    Attributes:
        uptime_s: from its start (for a gated daemon: from the opening of its gate) to its end.
        ready_s: the longest unbroken time it was ready; None if it never was.
        exit_code: negative for a signal; None if nobody can know (an adopted process).
    """

    uptime_s: float
    ready_s: float | None
    exit_code: int | None


class RestartDecision(StrEnum):
    """What follows from a run that ended unexpectedly."""

    RETRY = "retry"
    GIVE_UP = "give_up"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class RestartHistory:
    """The two counters, kept between the runs of one process."""

    delays: int = 0
    shorts: int = 0

    def after(self, run: RunSummary, policy: RestartPolicy) -> tuple[RestartHistory, RestartDecision]:
        """Return the history with `run` counted, and what follows."""
        if run.exit_code in NEVER_RETRIED:
            return self, RestartDecision.FAIL
        healthy = run.ready_s is not None and run.ready_s >= policy.healthy_run_s
        short = run.ready_s is None or run.uptime_s < policy.short_run_s
        history = RestartHistory(
            delays=1 if healthy else self.delays + 1,
            shorts=self.shorts + 1 if short else 0,
        )
        return history, (RestartDecision.GIVE_UP if history.shorts >= policy.max_shorts else RestartDecision.RETRY)

    def delay_s(self, policy: RestartPolicy, random: float) -> float:
        """Return the seconds until the next start; `random` in [0, 1) places it within the jitter."""
        # The exponent is capped too: 2.0 ** 2000 is an OverflowError.
        doublings = min(max(self.delays - 1, 0), 64)
        plain = min(policy.base_s * policy.factor**doublings, policy.cap_s)
        return plain * (1 + policy.jitter * (2 * random - 1))

    def forgiven(self) -> RestartHistory:
        """Return the history after an operator started the process by hand."""
        return replace(self, delays=0, shorts=0)
