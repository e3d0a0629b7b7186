from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from alphapanda.deployment import Deployment
from alphapanda.infra.control.client import connect
from alphapanda.infra.control.protocol import Applied, Apply, SystemStatus
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.infra.control.run_records import RunRecords, end_orphans
from alphapanda.infra.identity import ProcessIdentity
from alphapanda.model.process_status import ProcessState, ProcessStatus

SCRIPT = Path(__file__).with_name("fake_supervisor.py")
SOURCE = Path(__file__).resolve().parents[4]
PATIENCE_S = 90.0


class System:
    """A deployment in a test's folder, under the real supervisor in a process of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.places = RunPaths(Deployment(root))
        self.environ = {**os.environ, "ALPHAPANDA_HOME": str(root), "PYTHONPATH": str(SOURCE)}
        self.process: asyncio.subprocess.Process | None = None

    def plan(self, *entries: Mapping[str, object]) -> None:
        (self.root / "plan.json").write_bytes(msgspec.json.encode(entries))

    async def begin(self) -> None:
        """Start the supervisor; nothing runs under it before `apply`."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), env=self.environ, cwd=self.root, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout is not None
        assert await self.process.stdout.readline() == b"listening\n"

    async def apply(self, *names: str, only: bool = False, accept_log_reset: bool = False) -> Applied:
        async with connect(self.places) as client:
            request = Apply(environ={}, names=names, only=only, accept_log_reset=accept_log_reset)
            return await client.apply(request)

    async def status(self) -> dict[str, ProcessStatus]:
        async with connect(self.places) as client:
            return {process.name: process for process in (await client.status()).processes}

    async def until(self, holds: Callable[[dict[str, ProcessStatus]], bool]) -> dict[str, ProcessStatus]:
        """Follow events until the processes are as wanted, and return them."""
        now: dict[str, ProcessStatus] = {}
        async with asyncio.timeout(PATIENCE_S), connect(self.places) as client:
            async for item in client.events():
                if isinstance(item, SystemStatus):
                    now = {process.name: process for process in item.processes}
                else:
                    now[item.process.name] = item.process
                if holds(now):
                    return now
        raise AssertionError(f"the supervisor ended; last seen: {now}")

    async def until_state(self, **states: str) -> dict[str, ProcessStatus]:
        return await self.until(
            lambda now: all(
                name in now and now[name].state is ProcessState(state) for name, state in states.items()
            )
        )

    async def end(self) -> int:
        """Stop everything through the control socket and return the supervisor's exit code."""
        async with connect(self.places) as client:
            await client.stop()
        assert self.process is not None
        return await self.process.wait()

    async def kill_supervisor(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    def journal(self) -> list[str]:
        path = self.root / "journal.txt"
        return path.read_text().splitlines() if path.exists() else []

    async def gone(self, identity: ProcessIdentity) -> None:
        """Wait for a process that is not ours to end."""
        async with asyncio.timeout(PATIENCE_S):
            while identity.alive:
                handle = os.pidfd_open(identity.pid)
                try:
                    ended = asyncio.Event()
                    asyncio.get_running_loop().add_reader(handle, ended.set)
                    await ended.wait()
                    asyncio.get_running_loop().remove_reader(handle)
                finally:
                    os.close(handle)


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    system = System(tmp_path)
    yield system
    if system.process is not None and system.process.returncode is None:
        system.process.send_signal(signal.SIGTERM)
        await system.process.wait()
    await end_orphans(
        system.places, RunRecords(system.places.run_records).survivors, lambda _line: None, grace_s=1
    )
