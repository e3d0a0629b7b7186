"""What the supervisor does and what goes wrong, as audit records and alerts for the log."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from alphapanda.clock import Clock
from alphapanda.errors import RefusedError, UnknownNameError
from alphapanda.infra.control.outbox import Outbox
from alphapanda.model.control import Alert, AuditRecord, Outcome, Severity
from alphapanda.model.process_status import ProcessState, ProcessStatus
from alphapanda.telemetry.log import Logger

SOURCE = "supervisor"
SIGNAL_ACTOR = "signal"
"""The actor of what a signal to the supervisor started: the sender of a signal is not known."""


def user_name(uid: int | None = None) -> str:
    """Return the name of a user, or `uid N` where the machine has none; the user of this process by default."""
    number = os.getuid() if uid is None else uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"


_CODES = {
    ProcessState.BACKOFF: ("PROCESS_DIED", Severity.WARNING),
    ProcessState.CRASHLOOP: ("PROCESS_CRASHLOOP", Severity.CRITICAL),
    ProcessState.FAILED: ("PROCESS_FAILED", Severity.CRITICAL),
}
_LOSSES = {"ticks": "TICKS_DROPPED", "log lines": "LOG_LINES_DROPPED"}


class IncidentRecorder:
    """Puts audit records and alerts into the outbox; a disk that cannot be written is logged, never raised.

    Args:
        outbox: the queue that the monitor daemon empties.
        clock: the time of records.
        log: the supervisor's.
    """

    def __init__(self, outbox: Outbox, clock: Clock, log: Logger) -> None:
        self._outbox = outbox
        self._clock = clock
        self._log = log

    @contextmanager
    def act(self, actor: str, **names: Iterable[str]) -> Iterator[None]:
        """Record acts on processes and how they ended.

        Args:
            actor: the user who asked for them.
            names: the processes by act: `start`, `stop`, `restart`; an act on none is not recorded.
        """
        targets = {f"process {act}": ",".join(chosen) for act, chosen in names.items()}
        outcome = Outcome.DONE
        try:
            yield
        except (RefusedError, UnknownNameError):
            outcome = Outcome.REFUSED
            raise
        except BaseException:
            outcome = Outcome.FAILED
            raise
        finally:
            for action, target in targets.items():
                if target:
                    self._put(AuditRecord(actor=actor, action=action, target=target, outcome=outcome))

    def on_change(self, before: ProcessState, status: ProcessStatus) -> None:
        """Raise an alert for a process that ended unexpectedly or will not be restarted."""
        if status.state is before or status.state not in _CODES:
            return
        code, severity = _CODES[status.state]
        what = {
            ProcessState.BACKOFF: "ended unexpectedly and is restarted",
            ProcessState.CRASHLOOP: "ended too often in a row and is not restarted",
            ProcessState.FAILED: "ended with an error that no restart heals",
        }[status.state]
        reason = status.reason or status.last_exit or "no reason given"
        self._put(
            Alert(severity=severity, source=status.name, code=code, message=f"{status.name} {what}: {reason}")
        )

    def on_loss(self, process: str, what: str, count: int) -> None:
        """Raise an alert for ticks or log lines that a process dropped."""
        code = _LOSSES.get(what, "DROPPED")
        message = f"{process} dropped {count} {what}"
        self._put(Alert(severity=Severity.WARNING, source=process, code=code, message=message))

    def _put(self, payload: AuditRecord | Alert) -> None:
        try:
            self._outbox.put(self._clock.now(), SOURCE, payload)
        except OSError as error:
            self._log.error("audit record or alert not kept", reason=str(error))
