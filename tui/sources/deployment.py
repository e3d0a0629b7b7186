"""Connects the dashboard to a deployment: its settings, Kafka, Redis, the supervisor, the logs, and its acts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.infra.control.client import connect
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.operations.servers import endpoints_of, kafka_options
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.settings import Settings
from alphapanda.settings.model import catalogue_of
from topics.catalogue import Catalogue
from topics.services import groups_of
from tui.sources.avro import AvroTopics
from tui.sources.connection import Connection
from tui.sources.control import Disposition, PreparedAction, Selection
from tui.sources.deployment_control import DeploymentControl
from tui.sources.kafka_log import KafkaLogAccess
from tui.sources.system_source import LogFileHistory, LogFilesSource, SystemSource
from tui.sources.views import ViewsSource
from tui.store.system import SystemView

PrepareLetters = Callable[[Selection, Disposition], AbstractAsyncContextManager[PreparedAction]]
"""Prepares an act on dead letters."""


class ConnectDeployment:
    """Reads the settings and prepares the sources, in a thread.

    Args:
        deployment: the folder.
        load: reads its settings; raises ConfigError.
        clock: the time.
        letters: prepares acts on dead letters; None for a dashboard that only reads.
        names: names that were typed before the dashboard opened.
    """

    def __init__(
        self,
        deployment: Deployment,
        load: Callable[[], Settings],
        clock: Clock,
        letters: PrepareLetters | None,
        names: frozenset[str] = frozenset(),
    ) -> None:
        self._deployment = deployment
        self._load = load
        self._clock = clock
        self._letters = letters
        self._names = names

    async def __call__(self) -> Connection:
        """Return the connection; raises AlphaPandaError for settings that cannot be used."""
        return await asyncio.to_thread(self._prepare)

    def _prepare(self) -> Connection:
        deployment, settings, clock = self._deployment, self._load(), self._clock
        brokers = tuple((name, settings.brokers[name].kind.mode) for name in settings.active_brokers)
        catalogue = catalogue_of(settings)
        names = [str(spec.name) for spec in catalogue.topics(settings.active_brokers)]
        avro = _avro(settings, catalogue)
        log_access = KafkaLogAccess(
            lambda: kafka_options(deployment, settings, clock, "tui"),
            frozenset(names),
            groups_of(settings.active_brokers),
            avro,
        )
        control = None
        if self._letters is not None:
            control = DeploymentControl(deployment, settings, clock, self._letters, self._names)
        return Connection(
            name=deployment.root.name or str(deployment.root),
            folder=str(deployment.root),
            brokers=brokers,
            routes=Routes(catalogue, None),
            log_access=log_access,
            history=LogFileHistory(deployment, clock),
            sources=(
                ViewsSource(lambda: endpoints_of(deployment, settings, clock).redis_url, brokers),
                SystemSource(self._read_status),
                LogFilesSource(deployment, clock),
                *((avro,) if avro is not None else ()),
            ),
            control=control,
        )

    async def _read_status(self) -> SystemView:
        async with connect(RunPaths(self._deployment)) as client:
            status = await client.status()
        return SystemView(at=status.at, daemons=(*status.processes, status.supervisor))


def _avro(settings: Settings, catalogue: Catalogue) -> AvroTopics | None:
    """Return what reads topics in Avro; None where no schema registry is named, and all is JSON."""
    url = settings.schema_registry_url.get_secret_value()
    if not url:
        return None
    return AvroTopics(url, catalogue)
