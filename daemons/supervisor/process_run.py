"""One run of one process: its start, its gate, its state reports."""

from __future__ import annotations

from alphapanda.infra.process import ExitStatus, ManagedProcess
from daemons.notify import DaemonNotice
from daemons.supervisor.lifecycle import RunSummary


class ProcessRun:
    """A process from its start to its end; all times are of the monotonic clock.

    Attributes:
        process: the process.
        started_at: when it was started, or adopted.
        waits_at_gate: it has started up, and waits to be told that what it needs is ready.
        may_go_on: it was told.
        is_ready: as it said last.
        status: in its own words.
        verdict: why it had to be ended; empty if it had not.
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
        self._went_on_at = now
        self._heard_at = now
        self._ready_since: float | None = None
        self._longest_ready_s: float | None = None

    def on_notice(self, notice: DaemonNotice, now: float) -> None:
        """Handle a state report."""
        self._heard_at = now
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

    def _unready_now(self, now: float) -> None:
        if self._ready_since is not None:
            self._longest_ready_s = max(self._longest_ready_s or 0.0, now - self._ready_since)
        self._ready_since = None
        self.is_ready = False
