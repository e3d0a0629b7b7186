"""Every command that the docs show exists with its options; those of the README are run on a running system."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from alphapanda.testing.system import DeploymentSystem
from commands.shell.verbs import verbs

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_SHOWN = re.compile(r"(?:^|[`&|$] *|\.venv/bin/)alphapanda ((?:[a-z]|--version|-h)[^`|&#\n\\]*)", re.MULTILINE)
ENDLESS = {"--watch", "-w", "-f", "--follow"}


def shown(page: Path) -> list[str]:
    """Return the commands that a page shows, without `alphapanda`."""
    blocks = re.findall(r"```(?:sh|console|bash)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8"))
    found = [match.strip() for text in (*blocks, *inline) for match in _SHOWN.findall(text)]
    return sorted({each for each in found if each.split()[0] in {*verbs(), "--version", "-h"}})


COMMANDS = sorted({(page.name, command) for page in PAGES for command in shown(page)})


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_what_the_docs_show_exists(system: DeploymentSystem, page: str, command: str) -> None:
    words = shlex.split(command, comments=True)
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    path = [words[0]]
    for word in words[1:]:
        text = system(*path, "--help").stdout
        if not re.fullmatch(r"[a-z][a-z-]*", word) or not re.search(
            rf"^  {re.escape(word)}( |$)", text, re.MULTILINE
        ):
            break
        path.append(word)
    text = system(*path, "--help").stdout
    missing = [option for option in options if not re.search(rf"{re.escape(option)}\b", text)]
    assert not missing, f"{page} shows `alphapanda {command}`, which has no {' '.join(missing)}"


@pytest.mark.kafka
@pytest.mark.timeout(300)
def test_the_readmes_commands_are_run(system: DeploymentSystem) -> None:
    """In the page's order, but that what stops everything comes last."""
    recording = "Symbol,exchange_timestamp,last_price\n" + "".join(
        f"ALPHA,2025-11-17 12:08:{second:02}.000000,{100 + second % 3}\n" for second in range(50)
    )
    system.write("ticks.csv", recording)
    system.write("alphapanda.toml", '[brokers.paper]\nkind = "paper"\n\n[brokers.paper2]\nkind = "paper"\n')
    system("up")
    system.until(lambda: system.fills() >= 1)
    order = next(row["client_order_id"] for row in system.items("orders") if row["status"] == "FILLED")
    for command in sorted(shown(ROOT / "README.md"), key=lambda text: (text == "down", text != "up", text)):
        words = shlex.split(command.replace("ORDER_ID", order))
        if words == ["tui"]:
            opened_and_quit(system)
        elif words[0] == "init":
            continue  # it writes the files that are here already; tests/unit/commands/test_init.py
        elif ENDLESS & set(words):
            interrupted(system, words)
        elif words == ["doctor"]:
            assert "kafka" in system(*words).stdout.lower()
        else:
            system(*words)
    system.environ["ACTIVE_BROKERS"] = "paper,paper2"
    system("up")
    assert {p["name"] for p in system.status()["processes"]} >= {"trader.paper", "trader.paper2"}


def interrupted(system: DeploymentSystem, words: list[str]) -> None:
    """Run what goes on for ever until it has shown something, and stop it as a person does."""
    with subprocess.Popen(
        [system.program, *words],
        env=system.environment(),
        cwd=system.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 130


def opened_and_quit(system: DeploymentSystem) -> None:
    """Open the dashboard in a terminal, wait for its first screen, and quit."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [system.program, "tui"],
        env=system.environment() | {"TERM": "xterm-256color"},
        cwd=system.root,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        seen = b""
        while b"Overview" not in seen:
            seen += os.read(ours, 65_536)
        os.write(ours, b"q")
        while process.poll() is None:
            drained(ours)
        assert process.returncode == 0
    os.close(ours)


def drained(terminal: int) -> None:
    """Read what a terminal shows; one whose program has ended shows nothing more."""
    with suppress(OSError):
        os.read(terminal, 65_536)
