"""The tier that the settings name: chosen, and its servers run for as long as a block lasts."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.errors import AlphaPandaError, ConfigError, DependencyError, first_error
from alphapanda.infra.base import ChildSpec, Endpoints, Tier
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.process import ManagedProcess
from alphapanda.infra.progress import NoProgress, ProgressReporter
from alphapanda.infra.redis_probe import probe_redis
from alphapanda.infra.startup import start_child
from alphapanda.kafka.probe import parse_servers, probe_kafka, require_compatible
from alphapanda.settings import InfraTier, Settings


def tier_for(
    settings: Settings, deployment: Deployment, clock: Clock, *, environ: Mapping[str, str] | None = None
) -> Tier:
    """Return the tier that `INFRA__TIER` names.

    Args:
        settings: all settings.
        deployment: whose servers.
        clock: the time.
        environ: the process's environment; `os.environ` by default.
    """
    if settings.infra.tier is InfraTier.EXTERNAL:
        return ExternalTier(settings)
    return EmbeddedTier(settings.embedded, deployment, clock, environ=environ)


@asynccontextmanager
async def running(
    tier: Tier,
    *,
    progress: ProgressReporter | None = None,
    deadline_s: float = 60.0,
    die_with_parent: bool = True,
    idle_work: bool = False,
) -> AsyncIterator[Endpoints]:
    """Prepare and start the servers, give their addresses, stop them at the end.

    Args:
        tier: which servers.
        progress: shows downloads; nothing by default.
        deadline_s: how long they may take until they are ready.
        die_with_parent: whether they are killed when this thread dies without having stopped them.
        idle_work: whether to do what may wait (`Tier.idle_work`) meanwhile.

    Raises:
        DependencyError: something cannot be had or started.
        DeadlineError: a server was not ready in time.
    """
    progress = progress or NoProgress()
    await tier.prepare(progress)
    children: list[ManagedProcess] = []
    idle: asyncio.Task[None] | None = None
    try:
        await _start_all(tier.children(), children, deadline_s, signal.SIGKILL if die_with_parent else None)
        endpoints = await tier.ready(deadline_s)
        if idle_work:
            idle = asyncio.create_task(_idle(tier, progress), name="infra-idle-work")
        yield endpoints
    finally:
        if idle is not None:
            idle.cancel()
            await asyncio.gather(idle, return_exceptions=True)
        await asyncio.gather(*(child.stop() for child in children))


async def _idle(tier: Tier, progress: ProgressReporter) -> None:
    try:
        await tier.idle_work()
    except DependencyError as error:
        progress.note(str(error))


async def _start_all(
    specs: tuple[ChildSpec, ...],
    started: list[ManagedProcess],
    deadline_s: float,
    die_with_parent: signal.Signals | None,
) -> None:
    """Start all at once; what did start is in `started` even when another fails."""

    async def start(spec: ChildSpec) -> None:
        started.append(await start_child(spec, deadline_s=deadline_s, die_with_parent=die_with_parent))

    try:
        async with asyncio.TaskGroup() as group:
            for spec in specs:
                group.create_task(start(spec))
    except* AlphaPandaError as failures:
        raise first_error(failures) from failures


class ExternalTier:
    """Servers by address: nothing to start, everything to check."""

    def __init__(self, settings: Settings) -> None:
        self._endpoints = Endpoints(
            bootstrap_servers=settings.kafka.bootstrap_servers, redis_url=settings.redis.url.get_secret_value()
        )

    async def prepare(self, _progress: ProgressReporter) -> None:
        """Check that both addresses were given.

        Raises:
            ConfigError: one is missing or malformed.
        """
        if not self._endpoints.bootstrap_servers:
            raise ConfigError(
                "The external tier has no Kafka: KAFKA__BOOTSTRAP_SERVERS is empty.",
                hint="Set it to host:port, or use INFRA__TIER=embedded.",
            )
        if not self._endpoints.redis_url:
            raise ConfigError(
                "The external tier has no Redis: REDIS__URL is empty.",
                hint="Set it to redis://:password@host:6379/0, or use INFRA__TIER=embedded.",
            )
        parse_servers(self._endpoints.bootstrap_servers)

    def children(self) -> tuple[ChildSpec, ...]:
        """Return nothing: others run them."""
        return ()

    async def ready(self, deadline_s: float) -> Endpoints:
        """Check both servers once: they are up before us.

        Raises:
            KafkaUnreachableError: no Kafka answers.
            IncompatibleServerError: Kafka is too old or too new.
            RedisUnreachableError: Redis does not answer, or refuses the password.
        """
        try:
            async with asyncio.TaskGroup() as group:
                kafka = group.create_task(probe_kafka(self._endpoints.bootstrap_servers, timeout_s=deadline_s))
                group.create_task(probe_redis(self._endpoints.redis_url, timeout_s=deadline_s))
        except* AlphaPandaError as failures:
            raise first_error(failures) from failures
        require_compatible(kafka.result())
        return self._endpoints

    def endpoints(self) -> Endpoints:
        """Return the addresses of the settings."""
        return self._endpoints

    async def idle_work(self) -> None:
        """Do nothing: there is nothing of ours to improve."""
