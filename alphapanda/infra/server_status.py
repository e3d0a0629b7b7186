"""The data of `infra status`: the servers, their state, the place of their data."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path

import msgspec

from alphapanda.errors import DependencyError
from alphapanda.infra.base import Endpoints
from alphapanda.infra.identity import IdentityFile, ProcessIdentity
from alphapanda.infra.redis_probe import probe_redis
from alphapanda.kafka.probe import probe_kafka

ANSWER_WITHIN_S = 2.0
"""Time limit for an answer; then a server counts as silent."""


class ServerState(StrEnum):
    """State of a server."""

    READY = "ready"
    SILENT = "silent"
    """Its process runs, but does not answer."""
    STOPPED = "stopped"
    UNREACHABLE = "unreachable"
    """Somebody else runs it, and it does not answer."""


class ServerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One server.

    Attributes:
        name: `kafka`, `valkey`, `redis`.
        state: its state.
        version: its version, or the version that a start would run; None if unknown.
        address: where it listens, or would; without credentials.
        ports: all ports of it.
        pid: its process, when it is ours and runs.
        memory_bytes: what that process holds in memory.
        data: where its data lies; None when that is not ours to know.
        data_bytes: how large that is.
        log: its own log.
        reason: why it is not ready.
    """

    name: str
    state: ServerState
    address: str
    version: str | None = None
    ports: tuple[int, ...] = ()
    pid: int | None = None
    memory_bytes: int | None = None
    data: Path | None = None
    data_bytes: int | None = None
    log: Path | None = None
    reason: str = ""


class SharedFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Files that all deployments of this user share.

    Attributes:
        what: `java`, `kafka jars`, `java cache`.
        version: of it.
        path: where it lies.
        size_bytes: on the disk.
        state: in one word or two.
    """

    what: str
    version: str
    path: Path
    size_bytes: int
    state: str


class InfraStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All of it.

    Attributes:
        tier: `embedded` or `external`.
        servers: each.
        shared: files in the user's cache; empty for the external tier.
    """

    tier: str
    servers: tuple[ServerStatus, ...]
    shared: tuple[SharedFiles, ...] = ()

    @property
    def all_ready(self) -> bool:
        """Whether every server answers."""
        return all(server.state is ServerState.READY for server in self.servers)


class ServerAnswer(msgspec.Struct, frozen=True):
    """The answer of a server to a probe.

    Attributes:
        version: None when it did not answer.
        reason: why not.
    """

    version: str | None
    reason: str = ""


async def ask_kafka(bootstrap_servers: str) -> ServerAnswer:
    """Return whether Kafka answers; its version is not in its protocol, so that is empty."""
    try:
        facts = await probe_kafka(bootstrap_servers, timeout_s=ANSWER_WITHIN_S)
    except DependencyError as error:
        return ServerAnswer(None, error.message)
    return ServerAnswer("") if facts.brokers else ServerAnswer(None, "it has no broker yet")


async def ask_redis(url: str) -> ServerAnswer:
    """Return Redis's version, or why it does not answer."""
    try:
        return ServerAnswer(await probe_redis(url, timeout_s=ANSWER_WITHIN_S))
    except DependencyError as error:
        return ServerAnswer(None, error.message)


async def external_status(endpoints: Endpoints) -> InfraStatus:
    """Return the state of servers run by others."""
    kafka, redis = await asyncio.gather(ask_kafka(endpoints.bootstrap_servers), ask_redis(endpoints.redis_url))

    def found(name: str, address: str, answer: ServerAnswer) -> ServerStatus:
        state = ServerState.UNREACHABLE if answer.version is None else ServerState.READY
        return ServerStatus(
            name=name, state=state, address=address, version=answer.version or None, reason=answer.reason
        )

    return InfraStatus(
        tier="external",
        servers=(
            found("kafka", endpoints.bootstrap_servers, kafka),
            found("redis", endpoints.redacted_redis_url, redis),
        ),
    )


def state_of(answer: ServerAnswer, identity: ProcessIdentity | None) -> ServerState:
    """Return the state of one of our servers."""
    if answer.version is not None:
        return ServerState.READY
    return ServerState.STOPPED if identity is None else ServerState.SILENT


def size_of(path: Path) -> int:
    """Return the bytes that the disk holds of `path` and all below it; nothing when it is not there."""
    total = 0
    for file in (path, *path.rglob("*")):
        try:
            total += file.lstat().st_blocks * 512
        except FileNotFoundError:  # servers remove files while we look
            continue
    return total


def memory_of(identity: ProcessIdentity | None) -> int | None:
    """Return the resident memory of a process in bytes."""
    import psutil  # noqa: PLC0415 - for this alone

    try:
        return None if identity is None else int(psutil.Process(identity.pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return None


def running_processes(run: Path) -> tuple[str, ...]:
    """Return the names of a deployment's processes that still run, from the identities in its run folder."""
    files = (run / "supervisor.json", *sorted((run / "children").glob("*.json")))
    return tuple(file.stem for file in files if IdentityFile(file).alive() is not None)
