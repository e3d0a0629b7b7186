"""Starts a detached supervisor: its own session, its output in a file, and one line when it listens."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from alphapanda.deployment import HOME_VARIABLE
from alphapanda.errors import ConfigError, DeadlineError, DependencyError
from alphapanda.exit_codes import ExitCode
from alphapanda.infra.control.run_paths import RunPaths
from daemons.supervisor.environment import python_path
from daemons.supervisor.inspection import size_of, tail_lines

LISTENS_WITHIN_S = 20.0


@asynccontextmanager
async def launching(places: RunPaths, environ: Mapping[str, str]) -> AsyncIterator[None]:
    """Start the detached supervisor; at the block's end it answers, or another one turned out to be there first.

    When the block fails it is ended again.

    Raises:
        ConfigError: the settings cannot be used.
        DependencyError: it ended at once; its last line says why.
        DeadlineError: it did not listen in time.
    """
    places.prepare()
    start = size_of(places.supervisor_output)
    reading, writing = os.pipe()
    try:
        process = _spawn(places, environ, writing)
    finally:
        os.close(writing)
    try:
        yield
        line = await _first_line(reading)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if line.strip() == b"listening":
        # It lives on; Popen would warn that nobody waited for it.
        process.returncode = 0
        return
    code = process.wait()
    tail = tail_lines(places.supervisor_output, since=start)
    if code == ExitCode.BAD_CONFIG:
        raise ConfigError(tail[-1] if tail else "The settings cannot be used.", hint="alphapanda config check")
    if not places.control_socket.exists():
        raise DependencyError(
            f"The supervisor ended at once (exit code {code}): {tail[-1] if tail else 'it said nothing'}",
            hint=f"Its output is {places.supervisor_output}.",
        )


def _spawn(places: RunPaths, environ: Mapping[str, str], announce: int) -> subprocess.Popen[bytes]:
    # As a child it has our environment; what its own children get it decides name by name.
    path = python_path(environ)
    env = {**environ, HOME_VARIABLE: str(places.deployment.root), **({"PYTHONPATH": path} if path else {})}
    with places.supervisor_output.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - argv is ours
            # -P: the deployment's folder is no place to import from, whatever is called `topics` there.
            [sys.executable, "-P", "-m", "daemons.supervisor", "--announce", str(announce)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=places.deployment.root,
            env=env,
            pass_fds=(announce,),
            start_new_session=True,
        )


async def _first_line(handle: int) -> bytes:
    """Return the line that comes through the pipe; empty if it closes without one."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(handle, "rb", buffering=0)
    )
    try:
        async with asyncio.timeout(LISTENS_WITHIN_S):
            return await reader.readline()
    except TimeoutError:
        raise DeadlineError(
            f"The supervisor did not listen within {LISTENS_WITHIN_S:g} s.",
            hint="See `alphapanda logs supervisor`.",
        ) from None
    finally:
        transport.close()
