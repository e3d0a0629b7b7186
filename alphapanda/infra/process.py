"""One child process: started, adopted, watched, stopped; for servers and daemons alike."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from alphapanda.errors import DependencyError
from alphapanda.infra import lifeline
from alphapanda.infra.base import ChildSpec
from alphapanda.infra.identity import IdentityFile, ProcessIdentity

POLL_S = 0.1
"""How often to look at a process where the kernel cannot tell of its end."""

LOG_LIMIT = 16 * 1024 * 1024
"""A log larger than this is moved to `<name>.1` before the next start, in bytes."""


class ExitStatus(msgspec.Struct, frozen=True):
    """How a process ended.

    Attributes:
        code: its exit code; None when a signal ended it, or for an adopted process.
        signal: the signal that ended it, if known.
    """

    code: int | None = None
    signal: int | None = None

    def __str__(self) -> str:
        if self.signal is not None:
            return f"killed by {signal.Signals(self.signal).name}"
        return "ended" if self.code is None else f"exit code {self.code}"


class ManagedProcess:
    """A running process of ours. Make it with `spawn` or `adopt`.

    Attributes:
        spec: its specification.
        identity: which process it is.
        adopted: whether another starter began it.
    """

    def __init__(
        self, spec: ChildSpec, identity: ProcessIdentity, popen: subprocess.Popen[bytes] | None, log_start: int = 0
    ) -> None:
        self.spec = spec
        self.identity = identity
        self.adopted = popen is None
        self._popen = popen
        self._log_start = log_start
        self._status: ExitStatus | None = None

    @classmethod
    def spawn(cls, spec: ChildSpec, *, die_with_parent: signal.Signals | None = None) -> ManagedProcess:
        """Start `spec` in a session of its own, its output into its log file, and keep its identity.

        Args:
            spec: what to start.
            die_with_parent: the signal it gets when the calling *thread* dies; None lets it live on for adoption.

        Raises:
            DependencyError: the command cannot be run, or its identity cannot be written; nothing runs then.
        """
        argv = list(spec.argv)
        if die_with_parent is not None:
            shim = [
                sys.executable,
                "-I",
                "-S",
                lifeline.__file__,
                str(os.getpid()),
                str(int(die_with_parent)),
                "--",
            ]
            argv = shim + argv
        with _starting(spec, argv[0]):
            _rotate(spec.log_file)
            with spec.log_file.open("ab") as log:
                log_start = log.tell()
                popen = subprocess.Popen(  # noqa: S603 - argv is ours
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=spec.cwd,
                    env=dict(spec.env),
                    start_new_session=True,
                )
        # Until somebody waits for it a dead child is still there as a zombie, so its start time is always known.
        identity = ProcessIdentity.of(popen.pid) or ProcessIdentity(pid=popen.pid, started=-1, boot="")
        process = cls(spec, identity, popen, log_start)
        try:
            with _starting(spec, argv[0]):
                IdentityFile(spec.identity_file).write(identity)
        except BaseException:
            # Nobody could find it again.
            process.kill()
            popen.wait()
            raise
        return process

    @classmethod
    def adopt(cls, spec: ChildSpec, identity: ProcessIdentity | None = None) -> ManagedProcess | None:
        """Return the process that another starter left (default: of the identity file), if it still runs."""
        identity = identity or IdentityFile(spec.identity_file).read()
        if identity is None or not identity.alive:
            return None
        IdentityFile(spec.identity_file).write(identity)
        return cls(spec, identity, None)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self.identity.pid

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._reap() is None

    async def wait(self) -> ExitStatus:
        """Return how it ended, once it has."""
        while (status := self._reap()) is None:
            await _gone(self.identity)
        IdentityFile(self.spec.identity_file).clear(self.identity)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to this very process; does nothing when it is gone."""
        if self._reap() is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def kill(self) -> None:
        """End it and everything it started, at once."""
        if self._reap() is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            except PermissionError:  # an adopted process that does not lead its group
                self.send_signal(signal.SIGKILL)

    async def stop(self, grace_s: float | None = None) -> ExitStatus:
        """Ask it to end, wait `grace_s` (default: the spec's), then kill it."""
        self.send_signal(self.spec.stop_signal)
        try:
            async with asyncio.timeout(self.spec.grace_s if grace_s is None else grace_s):
                return await self.wait()
        except TimeoutError:
            self.kill()
            return await self.wait()

    def release(self) -> None:
        """Let it run on without us: the next starter adopts it."""
        if self._popen is not None and self._popen.returncode is None:
            # Popen warns when it is forgotten while its process runs; here that is the intention.
            self._popen.returncode = 0

    def log_tail(self, limit: int = 16_384) -> str:
        """Return the last `limit` bytes that it wrote; of an adopted one perhaps lines of its predecessors."""
        return log_tail(self.spec.log_file, limit, self._log_start)

    def _reap(self) -> ExitStatus | None:
        if self._status is not None:
            return self._status
        if self._popen is None:
            if not self.identity.alive:
                self._status = ExitStatus()
        elif (code := self._popen.poll()) is not None:
            self._status = ExitStatus(code=code) if code >= 0 else ExitStatus(signal=-code)
        return self._status


def log_tail(path: Path, limit: int = 16_384, start: int = 0) -> str:
    """Return the last `limit` bytes of a log from byte `start` on as text; empty when there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(start, path.stat().st_size - limit))
            return log.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


@contextmanager
def _starting(spec: ChildSpec, command: str) -> Iterator[None]:
    """Turn the system's errors into one clear line."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise DependencyError(
            f"{spec.name} cannot be started: {error.strerror}: {error.filename or command}.",
            hint="Free some room and try again." if full else "Check the installation with `alphapanda doctor`.",
        ) from error


def _rotate(log_file: Path) -> None:
    log_file.parent.mkdir(parents=True, exist_ok=True)
    if log_file.exists() and log_file.stat().st_size > LOG_LIMIT:
        log_file.replace(log_file.with_name(f"{log_file.name}.1"))


async def _gone(identity: ProcessIdentity) -> None:
    """Return when the process has ended, or a poll later where the kernel cannot tell."""
    if sys.platform != "linux":
        await asyncio.sleep(POLL_S)
        return
    try:
        handle = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return
    try:
        # The number may have gone to another process before it was opened; from here on it cannot.
        if identity.alive:
            await _readable(handle)
    finally:
        os.close(handle)


async def _readable(handle: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(handle, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(handle)
