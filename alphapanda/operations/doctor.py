"""Checks of this machine and of a deployment: each reports one state and, where it is wrong, the remedy."""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import shutil
import stat
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec
import psutil
from redis import exceptions
from redis.asyncio import Redis

from alphapanda.clock import Clock, to_ist
from alphapanda.deployment import Deployment, user_cache
from alphapanda.errors import AlphaPandaError, ConfigError
from alphapanda.infra.base import Endpoints
from alphapanda.infra.embedded.kafka_config import kafka_program
from alphapanda.infra.embedded.valkey import find_valkey
from alphapanda.infra.ports import PortBook, holder_of, is_free
from alphapanda.infra.redis_probe import probe_redis
from alphapanda.infra.tiers import tier_for
from alphapanda.infra.time_sync import TimeSync, time_sync
from alphapanda.kafka.probe import probe_kafka, require_compatible
from alphapanda.pipeline.documents import check_documents
from alphapanda.settings import InfraTier, Loaded, Settings
from alphapanda.settings.calendar_file import CALENDAR_HINT, load_calendar

GIB = 1024**3
OLDEST_PYTHON = (3, 11)
DISK_WARN, DISK_FAIL = 5 * GIB, GIB // 2
MEMORY_WARN = GIB
FILES_WARN = 4_096
"""Kafka keeps a handful of files open for each partition."""
CLOCK_WARN_S, CLOCK_FAIL_S = 0.5, 5.0
"""Orders and signals are judged by their age: a clock further off judges them wrongly."""
CLOCK_HINT = "Have the clock set by NTP, on each machine: timedatectl set-ntp true"
PROBE_TIMEOUT_S = 5.0


class Verdict(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """The result of one check, and the remedy.

    Attributes:
        check: its name.
        verdict: the result.
        detail: what was found.
        hint: the remedy; empty when nothing is wrong.
    """

    check: str
    verdict: Verdict
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What the checks look at.

    Attributes:
        deployment: the folder.
        environ: the environment.
        clock: this machine's.
        settings: None when they cannot be used.
        endpoints: the servers' addresses, running or not; None without settings.
        running: the supervised processes by name, with their pids.
    """

    deployment: Deployment
    environ: Mapping[str, str]
    clock: Clock
    settings: Settings | None
    endpoints: Endpoints | None
    running: Mapping[str, int]


def check_platform(_context: CheckContext) -> Iterator[Finding]:
    """Check the operating system and the interpreter."""
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


def check_machine(context: CheckContext) -> Iterator[Finding]:
    """Check disk, memory and the limit of open files."""
    free = shutil.disk_usage(context.deployment.root).free
    hint = "Free some room: Kafka stops when its disk is full."
    yield _by_limits("disk", free, f"{free / GIB:.1f} GiB free", DISK_WARN, DISK_FAIL, hint)
    memory = psutil.virtual_memory().available
    yield _by_limits(
        "memory", memory, f"{memory / GIB:.1f} GiB available", MEMORY_WARN, 0, "Close other programs."
    )
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield _by_limits("open files", files, f"limit {files}", FILES_WARN, 0, "Raise it: ulimit -n 65536")


def check_time_sync(_context: CheckContext) -> Iterator[Finding]:
    """Check that the machine's clock is synchronised."""
    yield time_sync_finding(time_sync())


def time_sync_finding(found: TimeSync | None) -> Finding:
    """Return the finding for the kernel's report on its clock."""
    if found is None:
        return Finding("time sync", Verdict.OK, "this system does not report it")
    if not found.kept:
        return Finding("time sync", Verdict.WARN, "nothing keeps this machine's clock", CLOCK_HINT)
    detail = f"kept, at most {found.error_s * 1000:.0f} ms off"
    return _by_limits("time sync", -found.error_s, detail, -CLOCK_WARN_S, -CLOCK_FAIL_S, CLOCK_HINT)


def check_files(context: CheckContext) -> Iterator[Finding]:
    """Check the permissions of the deployment's files."""
    root, state, env = context.deployment.root, context.deployment.state, context.deployment.env_file
    if not os.access(root, os.W_OK):
        yield Finding("folder", Verdict.FAIL, f"{root} cannot be written", "Choose another with ALPHAPANDA_HOME.")
    else:
        yield Finding("folder", Verdict.OK, str(root))
    if state.exists():
        yield _private("state folder", state, 0o700)
    if env.exists():
        yield _private(".env", env, 0o600)


def check_ports(context: CheckContext) -> Iterator[Finding]:
    """Check that no other program has the deployment's ports."""
    ports = PortBook(context.deployment).ports()
    taken = {name: port for name, port in ports.items() if not _is_ours(name, context) and not is_free(port)}
    for name, port in taken.items():
        hint = f"Stop it, or delete {context.deployment.run / 'ports.json'} while nothing runs."
        yield Finding("ports", Verdict.FAIL, f"{port} of {name} is taken by {holder_of(port) or 'another'}", hint)
    if not taken:
        yield Finding(
            "ports", Verdict.OK, f"{len(ports)} chosen, none taken by others" if ports else "none chosen yet"
        )


def check_servers_programs(context: CheckContext) -> Iterator[Finding]:
    """Check the programs of the embedded servers."""
    settings = context.settings
    if settings is None or settings.infra.tier is not InfraTier.EMBEDDED:
        return
    try:
        program, store = kafka_program(settings.embedded, user_cache(context.environ))
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


async def check_kafka(context: CheckContext) -> Finding:
    """Check that Kafka answers and its version is supported."""
    if context.endpoints is None or _is_asleep(context, "kafka"):
        return Finding("kafka server", Verdict.OK, "not running; `alphapanda up` starts it")
    try:
        facts = await probe_kafka(context.endpoints.bootstrap_servers, timeout_s=PROBE_TIMEOUT_S)
        require_compatible(facts)
    except AlphaPandaError as error:
        return Finding("kafka server", Verdict.FAIL, error.message, error.hint)
    nodes = f"{len(facts.brokers)} node{'s' if len(facts.brokers) > 1 else ''}"
    return Finding("kafka server", Verdict.OK, f"cluster {facts.cluster_id}, {nodes}, at {facts.address}")


async def check_redis(context: CheckContext) -> Finding:
    """Check that Redis answers and accepts the credentials."""
    if context.endpoints is None or _is_asleep(context, "valkey"):
        return Finding("redis server", Verdict.OK, "not running; `alphapanda up` starts it")
    try:
        version = await probe_redis(context.endpoints.redis_url, timeout_s=PROBE_TIMEOUT_S)
    except AlphaPandaError as error:
        return Finding("redis server", Verdict.FAIL, error.message, error.hint)
    return Finding("redis server", Verdict.OK, f"{version} at {context.endpoints.redacted_redis_url}")


async def check_clock(context: CheckContext) -> Finding:
    """Compare this machine's clock with the Redis server's, less half of the round trip."""
    if context.endpoints is None or _is_asleep(context, "valkey"):
        return Finding("clock", Verdict.OK, "nothing to compare with: no server is running")
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S), Redis.from_url(context.endpoints.redis_url) as client:
            asked = context.clock.now().timestamp()
            seconds, microseconds = await client.time()
            answered = context.clock.now().timestamp()
    except (exceptions.RedisError, OSError) as error:
        return Finding("clock", Verdict.WARN, f"Redis did not report its time: {error}", "See `redis server`.")
    offset = (asked + answered) / 2 - (seconds + microseconds / 1e6)
    detail = f"{offset * 1000:+.1f} ms against the Redis server"
    verdict = (
        Verdict.FAIL if abs(offset) > CLOCK_FAIL_S else Verdict.WARN if abs(offset) > CLOCK_WARN_S else Verdict.OK
    )
    return Finding("clock", verdict, detail, "" if verdict is Verdict.OK else CLOCK_HINT)


def check_calendar(context: CheckContext) -> Iterator[Finding]:
    """Check that the holidays of this year are known."""
    try:
        calendar = load_calendar(context.deployment)
    except ConfigError:
        return  # `settings` names file and line
    today = to_ist(context.clock.now()).date()
    if not calendar.covers(today):
        detail = f"the trading holidays of {today.year} are not known: every Monday to Friday counts as a session"
        yield Finding("calendar", Verdict.WARN, detail, CALENDAR_HINT)
        return
    yield Finding("calendar", Verdict.OK, f"trading holidays are known until {calendar.last}")


_CHECKS: tuple[Callable[[CheckContext], Iterator[Finding]], ...] = (
    check_platform,
    check_machine,
    check_time_sync,
    check_files,
    check_calendar,
    check_ports,
    check_servers_programs,
)
_PROBES: tuple[Callable[[CheckContext], Awaitable[Finding]], ...] = (check_kafka, check_redis, check_clock)


async def examine(
    deployment: Deployment,
    environ: Mapping[str, str],
    clock: Clock,
    load: Callable[[], Loaded],
    running: Mapping[str, int],
) -> list[Finding]:
    """Run all checks; those of the servers only with settings that can be used.

    Args:
        deployment: the folder.
        environ: the environment.
        clock: this machine's.
        load: reads the deployment's settings; raises ConfigError.
        running: the supervised processes by name, with their pids.
    """
    settings, endpoints = None, None
    findings: list[Finding] = []
    try:
        loaded = load()
        settings = loaded.settings
        problems = [str(problem) for problem in check_documents(deployment, tuple(settings.brokers))]
        findings += [Finding("settings", Verdict.WARN, warning) for warning in loaded.warnings]
        endpoints = tier_for(settings, deployment, clock, environ=environ).endpoints()
    except AlphaPandaError as error:
        problems = [str(problem) for problem in getattr(error, "problems", ())] or [str(error)]
    hint = "Correct it, then run: alphapanda config check"
    findings += [Finding("settings", Verdict.FAIL, problem, hint) for problem in problems]
    if not findings:
        findings.append(Finding("settings", Verdict.OK, "all files and variables can be used"))
    context = CheckContext(deployment, environ, clock, settings, endpoints, running)
    for check in _CHECKS:
        findings.extend(check(context))
    if settings is not None:
        findings.extend(await asyncio.gather(*(probe(context) for probe in _PROBES)))
    return findings


def _by_limits(check: str, value: float, detail: str, warn: float, fail: float, hint: str) -> Finding:
    verdict = Verdict.FAIL if value < fail else Verdict.WARN if value < warn else Verdict.OK
    return Finding(check, verdict, detail, "" if verdict is Verdict.OK else hint)


def _private(check: str, path: Path, mode: int) -> Finding:
    found = stat.S_IMODE(path.stat().st_mode)
    if found & 0o077:
        return Finding(check, Verdict.WARN, f"{path} is open to others ({found:o})", f"chmod {mode:o} {path}")
    return Finding(check, Verdict.OK, f"{path}, only its owner's")


def _is_ours(name: str, context: CheckContext) -> bool:
    # kafka has a second port, kafka-controller.
    return name in context.running or name.removesuffix("-controller") in context.running


def _is_asleep(context: CheckContext, server: str) -> bool:
    """Whether it is an embedded server that is not running."""
    settings = context.settings
    return settings is not None and settings.infra.tier is InfraTier.EMBEDDED and server not in context.running
