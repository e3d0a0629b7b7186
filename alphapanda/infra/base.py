"""The interface of infrastructure: one protocol, two addresses.

Nothing outside this package can tell which tier is behind `Endpoints`.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from alphapanda.errors import AlphaPandaError
from alphapanda.infra.progress import ProgressReporter


def redact(url: str) -> str:
    """Return `url` with its password replaced by three stars."""
    scheme, separator, rest = url.partition("://")
    credentials, at, address = rest.rpartition("@")
    if not at:
        return url
    return f"{scheme}{separator}{credentials.partition(':')[0]}:***@{address}"


class Endpoints(msgspec.Struct, frozen=True):
    """Where the servers are.

    Attributes:
        bootstrap_servers: `host:port[,host:port…]` of Kafka.
        redis_url: `redis://[:password@]host:port/db`; never print it, see `redacted_redis_url`.
    """

    bootstrap_servers: str
    redis_url: str

    @property
    def redacted_redis_url(self) -> str:
        """The URL without its password, for people's eyes."""
        return redact(self.redis_url)

    def __repr__(self) -> str:
        return f"Endpoints({self.bootstrap_servers!r}, {self.redacted_redis_url!r})"


def no_explanation(_log_tail: str) -> AlphaPandaError | None:
    """Explain nothing: for children whose log has no known lines."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """One process to keep running, and how to tell that it does.

    Attributes:
        name: short and unique in a deployment: `kafka`, `valkey`, `feed`, `risk.paper`.
        argv: the command; holds no secrets, since any user can read it.
        env: the whole environment of the child.
        cwd: its working directory.
        log_file: takes its stdout and stderr, appended.
        identity_file: where pid, start time and boot id are kept, for adoption.
        mark: a word of argv that no other deployment's processes have (a path), to find a process that was left.
        ports: its ports on 127.0.0.1.
        stop_signal: asks it to end.
        grace_s: how long it may take before SIGKILL.
        ready: returns when it can be used; waits without a limit of its own, so give it a deadline.
        explain: makes the one clear error of the last lines of its log, or None.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    log_file: Path
    identity_file: Path
    ready: Callable[[], Awaitable[None]]
    mark: str = ""
    ports: tuple[int, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 10.0
    explain: Callable[[str], AlphaPandaError | None] = field(default=no_explanation)


class Tier(Protocol):
    """One way to have Kafka and Redis.

    The order: `prepare`, start the `children`, `ready`, then `idle_work` beside everything else.
    """

    async def prepare(self, progress: ProgressReporter) -> None:
        """Make everything that starting needs: downloads, data directories, configuration; does nothing when done.

        Raises:
            DependencyError: something cannot be had.
        """
        ...

    def children(self) -> tuple[ChildSpec, ...]:
        """Return the processes to keep running, in starting order; none when others run them."""
        ...

    async def ready(self, deadline_s: float) -> Endpoints:
        """Return the addresses when both servers answer and can be worked with.

        Raises:
            DependencyError: unreachable, refused, too old, or another cluster.
        """
        ...

    def endpoints(self) -> Endpoints:
        """Return the addresses, whether or not anything answers there."""
        ...

    async def idle_work(self) -> None:
        """Do work of low priority once all is ready (training the next start's cache); cancel it at any time.

        Raises:
            DependencyError: it failed; the system runs without it.
        """
        ...
