"""The state of one supervised process: what the supervisor reports, and `status` and the dashboard show."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class UnitKind(StrEnum):
    """What a supervised process does."""

    INFRA = "infra"
    JOB = "job"
    """Runs once and ends; exit code 0 lets the processes that need it start."""
    DAEMON = "daemon"


class OrphanPolicy(StrEnum):
    """What happens to a process when its supervisor is killed."""

    STOP = "stop"
    """It drains and ends: no order flow without supervision."""
    SURVIVE = "survive"
    """It keeps running, and the next supervisor adopts it."""


class ProcessState(StrEnum):
    """The state of a supervised process."""

    STOPPED = "stopped"
    STARTING = "starting"
    """Running, or about to: waits for its dependencies, recovers."""
    READY = "ready"
    DEGRADED = "degraded"
    """Was ready; now reports that it is not, or is silent."""
    STOPPING = "stopping"
    """Told to stop; drains."""
    BACKOFF = "backoff"
    """Ended unexpectedly; restarts after a delay."""
    CRASHLOOP = "crashloop"
    """Ended too often in a row; an operator must restart it."""
    FAILED = "failed"
    """Ended with an exit code that no restart heals: 78 (bad configuration) or 5 (refused by a safety rule)."""
    DONE = "done"
    """A job that succeeded."""

    @property
    def is_up(self) -> bool:
        """Whether processes that need this one may start."""
        return self in _UP

    @property
    def has_process(self) -> bool:
        """Whether a process exists or is about to."""
        return self in _WITH_PROCESS

    @property
    def is_stuck(self) -> bool:
        """Whether it stays as it is until an operator acts."""
        return self in _STUCK

    @property
    def is_well(self) -> bool:
        """Whether it does its work, or has done it."""
        return self in _WELL

    @property
    def is_bad(self) -> bool:
        """Whether an operator should look at it."""
        return self in _BAD


_UP = frozenset({ProcessState.READY, ProcessState.DEGRADED, ProcessState.DONE})
_WITH_PROCESS = frozenset(
    {ProcessState.STARTING, ProcessState.READY, ProcessState.DEGRADED, ProcessState.STOPPING}
)
_STUCK = frozenset({ProcessState.CRASHLOOP, ProcessState.FAILED})
_WELL = frozenset({ProcessState.READY, ProcessState.DONE})
_BAD = _STUCK | {ProcessState.BACKOFF, ProcessState.DEGRADED}


class ProcessStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One process.

    Attributes:
        name: unique in the deployment.
        kind: infrastructure, job or daemon.
        state: see `ProcessState`.
        reason: why it is not ready, in its own words; or a note while it is.
        since: when it entered this state.
        pid: None without a process.
        uptime_s: of the process.
        cpu_percent: of one core, over the last sampling interval; None before the second sample.
        rss_bytes: resident memory.
        restarts: starts after the first, under this supervisor, requested or not; None where not counted.
        last_exit: how its last run ended; empty before that.
        adopted: whether an earlier supervisor started it.
        needs: the processes that must be up before it starts.
        orphan: what happens to it if the supervisor is killed.
        url: where it serves HTTP; empty where it does not.
        retry_in_s: until the next start, in state backoff.
    """

    name: str
    kind: UnitKind
    state: ProcessState
    reason: str = ""
    since: datetime
    pid: int | None = None
    uptime_s: float | None = None
    cpu_percent: float | None = None
    rss_bytes: int | None = None
    restarts: int | None = 0
    last_exit: str = ""
    adopted: bool = False
    needs: tuple[str, ...] = ()
    orphan: OrphanPolicy = OrphanPolicy.STOP
    url: str = ""
    retry_in_s: float | None = None
