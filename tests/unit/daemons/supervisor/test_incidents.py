"""Audit records and alerts of the supervisor, in the outbox."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alphapanda.clock import ManualClock
from alphapanda.errors import UnknownNameError
from alphapanda.infra.control.outbox import Outbox
from alphapanda.model.control import Alert, AuditRecord, Outcome, Severity
from alphapanda.model.process_status import ProcessState, ProcessStatus, UnitKind
from alphapanda.telemetry.log import SilentLogger
from daemons.supervisor.incidents import IncidentRecorder

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox", capacity=3)


@pytest.fixture
def recorder(outbox: Outbox) -> IncidentRecorder:
    return IncidentRecorder(outbox, ManualClock(NOW), SilentLogger())


def payloads(outbox: Outbox) -> list[AuditRecord | Alert]:
    return [event.payload for event in outbox.waiting()]


def status(state: ProcessState) -> ProcessStatus:
    return ProcessStatus(name="feed", kind=UnitKind.DAEMON, state=state, since=NOW, reason="killed by SIGKILL")


def test_an_act_is_recorded_with_its_actor_and_processes(outbox: Outbox, recorder: IncidentRecorder) -> None:
    with recorder.act("ada", start=("feed", "risk"), stop=()):
        pass
    assert payloads(outbox) == [
        AuditRecord(actor="ada", action="process start", target="feed,risk", outcome=Outcome.DONE)
    ]


def test_a_refused_act_and_one_that_failed_are_recorded_too(outbox: Outbox, recorder: IncidentRecorder) -> None:
    with pytest.raises(UnknownNameError), recorder.act("ada", restart=("fed",)):
        raise UnknownNameError("process", "fed", ["feed"])
    with pytest.raises(OSError, match="full"), recorder.act("ada", stop=("feed",)):
        raise OSError("full")
    assert [each.outcome for each in payloads(outbox) if isinstance(each, AuditRecord)] == [
        Outcome.REFUSED,
        Outcome.FAILED,
    ]


@pytest.mark.parametrize(
    ("state", "code", "severity"),
    [
        (ProcessState.BACKOFF, "PROCESS_DIED", Severity.WARNING),
        (ProcessState.CRASHLOOP, "PROCESS_CRASHLOOP", Severity.CRITICAL),
        (ProcessState.FAILED, "PROCESS_FAILED", Severity.CRITICAL),
    ],
)
def test_a_process_that_ends_unexpectedly_raises_an_alert(
    outbox: Outbox, recorder: IncidentRecorder, state: ProcessState, code: str, severity: Severity
) -> None:
    recorder.on_change(ProcessState.READY, status(state))
    recorder.on_change(state, status(state))  # another reason in the same state is no other alert
    (alert,) = payloads(outbox)
    assert isinstance(alert, Alert)
    assert (alert.code, alert.severity, alert.source) == (code, severity, "feed")
    assert "killed by SIGKILL" in alert.message


def test_an_ordinary_change_raises_none(outbox: Outbox, recorder: IncidentRecorder) -> None:
    for state in (ProcessState.STARTING, ProcessState.READY, ProcessState.STOPPING, ProcessState.STOPPED):
        recorder.on_change(ProcessState.DEGRADED, status(state))
    assert len(outbox) == 0


def test_dropped_ticks_raise_an_alert(outbox: Outbox, recorder: IncidentRecorder) -> None:
    recorder.on_loss("feed", "ticks", 12)
    (alert,) = payloads(outbox)
    assert isinstance(alert, Alert)
    assert (alert.code, alert.message) == ("TICKS_DROPPED", "feed dropped 12 ticks")


def test_a_full_outbox_drops_its_oldest_and_counts_it(outbox: Outbox, recorder: IncidentRecorder) -> None:
    for count in range(1, 6):
        recorder.on_loss("feed", "ticks", count)
    messages = [each.message for each in payloads(outbox) if isinstance(each, Alert)]
    assert messages == [f"feed dropped {count} ticks" for count in (3, 4, 5)]
    assert outbox.dropped == 2


def test_what_is_removed_is_gone_and_the_rest_outlives_the_process(outbox: Outbox, tmp_path: Path) -> None:
    recorder = IncidentRecorder(outbox, ManualClock(NOW), SilentLogger())
    recorder.on_loss("feed", "ticks", 1)
    recorder.on_loss("feed", "ticks", 2)
    first, second = outbox.waiting()
    outbox.remove(first)
    assert [event.id for event in Outbox(tmp_path / "outbox").waiting()] == [second.id]


def test_a_damaged_file_is_set_aside(outbox: Outbox, recorder: IncidentRecorder, tmp_path: Path) -> None:
    recorder.on_loss("feed", "ticks", 1)
    (tmp_path / "outbox" / "0.json").write_bytes(b"{")
    assert len(list(outbox.waiting())) == 1
    assert (tmp_path / "outbox" / "0.unreadable").exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    IncidentRecorder(Outbox(tmp_path / "outbox"), ManualClock(NOW), SilentLogger()).on_loss("feed", "ticks", 1)
    tmp_path.chmod(0o700)
