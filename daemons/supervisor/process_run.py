"""One run of one process: its start, its gate, its state reports."""

from __future__ import annotations

from alphapanda.infra.process import ExitStatus, ManagedProcess
from daemons.notify import DaemonNotice
from daemons.supervisor.lifecycle import RunSummary

LOSS_EVERY_S = 60.0
"""A process that drops all the time raises one alert in this many seconds."""


class ProcessRun:
    """A process from its start to its end; all times are of the monotonic clock.

    Attributes:
        process: the process.
        started_at: when it was started, or adopted.
        waits_at_gate: it has started, and waits for the signal that its dependencies are ready.
        gate_open: the signal was sent.
        is_ready: by its last report.
        status: in its own words.
        failure: why the supervisor killed it; empty if it did not.
        lost: what it dropped since its start, by kind.
    """

    def __init__(self, process: ManagedProcess, now: float) -> None:
        self.process = process
        self.started_at = now
        # An adopted process passed its gate long ago.
        self.waits_at_gate = False
        self.gate_open = process.adopted
        self.is_ready = False
        self.status = ""
        self.failure = ""
        self.lost: dict[str, int] = {}
        self._reported: dict[str, tuple[int, float]] = {}
        self._went_on_at = now
        self._heard_at = now
        self._ready_since: float | None = None
        self._longest_ready_s: float | None = None

    def on_notice(self, notice: DaemonNotice, now: float) -> None:
        """Handle a state report."""
        self._heard_at = now
        self.lost.update(notice.lost)
        self.waits_at_gate = self.waits_at_gate or notice.waiting
        if notice.status is not None and not notice.waiting:
            self.status = notice.status
        if notice.ready is True:
            self.mark_ready(now)
        elif notice.ready is False or notice.stopping:
            self._unready_now(now)

    def open_gate(self, now: float) -> None:
        """Note that its gate was opened: its uptime counts from here."""
        self.gate_open = True
        self._went_on_at = now

    def mark_ready(self, now: float) -> None:
        """Note that it is ready."""
        if not self.is_ready:
            self._ready_since = now
        self.is_ready = True

    def silence_s(self, now: float) -> float:
        """Return the time since its last report."""
        return now - self._heard_at

    def uptime_s(self, now: float) -> float:
        """Return how long the process has run."""
        return now - self.started_at

    def summary(self, status: ExitStatus, now: float) -> RunSummary:
        """Return the summary for the restart arithmetic, at the end of the run."""
        self._unready_now(now)
        code = -status.signal if status.signal is not None else status.code
        return RunSummary(uptime_s=now - self._went_on_at, ready_s=self._longest_ready_s, exit_code=code)

    def new_losses(self, now: float) -> dict[str, int]:
        """Return what was dropped since the last call, by kind; each kind at most once per `LOSS_EVERY_S`."""
        found = {}
        for what, total in self.lost.items():
            reported, at = self._reported.get(what, (0, -LOSS_EVERY_S))
            if total > reported and now - at >= LOSS_EVERY_S:
                found[what] = total - reported
                self._reported[what] = total, now
        return found

    def _unready_now(self, now: float) -> None:
        if self._ready_since is not None:
            self._longest_ready_s = max(self._longest_ready_s or 0.0, now - self._ready_since)
        self._ready_since = None
        self.is_ready = False
