"""The gate of the verbs that change something: none is forgotten, none passes where settings forbid it."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alphapanda.operations.policy import ACTS, ActPolicy, Demand, Effect
from commands.shell import prompts
from commands.shell.verbs import load_verb, verbs

Call = Callable[..., Any]
WRITERS = frozenset(
    {
        "audited",
        "record_act",
        "open_session",
        "RestartProcesses",
        "SetAside",
        "UndoDeadLetters",
        "EditDeadLetter",
        "prepare_purge",
        "apply_plan",
        "create_missing",
        "register_all",
    }
)


def _leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    if not inner or command.invoke_without_command:
        yield path, command
    for name, child in inner.items():
        yield from _leaves(f"{path} {name}", child)


VERBS = dict(pair for verb in verbs().values() for pair in _leaves(verb.name, load_verb(verb)))
CHANGING: dict[str, ActPolicy] = {name: act for name, act in ACTS.items() if act.effect is Effect.CHANGES}
GATED = sorted(VERBS.keys() & CHANGING.keys())
STOPPING = [path for path in GATED if ACTS[path].stops]


def words_of(path: str) -> list[str]:
    """Return a call that changes something, with words for all that has to be there."""
    verb, act = VERBS[path], ACTS[path]
    needed = ["x" for each in verb.params if each.param_type_name == "argument" and each.required]
    return [*path.split(), *needed, *([f"--{act.only_with}"] if act.only_with else [])]


def test_every_verb_is_in_the_table() -> None:
    assert VERBS.keys() <= ACTS.keys(), "a new verb: say in alphapanda/operations/policy.py what it is"
    assert ACTS.keys() - VERBS.keys() == {"reduce"}  # `halt --reduce`, and a key of its own in the dashboard


def test_what_writes_an_audit_is_gated() -> None:
    """By what the verb's own module names."""
    writing = set()
    for path, verb in VERBS.items():
        module = sys.modules[inspect.unwrap(verb.callback).__module__]
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        if names & WRITERS:
            writing.add(path)
    assert {
        "topics apply",
        "topics bootstrap",
        "groups reset",
        "dlq purge",
        "dlq undo",
        "schemas register",
        "halt",
    } <= writing
    assert writing <= CHANGING.keys()


@pytest.mark.parametrize("path", [path for path in GATED if path not in STOPPING])
def test_a_read_only_deployment_refuses(home: Path, call: Call, path: str) -> None:
    (home / "alphapanda.toml").write_text("[safety]\nread_only = true\n")
    ended = call(*words_of(path))
    assert ended.code == 5, ended.err
    assert "safety.read_only, set in alphapanda.toml:2" in ended.err
    assert [file.name for file in home.iterdir()] == ["alphapanda.toml"]


@pytest.mark.parametrize("path", STOPPING)
def test_a_read_only_deployment_can_still_be_stopped(home: Path, call: Call, path: str) -> None:
    assert STOPPING == ["cancel", "down", "halt"]
    (home / "alphapanda.toml").write_text("[safety]\nread_only = true\n")
    ended = call(*words_of(path), *(("--reason", "x") if ACTS[path].reason else ()))
    assert ended.code != 5
    assert "safety" not in ended.err


@pytest.mark.parametrize("path", [path for path in GATED if ACTS[path].unless])
def test_what_would_be_done_is_still_shown(
    home: Path, call: Call, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFETY__READ_ONLY", "true")
    assert home.is_dir()
    ended = call(*words_of(path), f"--{ACTS[path].unless.replace('_', '-')}")
    assert ended.code != 5
    assert "safety" not in ended.err


@pytest.mark.parametrize("path", [path for path in GATED if ACTS[path].protected is not Demand.NOTHING])
def test_a_protected_deployment_asks_its_name_and_why(
    home: Path, call: Call, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFETY__PROTECTED", "true")
    why = ["--reason", "tested"] if ACTS[path].protected is Demand.NAME_AND_REASON else []
    if why:
        without = call(*words_of(path), "--confirm", home.name)
        assert (without.code, "needs a reason" in without.err) == (5, True), without.err
    unnamed = call(*words_of(path), *why)
    assert (unnamed.code, f"--confirm {home.name}" in unnamed.err) == (5, True), unnamed.err
    assert call(*words_of(path), *why, "--confirm", "elsewhere").code == 5
    passed = call(*words_of(path), *why, "--confirm", f"paper.signals.raw,{home.name}")
    assert "which is protected" not in passed.err


@pytest.mark.parametrize("path", [path for path in GATED if ACTS[path].protected is Demand.NOTHING])
def test_stopping_is_never_hampered(home: Path, call: Call, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFETY__PROTECTED", "true")
    reached: list[str] = []
    monkeypatch.setattr(prompts, "type_name", lambda *_: reached.append(path))
    assert home.is_dir()
    if path != "up":  # it would start servers
        call(*words_of(path))
    assert not reached


def test_settings_that_cannot_be_read_do_not_keep_a_system_from_being_stopped(home: Path, call: Call) -> None:
    (home / "alphapanda.toml").write_text("[safety]\nread_only = true\nnonsense = 1\n")
    assert call("down").code == 0
    assert call("halt", "paper", "--reason", "x").code == 78
