"""Fixtures for every test: real servers once a session, whole systems, and names that no other test uses."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import count
from pathlib import Path

import pytest

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.base import Endpoints
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.tiers import running
from alphapanda.settings import EmbeddedSettings
from alphapanda.testing.system import PROGRAM, DeploymentSystem

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


@pytest.fixture
def system(tmp_path: Path) -> Iterator[DeploymentSystem]:
    """A folder in which nothing was started yet; what is started in it is gone afterwards."""
    root = tmp_path / "desk"
    root.mkdir()
    made = DeploymentSystem(root)
    try:
        yield made
    finally:
        subprocess.run([PROGRAM, "down"], env=made.environment(), capture_output=True, timeout=120, check=False)
        left = made.processes()
        for process in left:
            process.kill()
        assert not left, f"down left {left}"
