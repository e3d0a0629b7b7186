"""Completion: the committed scripts are the generator's, and they work in the shells that are installed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alphapanda.clock import SystemClock
from commands.completions import Shell, script
from commands.completions.tree import CommandNode, command_tree
from commands.shell.completion_names.live_groups import live_groups
from commands.shell.completion_names.offers import Offer

Call = Callable[..., Any]
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


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
    letters = call("completions", "--names", "dead-letters").out.split()
    assert {"east.orders.filled", "east.orders.filled.dlq"} <= set(letters) <= set(topics)
    assert "paper.orders.filled-value" in call("completions", "--names", "subjects").out.split()
    assert {"ema-ticks", "vwap-fade"} <= set(call("completions", "--names", "strategies").out.split())
    groups = call("completions", "--names", "groups").out.split()
    ours = {f"{broker}.{part}" for broker in ("paper", "east") for part in ("risk", "trader")}
    assert set(groups) == {"alphapanda.strategies"} | ours
    assert call("completions", "--names", "nonsense").out == ""


def test_names_are_remembered_until_what_they_come_from_changes(
    home: Path, call: Call, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def brokers() -> list[str]:
        found: list[str] = call("completions", "--names", "brokers").out.split()
        return found

    assert brokers() == ["paper"]
    (file,) = (cache / "alphapanda" / "completion").iterdir()
    told = json.loads(file.read_bytes())
    file.write_text(json.dumps(told | {"names": {"brokers": ["remembered"]}}))
    assert brokers() == ["remembered"]
    (home / "alphapanda.toml").write_text('[brokers.east]\nkind = "paper"\n[brokers.paper]\nkind = "paper"\n')
    assert brokers() == ["paper"]
    monkeypatch.setenv("ACTIVE_BROKERS", "east")
    assert brokers() == ["east"]
    for broken in ("", "{", "[]", '{"of": 1}'):
        file.write_text(broken)
        assert brokers() == ["east"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "alphapanda.toml"))
    assert brokers() == ["east"]


def test_what_is_remembered_is_told_without_the_rest_of_the_program(environ: dict[str, str]) -> None:
    words = ["from commands.main import main", "import sys", "sys.argv[1:] = ['completions', '--names', 'topics']"]
    last = "try:\n    main()\nfinally:\n    print(sorted({'typer', 'pydantic', 'asyncio'} & set(sys.modules)))"
    asked = [sys.executable, "-c", "\n".join([*words, last])]
    found = [
        subprocess.run(asked, capture_output=True, text=True, check=True, env=environ, timeout=60).stdout
        for _ in range(2)
    ]
    first, again = (text.splitlines() for text in found)
    assert again[:-1] == first[:-1]
    assert "market.ticks" in again
    assert (first[-1] != "[]", again[-1]) == (True, "[]")


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request", struct.pack(">i", 1 << 30), b"\0\0\0\4abcd", b""])
def test_a_node_that_answers_nonsense_has_no_groups(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        port = server.getsockname()[1]
        found = live_groups([f"127.0.0.1:{port}"])
        thread.join()
    assert found == []
    assert live_groups([f"127.0.0.1:{port}", "nonsense", ":x", ""]) == []


@pytest.mark.kafka
def test_a_real_kafka_tells_its_groups(servers: Any, unique_name: str) -> None:
    async def join() -> None:
        from alphapanda.kafka.client import KafkaOptions
        from alphapanda.kafka.membership import join_group

        options = KafkaOptions(servers.bootstrap_servers, unique_name)
        async with join_group(options, unique_name, ["__consumer_offsets"], instance="1"):
            await asyncio.to_thread(_until_told, servers.bootstrap_servers, unique_name)

    asyncio.run(join())


def _until_told(bootstrap_servers: str, group: str) -> None:
    clock = SystemClock()
    end = clock.monotonic() + 30
    while group not in live_groups(bootstrap_servers.split(",")):
        assert clock.monotonic() < end
        threading.Event().wait(0.05)


def test_where_settings_are_wrong_nothing_is_offered_and_nothing_said(home: Path, call: Call) -> None:
    (home / "alphapanda.toml").write_text("nonsense\n")
    ended = call("completions", "--names", "brokers")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_no_shell_is_a_usage_error(call: Call) -> None:
    assert call("completions").code == 2


def values(verb: CommandNode) -> set[Offer]:
    options = {option.value.offer for option in verb.options if option.value is not None}
    return options | {value.offer for value in verb.arguments}


@pytest.mark.parametrize(
    ("path", "offer"),
    [
        (("logs",), Offer.DAEMONS),
        (("groups", "reset"), Offer.GROUPS),
        (("groups", "reset"), Offer.TOPICS),
        (("groups", "lag"), Offer.GROUPS),
        (("dlq", "replay"), Offer.DEAD_LETTERS),
        (("dlq", "replay"), Offer.GROUPS),
        (("dlq", "discard"), Offer.DEAD_LETTERS),
        (("topics", "tail"), Offer.TOPICS),
        (("schemas", "check"), Offer.SUBJECTS),
        (("cancel",), Offer.STRATEGIES),
    ],
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
    ("groups reset paper.r", {"paper.risk"}),
    ("dlq replay paper.orders.filled.", {"paper.orders.filled.dlq"}),
    ("schemas check paper.pnl", {"paper.pnl.snapshots-value"}),
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
