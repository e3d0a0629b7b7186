"""The daemons as the supervisor sees them, in values of our own, so that a past moment can be shown too."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class DaemonState(StrEnum):
    """How a process stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    STOPPING = "stopping"
    BACKOFF = "backoff"
    CRASHLOOP = "crashloop"
    FAILED = "failed"
    DONE = "done"

    @property
    def is_well(self) -> bool:
        """Whether it does its work, or has done it."""
        return self in {DaemonState.READY, DaemonState.DONE}

    @property
    def is_bad(self) -> bool:
        """Whether somebody should look."""
        return self in {DaemonState.BACKOFF, DaemonState.CRASHLOOP, DaemonState.FAILED, DaemonState.DEGRADED}


class Daemon(msgspec.Struct, frozen=True, kw_only=True):
    """One process.

    Attributes:
        name: of it.
        kind: what sort of process it is, in the supervisor's word.
        state: how it stands.
        reason: why, in its own words.
        since: when it came to this state.
        pid: None where there is no process.
        uptime_s: of the process.
        cpu_percent: of one core.
        rss_bytes: resident memory.
        restarts: starts after the first; None where they were not counted.
        last_exit: how its last run ended.
        adopted: whether an earlier supervisor started it.
        needs: what it waits for.
        retry_in_s: until its next start.
    """

    name: str
    kind: str
    state: DaemonState
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
    retry_in_s: float | None = None


class SystemView(msgspec.Struct, frozen=True, kw_only=True):
    """All processes at one moment.

    Attributes:
        at: when.
        daemons: in dependency order, the supervisor last.
    """

    at: datetime
    daemons: tuple[Daemon, ...]


class System:
    """How the processes stand.

    Attributes:
        daemons: by name.
        at: when that was true; None before anybody said.
        of_past: whether it is a past moment, of which nobody knows what the processes cost.
    """

    def __init__(self) -> None:
        self.of_past = False
        self.daemons: dict[str, Daemon] = {}
        self.at: datetime | None = None

    def fold(self, view: SystemView) -> None:
        """Take how all stand."""
        self.at = view.at
        for daemon in view.daemons:
            if self.daemons.get(daemon.name) != daemon:
                self.daemons[daemon.name] = daemon
        names = {daemon.name for daemon in view.daemons}
        for name in [name for name in self.daemons if name not in names]:
            del self.daemons[name]

    def clear(self) -> None:
        """Nothing runs any more, or nobody says so."""
        self.daemons.clear()

    @property
    def well(self) -> int:
        """How many do their work."""
        return sum(daemon.state.is_well for daemon in self.daemons.values())

    @property
    def bad(self) -> list[Daemon]:
        """Those that somebody should look at."""
        return [daemon for daemon in self.daemons.values() if daemon.state.is_bad]
