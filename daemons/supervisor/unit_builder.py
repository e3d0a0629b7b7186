"""Builds the processes of a deployment from its settings: infrastructure, the topics job, the daemons."""

from __future__ import annotations

import hashlib
import signal
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel, SecretStr

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.errors import AlphaPandaError
from alphapanda.infra.base import ChildSpec, Endpoints, Tier
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.infra.ports import PortBook
from alphapanda.infra.progress import NoProgress, ProgressReporter
from alphapanda.infra.tiers import tier_for
from alphapanda.model.process_status import OrphanPolicy, UnitKind
from alphapanda.settings import InfraTier, Settings, load
from daemons.catalogue import COMMON_SETTINGS, DaemonSpec, services
from daemons.notify import NOTIFY_VARIABLE
from daemons.supervisor.environment import child_environment
from daemons.supervisor.inspection import last_line
from daemons.supervisor.lifecycle import RestartPolicy
from daemons.supervisor.plan import ProcessSpec, StartPlan

TOPICS_JOB = "topics"
TOPIC_SETTINGS = (
    "settings",
    "active_brokers",
    "redpanda_broker_count",
    "topic_partitions_multiplier",
    "create_dlq_for_all",
    "kafka",
)
INFRA_BASE_DELAY_S = 0.2
"""Nothing works without the servers, and a killed one starts in a second: the first retry comes soon."""


@dataclass(frozen=True, slots=True)
class UnitSummary:
    """One process, by settings alone.

    Attributes:
        name: of the process.
        kind: infrastructure, job or daemon.
        needs: the processes that must be up before it starts.
        daemon: its spec, for a daemon.
    """

    name: str
    kind: UnitKind
    needs: tuple[str, ...]
    daemon: DaemonSpec | None = None


def all_units(settings: Settings, servers: Iterable[str]) -> tuple[UnitSummary, ...]:
    """Return all processes, each after what it needs: the servers, the topics job, the daemons."""
    infra = tuple(servers)
    lines = [UnitSummary(name, UnitKind.INFRA, ()) for name in infra]
    lines.append(UnitSummary(TOPICS_JOB, UnitKind.JOB, infra))
    lines += [
        UnitSummary(daemon.name, UnitKind.DAEMON, (*infra, TOPICS_JOB, *daemon.needs), daemon)
        for daemon in services(settings)
    ]
    return tuple(lines)


def selected_units(settings: Settings, names: Iterable[str], *, only: bool) -> tuple[UnitSummary, ...]:
    """Return the processes that `up` of `names` would start in a system that is not running."""
    servers = ("kafka", "valkey") if settings.infra.tier is InfraTier.EMBEDDED else ()
    lines = all_units(settings, servers)
    wanted = set(names)
    if not wanted:
        return lines
    if not only:
        for line in reversed(lines):
            if line.name in wanted:
                wanted.update(line.needs)
    return tuple(line for line in lines if line.name in wanted or line.kind is not UnitKind.DAEMON)


@dataclass(frozen=True, slots=True)
class BuiltUnits:
    """The processes of a deployment, and the tier of its servers."""

    plan: StartPlan
    tier: Tier

    async def idle_work(self) -> None:
        """Do the tier's work that can wait until all is ready."""
        await self.tier.idle_work()


async def build_units(
    deployment: Deployment, environ: Mapping[str, str], clock: Clock, progress: ProgressReporter | None = None
) -> BuiltUnits:
    """Return all processes that this deployment can run; prepares the files of its servers.

    Raises:
        ConfigError: settings or files are invalid.
        DependencyError: the servers' programs cannot be obtained.
    """
    settings = load(deployment, environ).settings
    tier = tier_for(settings, deployment, clock, environ=environ)
    await tier.prepare(progress or NoProgress())
    return BuiltUnits(plan=_UnitBuilder(deployment, environ, settings, tier).plan(), tier=tier)


class _UnitBuilder:
    """One plan in the making."""

    def __init__(self, deployment: Deployment, environ: Mapping[str, str], settings: Settings, tier: Tier) -> None:
        self._deployment = deployment
        self._environ = environ
        self._settings = settings
        self._tier = tier
        self._places = RunPaths(deployment)
        self._ports = PortBook(deployment)
        configured = settings.supervisor
        self._restart = RestartPolicy(
            base_s=configured.backoff_initial_s,
            cap_s=configured.backoff_max_s,
            short_run_s=configured.short_run_s,
            max_shorts=configured.crashloop_after,
        )

    def plan(self) -> StartPlan:
        """Return the plan of all that this deployment can run."""
        servers = {child.name: child for child in self._tier.children()}
        specs = []
        for line in all_units(self._settings, servers):
            if line.daemon is not None:
                specs.append(self._daemon(line.daemon, line.needs))
            elif line.kind is UnitKind.JOB:
                specs.append(self._topics(line.needs))
            else:
                specs.append(self._server(servers[line.name]))
        return StartPlan(tuple(specs))

    def _server(self, child: ChildSpec) -> ProcessSpec:
        policy = replace(self._restart, base_s=min(INFRA_BASE_DELAY_S, self._restart.base_s))
        return ProcessSpec(
            child=child,
            kind=UnitKind.INFRA,
            announces=False,
            ready_deadline_s=self._settings.supervisor.ready_timeout_s,
            orphan=OrphanPolicy.SURVIVE,
            settings_digest=self._digest(("embedded",), ()),
            restart=policy,
        )

    def _topics(self, servers: tuple[str, ...]) -> ProcessSpec:
        return ProcessSpec(
            child=self._child(TOPICS_JOB, ("-m", "daemons.topics_job")),
            kind=UnitKind.JOB,
            needs=servers,
            settings_digest=self._digest(TOPIC_SETTINGS, ()),
            restart=self._restart,
        )

    def _daemon(self, daemon: DaemonSpec, needs: tuple[str, ...]) -> ProcessSpec:
        return ProcessSpec(
            child=self._child(daemon.name, ("-m", "daemons", daemon.name), daemon),
            kind=UnitKind.DAEMON,
            needs=needs,
            settings_digest=self._digest((*COMMON_SETTINGS, *daemon.reads), daemon.files),
            restart=self._restart,
            url=f"http://{self._settings.api.host}:{self._ports.port(daemon.name)}",
        )

    def _child(self, name: str, words: tuple[str, ...], daemon: DaemonSpec | None = None) -> ChildSpec:
        environment = child_environment(
            self._deployment,
            self._environ,
            setting_names=tuple(Settings.model_fields),
            broker=daemon.broker if daemon else None,
        )
        return ChildSpec(
            name=name,
            argv=(sys.executable, "-P", *words),  # -P: the deployment's folder is no place to import from
            env={**environment, NOTIFY_VARIABLE: str(self._places.notify_socket)},
            cwd=self._deployment.root,
            log_file=self._places.output_of(name),
            identity_file=self._places.identity_of(name),
            ready=_tells_itself,
            stop_signal=signal.SIGTERM,
            grace_s=self._settings.supervisor.stop_timeout_s,
            explain=_last_words,
        )

    def _digest(self, names: Iterable[str], files: Iterable[str]) -> str:
        """Return the digest of the settings and files that a process reads, and of its servers' addresses."""
        values = {name: _plain(_setting(self._settings, name)) for name in names}
        contents = {name: _content(self._deployment.root / name) for name in files}
        endpoints: Endpoints = self._tier.endpoints()
        parts = msgspec.json.encode((values, contents, endpoints))
        return hashlib.blake2b(parts, digest_size=12).hexdigest()


def _setting(settings: Settings, name: str) -> Any:
    """Return the setting with a dotted name, e.g. `brokers.paper`."""
    value: Any = settings
    for part in name.split("."):
        value = value[part] if isinstance(value, Mapping) else getattr(value, part)
    return value


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold, secrets uncovered: it is only hashed."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case BaseModel():
            return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {str(key): _plain(inner) for key, inner in sorted(value.items())}
        case tuple() | list():
            return [_plain(inner) for inner in value]
        case Path():
            return str(value)
        case _:
            return value


def _content(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=12).hexdigest() if path.exists() else ""


def _last_words(tail: str) -> AlphaPandaError | None:
    line = last_line(tail)
    return AlphaPandaError(line) if line else None


async def _tells_itself() -> None:
    """Never awaited: a daemon reports its readiness itself."""
