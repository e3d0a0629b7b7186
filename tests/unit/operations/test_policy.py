"""The rules of every act: stopping is never hampered, and what takes risk asks the same in both faces."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alphapanda.errors import AlphaPandaError, RefusedError, UsageError
from alphapanda.model.kinds import TradingMode
from alphapanda.operations.policy import (
    ACTS,
    Ask,
    Confirmation,
    Demand,
    Effect,
    Missing,
    Need,
    Rule,
    Target,
    TypedName,
    Wall,
    decide,
    refusal,
)
from alphapanda.settings.sections import SafetySettings

OPEN = SafetySettings()
READ_ONLY = SafetySettings(read_only=True)
PROTECTED = SafetySettings(protected=True)
PAPER = Target("paper", "paper", TradingMode.PAPER)
LIVE = Target("zerodha", "zerodha", TradingMode.LIVE)
WHY = Confirmation(reason="tested")
CHANGING = sorted(name for name, act in ACTS.items() if act.effect is Effect.CHANGES)
STOPS = [name for name in CHANGING if ACTS[name].stops]
WALLED = [name for name in CHANGING if ACTS[name].live is not Wall.NONE]


def needs(
    name: str, safety: SafetySettings, target: Target, given: Confirmation, *, exchange_open: bool = True
) -> list[Need]:
    missing = decide(ACTS[name], safety, "desk", target, given, exchange_open=exchange_open)
    return [one.need for one in missing]


@pytest.mark.parametrize("name", STOPS)
@pytest.mark.parametrize("safety", [OPEN, READ_ONLY, PROTECTED, SafetySettings(read_only=True, protected=True)])
@pytest.mark.parametrize("target", [PAPER, LIVE])
def test_to_stop_is_never_hampered(name: str, safety: SafetySettings, target: Target) -> None:
    given = replace(WHY, yes=True)
    assert {"halt", "reduce", "cancel", "down"} == set(STOPS)
    assert needs(name, safety, target, given) == []


@pytest.mark.parametrize("name", ["resume", "flatten", "restart", "dlq replay", "dlq edit"])
def test_what_takes_risk_demands_the_name_and_a_reason_of_a_live_broker(name: str) -> None:
    given = Confirmation(yes=True, break_glass=True)
    assert needs(name, OPEN, LIVE, given) == [Need.REASON, Need.NAME]
    assert needs(name, OPEN, LIVE, replace(given, reason="tested")) == [Need.NAME]
    assert needs(name, OPEN, LIVE, replace(given, reason="tested", names=frozenset({"zerodha"}))) == []


@pytest.mark.parametrize("name", WALLED)
def test_a_broker_whose_mode_is_shadow_is_behind_the_wall_too(name: str) -> None:
    shadow = Target("zerodha", "zerodha", TradingMode.SHADOW)
    assert Need.NAME in needs(name, OPEN, shadow, replace(WHY, yes=True, break_glass=True))


@pytest.mark.parametrize("name", WALLED)
def test_while_the_exchange_trades_the_glass_is_broken_for_what_sends_or_removes_records(name: str) -> None:
    given = Confirmation(yes=True, names=frozenset({"zerodha"}), reason="tested")
    wanted = [Need.BREAK_GLASS] if ACTS[name].live is Wall.BREAK_GLASS else []
    assert needs(name, OPEN, LIVE, given) == wanted
    assert needs(name, OPEN, LIVE, given, exchange_open=False) == []
    assert needs(name, OPEN, LIVE, replace(given, break_glass=True)) == []
    assert {each for each in WALLED if ACTS[each].live is Wall.BREAK_GLASS} == {
        "dlq replay",
        "dlq edit",
        "dlq purge",
        "groups reset",
    }


@pytest.mark.parametrize("name", CHANGING)
def test_a_paper_broker_asks_for_no_more_than_a_yes(name: str) -> None:
    assert needs(name, OPEN, PAPER, replace(WHY, yes=True)) == []
    asked = {Ask.NOTHING: [], Ask.YES: [Need.YES], Ask.NAME: [Need.NAME]}[ACTS[name].asks]
    assert needs(name, OPEN, PAPER, WHY) == asked


@pytest.mark.parametrize("name", [name for name in CHANGING if name not in STOPS])
def test_a_read_only_deployment_refuses_whatever_is_given(name: str) -> None:
    given = Confirmation(yes=True, names=frozenset({"desk", "paper"}), reason="tested", break_glass=True)
    assert needs(name, READ_ONLY, PAPER, given) == [Need.WRITABLE]


@pytest.mark.parametrize("name", CHANGING)
def test_a_protected_deployment_demands_its_own_name(name: str) -> None:
    act, given = ACTS[name], Confirmation(yes=True)
    missing = decide(act, PROTECTED, "desk", PAPER, given, exchange_open=False)
    named = [one for one in missing if one.need is Need.NAME]
    assert named == ([Missing(Need.NAME, Rule.PROTECTED, "desk")] if act.protected is not Demand.NOTHING else [])
    reason = any(one.need is Need.REASON for one in missing)
    assert reason is (act.reason or act.protected is Demand.NAME_AND_REASON)
    assert not decide(
        act, PROTECTED, "desk", PAPER, replace(WHY, yes=True, names=frozenset({"desk"})), exchange_open=False
    )


@pytest.mark.parametrize("name", WALLED)
def test_an_act_behind_the_wall_says_which_name_it_wants(name: str) -> None:
    assert ACTS[name].typed is not TypedName.NONE


def test_nothing_is_asked_of_what_changes_nothing() -> None:
    for act in ACTS.values():
        if act.effect is not Effect.CHANGES:
            assert not decide(act, READ_ONLY, "desk", LIVE, Confirmation(), exchange_open=True)
            assert not act.changes({})


def test_names_given_ahead_are_separated_by_commas() -> None:
    assert Confirmation.given(confirm=" paper , desk,", reason=" why ") == Confirmation(
        names=frozenset({"paper", "desk"}), reason="why"
    )


@pytest.mark.parametrize(
    ("missing", "kind", "says"),
    [
        (Missing(Need.WRITABLE, Rule.READ_ONLY), RefusedError, "read-only: safety.read_only, set in a.toml:2."),
        (Missing(Need.REASON, Rule.ACT), UsageError, "Resume needs a reason."),
        (Missing(Need.REASON, Rule.PROTECTED), RefusedError, "this deployment is protected"),
        (
            Missing(Need.REASON, Rule.LIVE),
            RefusedError,
            "zerodha is not a paper broker. Resume it needs a reason.",
        ),
        (Missing(Need.BREAK_GLASS, Rule.LIVE), RefusedError, "--break-glass while the exchange trades"),
        (Missing(Need.NAME, Rule.LIVE, "zerodha"), RefusedError, "--confirm zerodha"),
        (Missing(Need.YES, Rule.LIVE, "zerodha"), RefusedError, "--yes and the name zerodha"),
        (Missing(Need.YES, Rule.ACT), RefusedError, "no terminal to ask on. Add --yes."),
    ],
)
def test_a_refusal_says_what_is_missing_and_what_to_type(
    missing: Missing, kind: type[AlphaPandaError], says: str
) -> None:
    error = refusal(missing, ACTS["resume"], LIVE, "Resume it", place="a.toml:2")
    assert type(error) is kind
    assert says in f"{error.message} {error.hint}"
