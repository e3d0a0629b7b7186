"""The doctor's checks: each looks at one thing and says how it is and what to do about it."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import stat
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment, user_cache
from alphapanda.errors import AlphaPandaError
from alphapanda.infra.base import Endpoints
from alphapanda.infra.ports import PortBook, holder_of, is_free
from alphapanda.settings import InfraTier, Settings

if TYPE_CHECKING:
    from alphapanda.infra.time_sync import TimeSync

GIB = 1024**3
OLDEST_PYTHON = (3, 11)
DISK_WARN, DISK_FAIL = 5 * GIB, GIB // 2
MEMORY_WARN = GIB
FILES_WARN = 4_096
"""Kafka keeps a handful of files open for each partition."""
CLOCK_WARN_S, CLOCK_FAIL_S = 0.5, 5.0
"""Orders and signals are judged by their age: more than this and they are judged wrongly."""
CLOCK_HINT = "Have the clock set by NTP, on each machine: timedatectl set-ntp true"
PROBE_TIMEOUT_S = 5.0


class Verdict(StrEnum):
    """How a checked thing is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """What one check found.

    Attributes:
        check: what was looked at.
        verdict: how it is.
        detail: what was seen.
        hint: what to do; empty when all is well.
    """

    check: str
    verdict: Verdict
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined.

    Attributes:
        deployment: the folder.
        environ: the environment.
        clock: ours.
        settings: None when they cannot be used.
        endpoints: where the servers are or would be; None without settings.
        running: names of the processes that run under a supervisor, with their pids.
    """

    deployment: Deployment
    environ: dict[str, str]
    clock: Clock
    settings: Settings | None
    endpoints: Endpoints | None
    running: dict[str, int]


def check_platform(_patient: Patient) -> Iterator[Finding]:
    """Look at the system and the interpreter."""
    name = f"{platform.system()} {platform.machine()}"
    if sys.platform == "linux":
        yield Finding("platform", Verdict.OK, name)
    elif sys.platform == "darwin":
        hint = "After a killed supervisor run `alphapanda down`: daemons do not end by themselves here."
        yield Finding("platform", Verdict.WARN, name, hint)
    else:
        yield Finding("platform", Verdict.FAIL, name, "Use Linux or macOS.")
    version = platform.python_version()
    if sys.version_info >= OLDEST_PYTHON:
        yield Finding("python", Verdict.OK, version)
    else:
        yield Finding("python", Verdict.FAIL, version, "Install AlphaPanda with Python 3.11 or newer.")


def check_machine(patient: Patient) -> Iterator[Finding]:
    """Look at disk, memory and open files."""
    import resource

    import psutil

    free = shutil.disk_usage(patient.deployment.root).free
    hint = "Free some room: Kafka stops when its disk is full."
    yield _by_limits("disk", free, f"{free / GIB:.1f} GiB free", DISK_WARN, DISK_FAIL, hint)
    memory = psutil.virtual_memory().available
    yield _by_limits(
        "memory", memory, f"{memory / GIB:.1f} GiB available", MEMORY_WARN, 0, "Close other programs."
    )
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield _by_limits("open files", files, f"limit {files}", FILES_WARN, 0, "Raise it: ulimit -n 65536")


def check_time_sync(_patient: Patient) -> Iterator[Finding]:
    """Look at whether anybody keeps this machine's clock."""
    from alphapanda.infra.time_sync import time_sync

    yield time_sync_finding(time_sync())


def time_sync_finding(found: TimeSync | None) -> Finding:
    """Return what follows from what the kernel says of its clock."""
    if found is None:
        return Finding("time sync", Verdict.OK, "this system does not tell")
    if not found.kept:
        return Finding("time sync", Verdict.WARN, "nothing keeps this machine's clock", CLOCK_HINT)
    detail = f"kept, at most {found.error_s * 1000:.0f} ms off"
    return _by_limits("time sync", -found.error_s, detail, -CLOCK_WARN_S, -CLOCK_FAIL_S, CLOCK_HINT)


def check_files(patient: Patient) -> Iterator[Finding]:
    """Look at who may read and write what."""
    root, state, env = patient.deployment.root, patient.deployment.state, patient.deployment.env_file
    if not os.access(root, os.W_OK):
        yield Finding("folder", Verdict.FAIL, f"{root} cannot be written", "Choose another with ALPHAPANDA_HOME.")
    else:
        yield Finding("folder", Verdict.OK, str(root))
    if state.exists():
        yield _private("state folder", state, 0o700)
    if env.exists():
        yield _private(".env", env, 0o600)


def check_ports(patient: Patient) -> Iterator[Finding]:
    """Look at whether anybody else has our ports."""
    ports = PortBook(patient.deployment).ports()
    taken = {name: port for name, port in ports.items() if not _is_ours(name, patient) and not is_free(port)}
    for name, port in taken.items():
        hint = f"Stop it, or delete {patient.deployment.run / 'ports.json'} while nothing runs."
        yield Finding("ports", Verdict.FAIL, f"{port} of {name} is taken by {holder_of(port) or 'another'}", hint)
    if not taken:
        yield Finding(
            "ports", Verdict.OK, f"{len(ports)} chosen, none taken by others" if ports else "none chosen yet"
        )


def check_servers_programs(patient: Patient) -> Iterator[Finding]:
    """Look at the programs of the embedded servers."""
    settings = patient.settings
    if settings is None or settings.infra.tier is not InfraTier.EMBEDDED:
        return
    from alphapanda.infra.embedded.distribution import kafka_program
    from alphapanda.infra.embedded.valkey import find_valkey

    try:
        program, store = kafka_program(settings.embedded, user_cache(patient.environ))
    except AlphaPandaError as error:
        yield Finding("java", Verdict.FAIL, error.message, error.hint)
    else:
        yield Finding("java", Verdict.OK, f"Java {program.java.major} at {program.java.command}")
        missing = len(store.missing()) if store is not None else 0
        if missing:
            detail = f"{missing} of its jars are not here yet"
            yield Finding(
                "kafka", Verdict.WARN, detail, "`alphapanda infra prepare` downloads them; `up` does, too."
            )
        else:
            yield Finding("kafka", Verdict.OK, f"Apache Kafka {program.version}, all jars here")
    try:
        yield Finding("valkey", Verdict.OK, str(find_valkey()))
    except AlphaPandaError as error:
        yield Finding("valkey", Verdict.FAIL, error.message, error.hint)


async def check_kafka(patient: Patient) -> Finding:
    """Look at whether Kafka answers and can be worked with."""
    from alphapanda.kafka.probe import probe_kafka, require_compatible

    if patient.endpoints is None or _is_asleep(patient, "kafka"):
        return Finding("kafka server", Verdict.OK, "not running; `alphapanda up` starts it")
    try:
        facts = await probe_kafka(patient.endpoints.bootstrap_servers, timeout_s=PROBE_TIMEOUT_S)
        require_compatible(facts)
    except AlphaPandaError as error:
        return Finding("kafka server", Verdict.FAIL, error.message, error.hint)
    nodes = f"{len(facts.brokers)} node{'s' if len(facts.brokers) > 1 else ''}"
    return Finding("kafka server", Verdict.OK, f"cluster {facts.cluster_id}, {nodes}, at {facts.address}")


async def check_redis(patient: Patient) -> Finding:
    """Look at whether Redis answers and takes the password."""
    from alphapanda.infra.redis_probe import probe_redis

    if patient.endpoints is None or _is_asleep(patient, "valkey"):
        return Finding("redis server", Verdict.OK, "not running; `alphapanda up` starts it")
    try:
        version = await probe_redis(patient.endpoints.redis_url, timeout_s=PROBE_TIMEOUT_S)
    except AlphaPandaError as error:
        return Finding("redis server", Verdict.FAIL, error.message, error.hint)
    return Finding("redis server", Verdict.OK, f"{version} at {patient.endpoints.redacted_redis_url}")


async def check_clock(patient: Patient) -> Finding:
    """Compare our clock with that of the Redis server, half of the question's journey taken off."""
    if patient.endpoints is None or _is_asleep(patient, "valkey"):
        return Finding("clock", Verdict.OK, "nothing to compare with: no server is running")
    from redis import exceptions
    from redis.asyncio import Redis

    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S), Redis.from_url(patient.endpoints.redis_url) as client:
            asked = patient.clock.now().timestamp()
            seconds, microseconds = await client.time()
            answered = patient.clock.now().timestamp()
    except (exceptions.RedisError, OSError) as error:
        return Finding("clock", Verdict.WARN, f"Redis did not tell its time: {error}", "See `redis server`.")
    offset = (asked + answered) / 2 - (seconds + microseconds / 1e6)
    detail = f"{offset * 1000:+.1f} ms against the Redis server"
    verdict = (
        Verdict.FAIL if abs(offset) > CLOCK_FAIL_S else Verdict.WARN if abs(offset) > CLOCK_WARN_S else Verdict.OK
    )
    return Finding("clock", verdict, detail, "" if verdict is Verdict.OK else CLOCK_HINT)


PLAIN: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    check_platform,
    check_machine,
    check_time_sync,
    check_files,
    check_ports,
    check_servers_programs,
)
PROBES: tuple[Callable[[Patient], Awaitable[Finding]], ...] = (check_kafka, check_redis, check_clock)


def _by_limits(check: str, value: float, detail: str, warn: float, fail: float, hint: str) -> Finding:
    verdict = Verdict.FAIL if value < fail else Verdict.WARN if value < warn else Verdict.OK
    return Finding(check, verdict, detail, "" if verdict is Verdict.OK else hint)


def _private(check: str, path: Path, mode: int) -> Finding:
    found = stat.S_IMODE(path.stat().st_mode)
    if found & 0o077:
        return Finding(check, Verdict.WARN, f"{path} is open to others ({found:o})", f"chmod {mode:o} {path}")
    return Finding(check, Verdict.OK, f"{path}, only its owner's")


def _is_ours(name: str, patient: Patient) -> bool:
    # kafka has a second port, kafka-controller.
    return name in patient.running or name.removesuffix("-controller") in patient.running


def _is_asleep(patient: Patient, server: str) -> bool:
    """Whether a server of ours is simply not running."""
    settings = patient.settings
    return settings is not None and settings.infra.tier is InfraTier.EMBEDDED and server not in patient.running
