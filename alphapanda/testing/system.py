"""One whole deployment in a folder, driven by its command line as a user does."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.tiers import tier_for
from alphapanda.kafka.client import KafkaOptions, open_read_log
from alphapanda.kafka.group_admin import open_groups
from alphapanda.kafka.reading import read_all
from alphapanda.model.records import Record
from alphapanda.settings import load

PROGRAM = Path(sys.executable).with_name("alphapanda")
PATIENCE_S = 90.0


@dataclass
class DeploymentSystem:
    """One deployment and the commands that are typed in it.

    Attributes:
        root: its folder.
        environ: variables beside those that every process needs.
        program: the command line.
    """

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    program: Path = PROGRAM

    def __call__(self, *words: str, code: int = 0, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `alphapanda` with these words and check its exit code."""
        done = self._run(*words, stdin=stdin)
        told = (
            f"alphapanda {' '.join(words)} ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}"
        )
        assert done.returncode == code, told
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def environment(self) -> dict[str, str]:
        """Return the environment that its command line runs in."""
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "XDG_CACHE_HOME") if name in os.environ
        }
        return kept | {"ALPHAPANDA_HOME": str(self.root)} | self.environ

    def write(self, name: str, text: str) -> None:
        """Write a file into the folder."""
        (self.root / name).write_text(text, encoding="utf-8")

    def items(self, *words: str) -> list[dict[str, Any]]:
        """Return the items that a reading verb shows."""
        found: list[dict[str, Any]] = json.loads(self(*words, "--json").stdout)["items"]
        return found

    def status(self) -> dict[str, Any]:
        """Return what `status --json` says; a system that is not running says so too."""
        done = self._run("status", "--json")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def pid(self, name: str) -> int:
        """Return a process's id; 0 while it is not there."""
        status = self.status()
        everyone = [status["supervisor"], *status["processes"]]
        return int(next(p["pid"] or 0 for p in everyone if p["name"] == name))

    def until(self, what: Callable[[], Any], *, patience_s: float = PATIENCE_S) -> Any:
        """Ask again and again until the answer is true, and return it."""
        clock = SystemClock()
        end = clock.monotonic() + patience_s
        while not (found := what()):
            assert clock.monotonic() < end, f"still not so after {patience_s:g} s\n{self._run('status').stdout}"
            time.sleep(0.1)  # noqa: TID251 - another process is asked again
        return found

    def _run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *words],
            env=self.environment(),
            cwd=self.root,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=180,
            check=False,
        )

    def fills(self, broker: str = "paper") -> int:
        """Return how many fills a broker has."""
        found = [item for item in self.items("pnl") if item["broker"] == broker]
        return int(found[0]["fills"]) if found else 0

    def all_ready(self) -> bool:
        """Return whether every process is ready."""
        return bool(self.status().get("all_ready"))

    def records(self, *topics: str) -> list[Record]:
        """Return every record of these topics."""

        async def read() -> list[Record]:
            async with open_read_log(KafkaOptions(self._servers(), "test")) as log:
                partitions = await log.partitions(topics)
                return await read_all(log, await log.beginnings(partitions), await log.ends(partitions))

        return asyncio.run(read())

    def committed(self, group: str) -> dict[str, int]:
        """Return what a group has committed, by topic."""

        async def ask() -> dict[str, int]:
            async with open_groups(KafkaOptions(self._servers(), "test")) as groups:
                return {partition.topic: offset for partition, offset in (await groups.committed(group)).items()}

        return asyncio.run(ask())

    def _servers(self) -> str:
        settings = load(Deployment(self.root), self.environment()).settings
        return tier_for(settings, Deployment(self.root), SystemClock()).endpoints().bootstrap_servers

    def processes(self) -> list[psutil.Process]:
        """Return the processes that work for this deployment."""
        found = []
        for process in psutil.process_iter():
            try:
                words, home = " ".join(process.cmdline()), process.environ().get("ALPHAPANDA_HOME")
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if str(self.root) in words or home == str(self.root):
                found.append(process)
        return found

    def kill(self, name: str) -> None:
        """Kill a process of the deployment at once."""
        os.kill(self.pid(name), signal.SIGKILL)
