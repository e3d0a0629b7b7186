"""The gate of the verbs that change something: none is forgotten, none passes where settings forbid it."""

from __future__ import annotations

import ast
import inspect
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alphapanda.clock import IST, ManualClock, SystemClock
from alphapanda.deployment import Deployment
from alphapanda.errors import RefusedError
from commands import _safety
from commands._acts import ACTS, LOCAL, LOOKS, Demand
from commands._safety import Said, may_control, permit_live
from commands.shell.context import Context
from commands.shell.output import Output
from commands.shell.root import load_command
from commands.shell.verbs import nouns

Call = Callable[..., Any]
WRITERS = frozenset({"audited", "write_audit", "Controller"})


def _leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    if not inner or command.invoke_without_command:
        yield path, command
    for name, child in inner.items():
        yield from _leaves(f"{path} {name}", child)


VERBS = dict(pair for noun in nouns().values() for pair in _leaves(noun.name, load_command(noun)))
GATED = sorted(VERBS.keys() & ACTS.keys())


def words_of(path: str) -> list[str]:
    """Return a call that changes something, with words for all that has to be there."""
    verb, act = VERBS[path], ACTS[path]
    needed = ["x" for each in verb.params if each.param_type_name == "argument" and each.required]
    return [*path.split(), *needed, *([f"--{act.only_with}"] if act.only_with else [])]


def test_every_verb_is_in_one_table() -> None:
    assert VERBS.keys() <= ACTS.keys() | LOOKS | LOCAL, "a new verb: say in commands/_acts.py what it is"
    assert not ACTS.keys() & (LOOKS | LOCAL)
    assert not LOOKS & LOCAL


def test_what_writes_an_audit_is_gated() -> None:
    """By what the verb's own module names."""
    writing = set()
    for path, verb in VERBS.items():
        module = sys.modules[inspect.unwrap(verb.callback).__module__]
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if names & WRITERS:
            writing.add(path)
    assert {"topics apply", "groups reset", "dlq purge", "dlq undo", "schemas register", "halt"} <= writing
    assert writing <= ACTS.keys()


@pytest.mark.parametrize("path", GATED)
def test_a_read_only_deployment_refuses(home: Path, call: Call, path: str) -> None:
    (home / "alphapanda.toml").write_text("[safety]\nread_only = true\n")
    ended = call(*words_of(path))
    assert ended.code == 5, ended.err
    assert "safety.read_only, set in alphapanda.toml:2" in ended.err
    assert [file.name for file in home.iterdir()] == ["alphapanda.toml"]


@pytest.mark.parametrize("path", [path for path in GATED if ACTS[path].unless])
def test_what_would_be_done_is_still_shown(
    home: Path, call: Call, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFETY__READ_ONLY", "true")
    assert home.is_dir()
    ended = call(*words_of(path), f"--{ACTS[path].unless.replace('_', '-')}")
    assert ended.code != 5
    assert "safety" not in ended.err


@pytest.mark.parametrize("path", [path for path in GATED if ACTS[path].demand is not Demand.NOTHING])
def test_a_protected_deployment_asks_its_name_and_why(
    home: Path, call: Call, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFETY__PROTECTED", "true")
    why = ["--reason", "tested"] if ACTS[path].demand is Demand.NAME_AND_REASON else []
    if why:
        without = call(*words_of(path), "--confirm", home.name)
        assert (without.code, "needs a reason" in without.err) == (5, True), without.err
    unnamed = call(*words_of(path), *why)
    assert (unnamed.code, f"--confirm {home.name}" in unnamed.err) == (5, True), unnamed.err
    assert call(*words_of(path), *why, "--confirm", "elsewhere").code == 5
    passed = call(*words_of(path), *why, "--confirm", f"paper.signals.raw,{home.name}")
    assert "which is protected" not in passed.err


@pytest.mark.parametrize("path", [path for path in GATED if ACTS[path].demand is Demand.NOTHING])
def test_stopping_is_never_hampered(home: Path, call: Call, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFETY__PROTECTED", "true")
    reached: list[str] = []
    monkeypatch.setattr(_safety, "need_name", lambda *_: reached.append(path))
    assert home.is_dir()
    if path != "up":  # it would start servers
        call(*words_of(path))
    assert not reached


def test_settings_that_cannot_be_read_do_not_keep_a_system_from_being_stopped(home: Path, call: Call) -> None:
    (home / "alphapanda.toml").write_text("[safety]\nread_only = true\nnonsense = 1\n")
    assert call("down").code == 0
    assert call("halt", "paper", "--reason", "x").code == 78


@pytest.fixture
def context(home: Path) -> Context:
    sink = Output(stdout=io.StringIO(), stderr=io.StringIO())
    return Context(Deployment(home), {"SAFETY__READ_ONLY": "false"}, SystemClock(), sink)


def test_the_dashboard_only_looks_at_a_read_only_deployment(home: Path, context: Context) -> None:
    assert may_control(context)
    (home / "alphapanda.toml").write_text("[safety]\nread_only = true\n")
    assert not may_control(replace(context, environ={}, _loaded=[]))


def test_the_dashboard_acts_on_a_protected_deployment_once_its_name_was_typed(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    protected = replace(context, environ={"SAFETY__PROTECTED": "true"})
    with pytest.raises(RefusedError, match="no terminal"):
        may_control(protected)
    asked: list[str] = []
    monkeypatch.setattr(Output, "confirm", lambda _self, name, _question, *, flag: asked.append(f"{name} {flag}"))
    assert may_control(protected)
    assert asked == [f"{protected.deployment.root.name} Add --confirm {protected.deployment.root.name}."]


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
    name = "zerodha.orders.filled"
    said = Said(yes=True, confirm=name, reason="tested", glass=False)
    if trades:
        with pytest.raises(RefusedError, match="--break-glass"):
            permit_live(at, "zerodha", name, "Sending 1 record", said)
    else:
        permit_live(at, "zerodha", name, "Sending 1 record", said)
    permit_live(at, "zerodha", name, "Sending 1 record", replace(said, glass=True))
    permit_live(at, "zerodha", name, "Setting 1 aside", replace(said, glass=None))
    for lacking in (replace(said, yes=False), replace(said, reason=" "), replace(said, confirm="zerodha")):
        with pytest.raises(RefusedError):
            permit_live(at, "zerodha", name, "Sending 1 record", replace(lacking, glass=True))
