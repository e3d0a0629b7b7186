"""The dashboard commands a real system: by its keys, and as the command line would."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from aiokafka import AIOKafkaProducer
from textual.pilot import Pilot

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.model.control import EVERYTHING, AuditRecord, Outcome
from alphapanda.model.kinds import EventType, TradingState
from alphapanda.operations.policy import Confirmation
from alphapanda.serialization.codec import decode
from alphapanda.testing.call_path import CallPath
from alphapanda.testing.system import DeploymentSystem
from commands.shell.context import Context
from commands.shell.output import Output
from tui.app import Dashboard
from tui.appearance import Options
from tui.dialogs.confirm import ConfirmDialog
from tui.session import NoLayout
from tui.sources.control import Disposition, Ending, PreparedAction, Selection
from tui.sources.deployment import ConnectDeployment
from tui.sources.deployment_control import DeploymentControl

pytestmark = pytest.mark.kafka
PATIENCE_S = 60.0
MOST_FILES = 14
"""Of the product, from the key that halts a broker to the call that writes to Kafka."""


def context_of(system: DeploymentSystem) -> Context:
    environ = {**os.environ, "ALPHAPANDA_HOME": str(system.root)}
    return Context(Deployment.find(environ), environ, SystemClock(), Output(no_color=True))


def saying(reason: str) -> Confirmation:
    return Confirmation(yes=True, reason=reason)


def no_letters(letters: Selection, disposition: Disposition) -> AbstractAsyncContextManager[PreparedAction]:
    raise AssertionError(letters, disposition)


def audits(system: DeploymentSystem) -> dict[str, AuditRecord]:
    events = [decode(EventType.AUDIT_RECORDED, record.value or b"") for record in system.records("system.audit")]
    return {event.data.action: event.data for event in events if event.source == "tui"}


def test_a_running_system_obeys_the_dashboard(system: DeploymentSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    path = CallPath()
    system("up")
    system.until(lambda: system.fills() > 0)
    context = context_of(system)
    control = DeploymentControl(context.deployment, context.settings(), context.clock, no_letters)

    told = asyncio.run(control.flatten("paper", EVERYTHING, saying("night")))
    assert told.text.startswith("paper is flat (everything): "), told
    assert told.ending is Ending.WHOLE
    assert [item for item in system.items("positions") if item["quantity"]] == []

    assert asyncio.run(control.cancel("paper", EVERYTHING, saying("night"))).ending is Ending.WHOLE

    with monkeypatch.context() as watching:
        for owner, name in (
            (DeploymentControl, "missing"),
            (AIOKafkaProducer, "start"),
            (AIOKafkaProducer, "send"),
        ):
            watching.setattr(owner, name, path.watch(getattr(owner, name)))
        asyncio.run(press_halt(context))
    assert "tui/sources/deployment_control.py" in path.files
    assert "alphapanda/kafka/client.py" in path.files
    assert len(path.files) <= MOST_FILES, path.files

    before = system.pid("trader.paper")
    told = asyncio.run(control.restart("trader.paper", saying("stuck")))
    assert told.text == "trader.paper was restarted and is ready."
    assert system.pid("trader.paper") != before

    told = asyncio.run(control.resume("paper", saying("morning")))
    assert told.text == "paper is ACTIVE: risk.paper and trader.paper obeyed."

    found = audits(system)
    assert {"reduce", "cancel", "flatten", "halt", "restart", "resume"} <= set(found)
    assert {found[action].outcome for action in ("flatten", "halt", "restart", "resume")} == {Outcome.DONE}
    assert found["halt"].reason == "news"
    assert found["restart"].target == "trader.paper"


async def press_halt(context: Context) -> None:
    """Halt the broker by the keys, and see that it is told when both have obeyed."""
    options = Options(control=True, calm=True)
    connect = ConnectDeployment(context.deployment, context.settings, context.clock, no_letters)
    app = Dashboard(connect, context.clock, NoLayout(), options)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.store.money.brokers.get("paper") and app.store.orders.rows)
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press(*"news", "enter")
        await until(pilot, lambda: app.running.under_way or app.running.shown)
        await until(pilot, lambda: not app.running.under_way)
        (act,) = app.running.shown
        assert act.result is not None, act.error
        assert act.result.text == "paper is HALTED: risk.paper and trader.paper obeyed."
        await until(pilot, lambda: app.store.money.brokers["paper"].state is TradingState.HALTED)
    closing = asyncio.all_tasks() - {asyncio.current_task()}
    if closing:  # its sources let go of their connections
        await asyncio.wait(closing, timeout=PATIENCE_S)


async def until(pilot: Pilot[int], is_so: Callable[[], object]) -> None:
    clock = SystemClock()
    end = clock.monotonic() + PATIENCE_S
    while not is_so():
        assert clock.monotonic() < end, "it never came"
        await pilot.pause(0.05)
