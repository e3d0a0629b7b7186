"""An act is recorded however it ends, and stands though its record cannot be written."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress

import pytest

from alphapanda.clock import SystemClock
from alphapanda.errors import DependencyError, RefusedError
from alphapanda.kafka.log import Log
from alphapanda.model.control import Outcome
from alphapanda.model.kinds import EventType
from alphapanda.operations import audit
from alphapanda.operations.audit import Audit, AuditSource, current_actor
from alphapanda.serialization.codec import decode
from alphapanda.testing.memory_log import MemoryLog


@pytest.mark.parametrize("error", [KeyError("uid not found"), OSError("no username")])
def test_a_user_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def nobody() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert current_actor() == f"uid {os.getuid()}"


def recorder(
    opened: Callable[[], AbstractAsyncContextManager[Log]], told: list[str], source: AuditSource = AuditSource.CLI
) -> Audit:
    return Audit(opened, SystemClock(), source=source, on_unwritten=told.append, actor="panda")


async def test_every_ending_is_recorded() -> None:
    log, told = MemoryLog({"system.audit": 1}, SystemClock()), list[str]()
    audits = recorder(lambda: nullcontext(log), told, AuditSource.TUI)
    async with audits.audited("halt", "paper", reason="news") as act:
        act.details["obeyed_by"] = "risk.paper"
    with suppress(RefusedError):
        async with audits.audited("resume", "paper"):
            raise RefusedError("no")
    with suppress(ValueError):
        async with audits.audited("flatten", "paper"):
            raise ValueError
    async with audits.audited("up", "desk") as act:
        act.outcome = Outcome.FAILED
    async with audits.audited("schemas register", "registry", always=False):
        pass  # nothing changed, nothing to record
    events = [decode(EventType.AUDIT_RECORDED, record.value or b"") for record in log.records("system.audit")]
    assert [(event.data.action, event.data.outcome.value) for event in events] == [
        ("halt", "done"),
        ("resume", "refused"),
        ("flatten", "failed"),
        ("up", "failed"),
    ]
    first = events[0]
    assert (first.source, first.data.actor, first.data.target) == ("tui", "panda", "paper")
    assert (first.data.reason, first.data.details) == ("news", {"obeyed_by": "risk.paper"})
    assert not told


class Unreachable(AbstractAsyncContextManager[Log]):
    """A log that cannot be opened."""

    async def __aenter__(self) -> Log:
        raise DependencyError("Kafka does not answer.")

    async def __aexit__(self, *_: object) -> None: ...


class Hanging(Unreachable):
    """A log that never opens."""

    async def __aenter__(self) -> Log:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize(("opened", "says"), [(Unreachable, "does not answer"), (Hanging, "did not acknowledge")])
async def test_an_act_stands_though_its_record_cannot_be_written(
    opened: Callable[[], AbstractAsyncContextManager[Log]], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "WRITE_WITHIN_S", 0.05)
    told: list[str] = []
    async with recorder(opened, told).audited("halt", "paper"):
        pass
    assert len(told) == 1
    assert says in told[0]
