"""Completion: the committed scripts are the generator's, and they work in the shells that are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands.completions import Shell, script
from commands.completions.tree import Offer, Verb, command_tree

Call = Callable[..., Any]
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("shell", Shell)
def test_the_committed_script_is_what_the_generator_makes(shell: Shell) -> None:
    committed = (ROOT / "completions" / f"alphapanda.{shell}").read_text(encoding="utf-8")
    assert committed == script(shell), (
        f"Make it anew: alphapanda completions {shell} > completions/alphapanda.{shell}"
    )


def test_names_come_from_the_deployment(home: Path, call: Call) -> None:
    (home / "alphapanda.toml").write_text('active_brokers = ["paper", "east"]\n[brokers.east]\nkind = "paper"\n')
    assert call("completions", "--names", "brokers").out.split() == ["paper", "east"]
    assert {"feed", "strategies", "risk.east", "trader.paper"} <= set(
        call("completions", "--names", "daemons").out.split()
    )
    topics = call("completions", "--names", "topics").out.split()
    assert {"market.ticks", "east.orders.filled", "paper.orders.filled.dlq"} <= set(topics)


def test_where_settings_are_wrong_nothing_is_offered_and_nothing_said(home: Path, call: Call) -> None:
    (home / "alphapanda.toml").write_text("nonsense\n")
    ended = call("completions", "--names", "brokers")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_no_shell_is_a_usage_error(call: Call) -> None:
    assert call("completions").code == 2


def values(verb: Verb) -> set[Offer]:
    options = {option.value.offer for option in verb.options if option.value is not None}
    return options | {value.offer for value in verb.arguments}


@pytest.mark.parametrize(
    ("path", "offer"),
    [(("logs",), Offer.DAEMONS)],
)
def test_places_that_take_names_offer_them(path: tuple[str, ...], offer: Offer) -> None:
    verbs = {verb.path: verb for verb in command_tree().walk()}
    assert offer in values(verbs[path])


@pytest.fixture
def environ(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `alphapanda` is this source tree's."""
    folder = tmp_path_factory.mktemp("bin")
    command = folder / "alphapanda"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m commands.main "$@"\n')
    command.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "ALPHAPANDA_HOME": str(home), "HOME": str(home)}


CASES = [
    ("", {"config", "init", "completions"}),
    ("conf", {"config"}),
    ("config ", {"show", "check"}),
    ("--debug config s", {"show"}),
    ("config show --js", {"--json"}),
    ("completions ", {"bash", "zsh", "fish"}),
    ("logs ri", {"risk.paper"}),
]


def offered(command: list[str], environ: dict[str, str]) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ, timeout=60)
    assert done.stderr == ""
    return {line.split("\t")[0].strip() for line in done.stdout.splitlines() if line.strip()}


@pytest.mark.parametrize(("line", "expected"), CASES)
def test_bash(line: str, expected: set[str], environ: dict[str, str]) -> None:
    text = f"""
        source {ROOT}/completions/alphapanda.bash
        line='alphapanda {line}'
        read -ra COMP_WORDS <<< "$line"
        [[ $line == *' ' ]] && COMP_WORDS+=("")
        COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
        _alphapanda
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    found = offered(["bash", "-c", text], environ)
    assert expected <= found
    if line:
        assert found <= expected | {""}


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize(("line", "expected"), CASES)
def test_fish(line: str, expected: set[str], environ: dict[str, str]) -> None:
    text = f"source {ROOT}/completions/alphapanda.fish; complete -C 'alphapanda {line}'"
    found = offered(["fish", "--no-config", "-c", text], environ)
    assert expected <= found


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
@pytest.mark.parametrize(("line", "expected"), CASES)
def test_zsh(line: str, expected: set[str], environ: dict[str, str]) -> None:
    text = f"""
        compdef() {{ :; }}
        compadd() {{ [[ $1 == -a ]] && print -l ${{(P)2}} || print -l "$@"; }}
        _describe() {{ for each in ${{(P)2}}; do print -r -- ${{each%%:*}}; done; }}
        source {ROOT}/completions/alphapanda.zsh
        words=(${{(z):-alphapanda {line}}})
        [[ '{line}' == '' || '{line}' == *' ' ]] && words+=('')
        CURRENT=${{#words}}
        _alphapanda
    """
    found = offered(["zsh", "-f", "-c", text], environ)
    assert expected <= found
