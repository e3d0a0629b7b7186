"""Asking before an act: what is typed passes, what is missing is refused."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from alphapanda.clock import IST, ManualClock, SystemClock
from alphapanda.deployment import Deployment
from alphapanda.errors import RefusedError
from alphapanda.model.kinds import TradingMode
from alphapanda.operations.policy import Confirmation, Target
from commands.shell.context import Context
from commands.shell.output import Output
from commands.shell.prompts import confirm_control, permit


@pytest.fixture
def context(home: Path) -> Context:
    sink = Output(stdout=io.StringIO(), stderr=io.StringIO())
    return Context(Deployment(home), {"SAFETY__READ_ONLY": "false"}, SystemClock(), sink)


def test_the_dashboard_of_a_read_only_deployment_says_that_it_can_only_stop(home: Path, context: Context) -> None:
    assert confirm_control(context) == frozenset()
    assert isinstance(context.output.stderr, io.StringIO)
    assert not context.output.stderr.getvalue()
    (home / "alphapanda.toml").write_text("[safety]\nread_only = true\n")
    assert confirm_control(replace(context, environ={}, _loaded=[])) == frozenset()
    said = context.output.stderr.getvalue()
    assert "safety.read_only, set in alphapanda.toml:2" in said
    assert "only halt, reduce and cancel work" in said


def test_the_dashboard_acts_on_a_protected_deployment_once_its_name_was_typed(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    protected = replace(context, environ={"SAFETY__PROTECTED": "true"})
    with pytest.raises(RefusedError, match="no terminal"):
        confirm_control(protected)
    asked: list[str] = []
    monkeypatch.setattr(Output, "confirm", lambda _self, name, _question, *, flag: asked.append(f"{name} {flag}"))
    name = protected.deployment.root.name
    assert confirm_control(protected) == {name}
    assert asked == [f"{name} Add --confirm {name}."]


@pytest.mark.parametrize(
    ("moment", "trades"),
    [
        ("2026-01-05T08:59", False),
        ("2026-01-05T09:00", True),
        ("2026-01-05T12:00", True),
        ("2026-01-05T15:59", True),
        ("2026-01-05T16:00", False),
        ("2026-01-04T12:00", False),
    ],
)
def test_while_the_exchange_trades_glass_has_to_be_broken(context: Context, moment: str, trades: bool) -> None:
    clock = ManualClock(datetime.fromisoformat(moment).replace(tzinfo=IST))
    at = replace(context, clock=clock)
    target = Target("zerodha.orders.filled", "zerodha", TradingMode.LIVE)
    given = Confirmation(yes=True, names=frozenset({target.name}), reason="tested")
    if trades:
        with pytest.raises(RefusedError, match="--break-glass"):
            permit(at, "dlq replay", target, "Sending 1 record", given)
    else:
        permit(at, "dlq replay", target, "Sending 1 record", given)
    permit(at, "dlq replay", target, "Sending 1 record", replace(given, break_glass=True))
    permit(at, "dlq discard", target, "Setting 1 aside", given)
    for lacking in (
        replace(given, yes=False),
        Confirmation.given(yes=True, confirm=target.name, reason=" "),
        replace(given, names=frozenset({"zerodha"})),
    ):
        with pytest.raises(RefusedError):
            permit(at, "dlq replay", target, "Sending 1 record", replace(lacking, break_glass=True))
