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
from commands.shell.prompts import confirm_control, permit, type_name


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


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
    name = protected.deployment.root.name
    monkeypatch.setattr("sys.stdin", Terminal(f"{name}\n"))
    sink = Output(stdout=io.StringIO(), stderr=Terminal())
    assert confirm_control(replace(protected, output=sink)) == {name}
    assert isinstance(sink.stderr, Terminal)
    assert f"Type {name} to go on" in sink.stderr.getvalue()


def test_without_a_terminal_nothing_is_asked(context: Context) -> None:
    with pytest.raises(RefusedError, match="no terminal") as caught:
        type_name(context, "prod", "Delete all?", flag="Pass --yes.")
    assert caught.value.hint == "Pass --yes."
    with pytest.raises(RefusedError) as caught:
        type_name(context, "prod", "Delete all?")
    assert caught.value.hint == "Add --confirm prod."
    type_name(context, "prod", "Delete all?", frozenset({"prod"}))


@pytest.mark.parametrize(("typed", "goes_on"), [("prod\n", True), ("yes\n", False), ("", False)])
def test_the_name_must_be_typed(
    context: Context, typed: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    sink = Output(stdout=io.StringIO(), stderr=Terminal())
    at = replace(context, output=sink)
    if goes_on:
        type_name(at, "prod", "Delete all?")
    else:
        with pytest.raises(RefusedError, match="nothing was changed"):
            type_name(at, "prod", "Delete all?")
    assert isinstance(sink.stderr, Terminal)
    assert sink.stderr.getvalue() == "Delete all? Type prod to go on: "


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
