"""A dashboard that loses its terminal ends, whatever it is waiting for, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import psutil
import pytest

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment

pytestmark = pytest.mark.kafka

COMMAND = (sys.executable, "-m", "commands.main", "tui")
PATIENCE_S = 30.0
TAKING = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
"""Makes the terminal that of its session, as a window's is: whoever closes it sends SIGHUP."""


class Terminal:
    """A dashboard in a pseudo-terminal of its own."""

    def __init__(self, environ: Mapping[str, str], *, controlling: bool = True) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

        self.child = subprocess.Popen(
            (sys.executable, "-c", TAKING, *COMMAND) if controlling else COMMAND,
            env={**environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONUTF8": "1"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.is_open = True
        self.painted = b""

    def read_until(self, wanted: bytes) -> None:
        """Read what is painted until this is among it."""
        clock, seen = SystemClock(), len(self.painted)
        end = clock.monotonic() + PATIENCE_S
        while wanted not in self.painted[seen:]:
            assert clock.monotonic() < end, self.painted[-2000:].decode(errors="replace")
            if select.select([self.master], [], [], 1.0)[0]:
                self.painted += os.read(self.master, 1 << 16)

    def fill(self) -> None:
        """Let the terminal take no more: nobody reads it."""
        while select.select([self.master], [], [], 0)[0]:
            os.read(self.master, 1 << 16)
        os.write(self.master, b"23456781" * 8)
        process = psutil.Process(self.child.pid)
        idle = 0
        while idle < 3:  # it waits for the terminal
            before = process.cpu_times()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(0.5)
            os.write(self.master, b"23456781")
            idle = idle + 1 if process.cpu_times() == before else 0

    def close(self) -> None:
        """Close the terminal's window."""
        if self.is_open:
            os.close(self.master)
            self.is_open = False

    def ended(self, *, reading: bool = True) -> int:
        """Return the exit code, once it has ended."""
        if reading and self.is_open:
            drain = threading.Thread(target=self._drain, daemon=True)
            drain.start()
        return self.child.wait(PATIENCE_S)

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while got := os.read(self.master, 1 << 16):
                self.painted += got


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(params=["kafka", "nothing", "silence"])
def world(
    request: pytest.FixtureRequest, environ: dict[str, str], own_environ: dict[str, str], silent_server: str
) -> dict[str, str]:
    """The environment of a dashboard that has its servers, or none, or such as never answer."""
    if request.param == "kafka":
        return environ
    nothing = own_environ | {"ALPHAPANDA_HOME": environ["ALPHAPANDA_HOME"]}
    if request.param == "nothing":
        return nothing
    silent = {"KAFKA__BOOTSTRAP_SERVERS": silent_server, "REDIS__URL": f"redis://{silent_server}/0"}
    return nothing | {"INFRA__TIER": "external"} | silent


@pytest.fixture
def terminal(world: dict[str, str]) -> Iterator[Terminal]:
    made = Terminal(world)
    try:
        made.read_until(b"Overview")
        made.read_until(b"Supervisor")
        yield made
    finally:
        made.close()
        made.child.kill()
        made.child.wait()


@pytest.mark.usefixtures("servers")
class TestEnding:
    def test_the_window_is_closed(self, terminal: Terminal) -> None:
        terminal.close()
        assert terminal.ended() == 0

    @pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
    def test_it_is_told_to_end(self, terminal: Terminal, number: signal.Signals) -> None:
        terminal.child.send_signal(number)
        assert terminal.ended() == 0
        assert b"\x1b[?1049l" in terminal.painted, "the terminal is as it was"


def test_a_window_that_takes_nothing_any_more(own_environ: dict[str, str], deployment: Deployment) -> None:
    terminal = Terminal(own_environ | {"ALPHAPANDA_HOME": str(deployment.root)})
    try:
        terminal.read_until(b"Supervisor")
        terminal.fill()
        terminal.child.send_signal(signal.SIGHUP)
        assert terminal.ended(reading=False) == 0
    finally:
        terminal.close()
        terminal.child.kill()
        terminal.child.wait()


def test_a_terminal_that_goes_without_a_signal(own_environ: dict[str, str], deployment: Deployment) -> None:
    terminal = Terminal(own_environ | {"ALPHAPANDA_HOME": str(deployment.root)}, controlling=False)
    try:
        terminal.read_until(b"Supervisor")
        terminal.close()
        assert terminal.ended() == 0
    finally:
        terminal.close()
        terminal.child.kill()
        terminal.child.wait()


def test_nothing_stays_behind(environ: dict[str, str], servers: Any) -> None:
    del servers
    terminal = Terminal(environ)
    terminal.read_until(b"Supervisor")
    mine = psutil.Process(terminal.child.pid)
    children = mine.children(recursive=True)
    terminal.close()
    assert terminal.ended() == 0
    assert not [child for child in children if child.is_running()]
    home = environ["ALPHAPANDA_HOME"]
    left = [one.pid for one in psutil.process_iter() if _home(one) == home]
    assert not left


def _home(process: psutil.Process) -> str:
    try:
        return str(process.environ().get("ALPHAPANDA_HOME", ""))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""
