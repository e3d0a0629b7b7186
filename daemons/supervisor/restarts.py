"""When to start a process again that ended unasked, and when to give up: arithmetic, no clock.

Two counters. `delays` sets the next delay (base ×2 each time, capped) and is cleared by a run that stayed ready
long enough. `shorts` counts runs *in a row* that were short or never ready; it is not bound to any window of
time, so that no delay, however long, lets a crash loop go on for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from alphapanda.exit_codes import ExitCode

NEVER_RETRIED = frozenset({ExitCode.BAD_CONFIG, ExitCode.REFUSED})
"""What ends a process so will end it so again, until a person changes something."""


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
class Run:
    """One life of a process.

    Attributes:
        uptime_s: from its start (for a daemon that waited for others: from when it could go on) to its end.
        ready_s: how long its last unbroken time of readiness was; None if it never was ready.
        exit_code: what it ended with, negative for a signal; None if nobody can know (an adopted process).
    """

    uptime_s: float
    ready_s: float | None
    exit_code: int | None


class RestartDecision(StrEnum):
    """What follows from a run that ended unasked."""

    RETRY = "retry"
    GIVE_UP = "give_up"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class RestartHistory:
    """What is remembered between the runs of one process."""

    delays: int = 0
    shorts: int = 0

    def after(self, run: Run, policy: RestartPolicy) -> tuple[RestartHistory, RestartDecision]:
        """Return what to remember of `run`, and what follows."""
        if run.exit_code in NEVER_RETRIED:
            return self, RestartDecision.FAIL
        healthy = run.ready_s is not None and run.ready_s >= policy.healthy_run_s
        short = run.ready_s is None or run.uptime_s < policy.short_run_s
        tally = RestartHistory(
            delays=1 if healthy else self.delays + 1,
            shorts=self.shorts + 1 if short else 0,
        )
        return tally, RestartDecision.GIVE_UP if tally.shorts >= policy.max_shorts else RestartDecision.RETRY

    def delay_s(self, policy: RestartPolicy, chance: float) -> float:
        """Return the seconds to wait before the next start; `chance` in [0, 1) places it within the jitter."""
        # The exponent is capped too: 2.0 ** 2000 is an OverflowError.
        doublings = min(max(self.delays - 1, 0), 64)
        plain = min(policy.base_s * policy.factor**doublings, policy.cap_s)
        return plain * (1 + policy.jitter * (2 * chance - 1))

    def forgiven(self) -> RestartHistory:
        """Return the tally after an operator started the process by hand."""
        return replace(self, delays=0, shorts=0)
