"""Fixtures for every test: real servers once a session, whole systems, and names that no other test uses."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.base import Endpoints
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.running import running
from alphapanda.infra.select import tier_for
from alphapanda.kafka.client import KafkaOptions, open_read_log
from alphapanda.kafka.reading import read_all
from alphapanda.model.records import Record
from alphapanda.settings import EmbeddedSettings, load

_numbers = count(1)


def pytest_configure() -> None:
    """Let children obey Ctrl-C: a shell starts what it runs in the background with SIGINT ignored, for all below.

    What is caught here is a child's default again; a run in the background goes on being deaf to the terminal.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A real Kafka and a real Valkey in a deployment of their own; they die with this process, however it ends."""
    tier = EmbeddedTier(EmbeddedSettings(), Deployment(tmp_path_factory.mktemp("servers")), SystemClock())
    started: Future[Endpoints] = Future()
    finish: Future[None] = Future()

    async def serve() -> None:
        async with running(tier, idle_work=True) as endpoints:
            started.set_result(endpoints)
            await asyncio.wrap_future(finish)

    def thread() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    # The children die with the thread that started them, so this one lives as long as the session.
    keeper = threading.Thread(target=thread, name="servers")
    keeper.start()
    try:
        yield started.result(timeout=180)
    finally:
        finish.set_result(None)
        keeper.join()


@pytest.fixture
def unique_name() -> str:
    """A name for a broker, a group or a key prefix that no other test uses on the session's servers."""
    return f"t{os.getpid()}x{next(_numbers)}"


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """An empty deployment of the test's own."""
    found = Deployment(tmp_path / "deployment")
    found.root.mkdir()
    return found


PROGRAM = Path(sys.executable).with_name("alphapanda")
PATIENCE_S = 90.0


@dataclass
class System:
    """One deployment and what is typed in it."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    program: Path = PROGRAM

    def __call__(self, *words: str, code: int = 0, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `alphapanda` with these words and check its exit code."""
        done = subprocess.run(
            [PROGRAM, *words],
            env=self._environ(),
            cwd=self.root,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=180,
            check=False,
        )
        told = (
            f"alphapanda {' '.join(words)} ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}"
        )
        assert done.returncode == code, told
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def _environ(self) -> dict[str, str]:
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "XDG_CACHE_HOME") if name in os.environ
        }
        return kept | {"ALPHAPANDA_HOME": str(self.root)} | self.environ

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def items(self, *words: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self(*words, "--json").stdout)["items"]
        return found

    def status(self) -> dict[str, Any]:
        """Return what `status --json` says; a system that is not running says so too."""
        done = subprocess.run(
            [PROGRAM, "status", "--json"],
            env=self._environ(),
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
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
            assert clock.monotonic() < end, (
                f"still not so after {patience_s:g} s\n{self('status', code=self._any()).stdout}"
            )
            time.sleep(0.1)  # noqa: TID251 - another process is asked again
        return found

    def _any(self) -> int:
        return subprocess.run(
            [PROGRAM, "status"], env=self._environ(), capture_output=True, check=False
        ).returncode

    def fills(self, broker: str = "paper") -> int:
        found = [item for item in self.items("pnl") if item["broker"] == broker]
        return int(found[0]["fills"]) if found else 0

    def all_ready(self) -> bool:
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
            admin = AIOKafkaAdminClient(bootstrap_servers=self._servers())
            await admin.start()
            try:
                found = await admin.list_consumer_group_offsets(group)
            finally:
                await admin.close()
            return {tp.topic: meta.offset for tp, meta in found.items()}

        return asyncio.run(ask())

    def _servers(self) -> str:
        settings = load(Deployment(self.root), self._environ()).settings
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
        os.kill(self.pid(name), signal.SIGKILL)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A folder in which nothing was started yet; what is started in it is gone afterwards."""
    root = tmp_path / "desk"
    root.mkdir()
    made = System(root)
    try:
        yield made
    finally:
        subprocess.run([PROGRAM, "down"], env=made._environ(), capture_output=True, timeout=120, check=False)
        left = made.processes()
        for process in left:
            process.kill()
        assert not left, f"down left {left}"
