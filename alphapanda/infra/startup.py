"""Start one child process, or adopt a running one, and wait until it is ready; an error names the reason."""

from __future__ import annotations

import asyncio
import signal

from alphapanda.errors import DeadlineError, DependencyError
from alphapanda.infra.base import ChildSpec
from alphapanda.infra.identity import ProcessIdentity
from alphapanda.infra.ports import is_free
from alphapanda.infra.process import ManagedProcess
from alphapanda.waits import first_of

ADOPTION_LIMIT_S = 10.0
"""A process that was left must be usable within this time, or it is stopped."""


class ServerFailedError(DependencyError):
    """A server of ours ended or did not start."""


async def start_child(
    spec: ChildSpec, *, deadline_s: float, die_with_parent: signal.Signals | None = None
) -> ManagedProcess:
    """Return the child, ready: adopted if it was left running by another starter, else started.

    Args:
        spec: what to run.
        deadline_s: how long it may take until it is ready.
        die_with_parent: the signal it gets when the calling thread dies.

    Raises:
        DependencyError: it cannot be started or ended meanwhile; one clear line why.
        DeadlineError: it was not ready in time.
    """
    left = await take_over(spec)
    if left is not None:
        return left
    child = ManagedProcess.spawn(spec, die_with_parent=die_with_parent)
    try:
        await until_ready(child, deadline_s)
    except BaseException:
        child.kill()
        await child.wait()
        raise
    return child


async def take_over(spec: ChildSpec) -> ManagedProcess | None:
    """Adopt the process of `spec` that another starter left; one that is not usable is stopped."""
    left = ManagedProcess.adopt(spec)
    if left is None and not all(is_free(port) for port in spec.ports):
        left = ManagedProcess.adopt(spec, find_stray(spec))
    if left is None:
        return None
    try:
        await until_ready(left, ADOPTION_LIMIT_S)
    except (DeadlineError, ServerFailedError):
        await left.stop()
        return None
    return left


async def until_ready(child: ManagedProcess, deadline_s: float) -> None:
    """Return when `child` is ready.

    Raises:
        DependencyError: it ended first, or it refuses to be used.
        DeadlineError: it is not ready after `deadline_s`.
    """
    ended = asyncio.ensure_future(child.wait())
    first = await first_of(ended, child.spec.ready(), timeout_s=deadline_s)
    log = f"Its log is {child.spec.log_file}."
    if first is None:
        raise DeadlineError(
            f"{child.spec.name} (pid {child.pid}) was not ready within {deadline_s:g} s.", hint=log
        )
    if first == 0:
        status = ended.result()
        raise child.spec.explain(child.log_tail()) or ServerFailedError(
            f"{child.spec.name} ended while it started ({status}).", hint=log
        )


def find_stray(spec: ChildSpec) -> ProcessIdentity | None:
    """Return a running process of `spec` that no identity file tells of, found by the mark in its command line."""
    import psutil  # noqa: PLC0415 - only when a port is taken

    if not spec.mark:
        return None
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if spec.mark in words:
            return ProcessIdentity.of(process.pid)
    return None
