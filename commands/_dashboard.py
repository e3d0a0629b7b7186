"""Connects the dashboard to a deployment: its settings, Kafka, Redis, the supervisor, the logs, and what acts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from alphapanda.model.kinds import TradingMode
from tui.store.system import Daemon, DaemonState, SystemView

if TYPE_CHECKING:
    from alphapanda.infra.control.protocol import ProcessStatus
    from alphapanda.settings import Settings
    from commands.shell.context import Context
    from topics.catalogue import Catalogue
    from tui.sources.avro import AvroTopics
    from tui.sources.connection import Connection


class DeploymentWire:
    """Reads the settings and prepares the sources, away from the screen's loop where that takes time.

    Args:
        context: the deployment.
        control: whether acts are offered.
    """

    def __init__(self, context: Context, *, control: bool) -> None:
        self._context = context
        self._control = control

    async def __call__(self) -> Connection:
        """Return the wiring; raises AlphaPandaError for settings that cannot be used."""
        return await asyncio.to_thread(self._prepare)

    def _prepare(self) -> Connection:
        # Imported here, in a thread and after the first paint: together they take a second.
        from alphapanda.pipeline.topic_routing import Routes
        from alphapanda.settings.topics import catalogue_of
        from commands._dashboard_control import DeploymentControl
        from commands.shell.reading import endpoints_of
        from daemons.stage_daemon import MODES
        from tui.sources.connection import Connection
        from tui.sources.kafka_log import KafkaLogAccess
        from tui.sources.system_source import LogFileHistory, LogFilesSource, SystemSource
        from tui.sources.views import ViewsSource

        context = self._context
        loaded = context.loaded()
        settings = loaded.settings
        brokers = tuple(
            (name, MODES.get(settings.brokers[name].kind, TradingMode.LIVE)) for name in settings.active_brokers
        )
        catalogue = catalogue_of(settings)
        names = [str(spec.name) for spec in catalogue.topics(settings.active_brokers)]
        groups = ["alphapanda.strategies"]
        groups += [f"{broker}.{service}" for broker, _ in brokers for service in ("risk", "trader")]
        avro = _avro(settings, catalogue)
        tape = KafkaLogAccess(
            lambda: endpoints_of(context).bootstrap_servers, frozenset(names), tuple(groups), avro
        )
        return Connection(
            name=context.deployment.root.name or str(context.deployment.root),
            folder=str(context.deployment.root),
            brokers=brokers,
            routes=Routes(catalogue, None),
            tape=tape,
            history=LogFileHistory(context.deployment, context.clock),
            sources=(
                ViewsSource(lambda: endpoints_of(context).redis_url, brokers),
                SystemSource(self._look),
                LogFilesSource(context.deployment, context.clock),
                *((avro,) if avro is not None else ()),
            ),
            control=DeploymentControl(context) if self._control else None,
        )

    async def _look(self) -> SystemView:
        from alphapanda.infra.control.client import connect
        from alphapanda.infra.control.run_paths import RunPaths

        async with connect(RunPaths(self._context.deployment)) as client:
            status = await client.status()
        return SystemView(at=status.at, daemons=tuple(map(_daemon, (*status.processes, status.supervisor))))


def _avro(settings: Settings, catalogue: Catalogue) -> AvroTopics | None:
    """Return what reads topics in Avro; None where no schema registry is named, and all is JSON."""
    url = settings.schema_registry_url.get_secret_value()
    if not url:
        return None
    from tui.sources.avro import AvroTopics

    return AvroTopics(url, catalogue)


def _daemon(process: ProcessStatus) -> Daemon:
    return Daemon(
        name=process.name,
        kind=process.kind.value,
        state=DaemonState(process.state.value),
        reason=process.reason,
        since=process.since,
        pid=process.pid,
        uptime_s=process.uptime_s,
        cpu_percent=process.cpu_percent,
        rss_bytes=process.rss_bytes,
        restarts=process.restarts,
        last_exit=process.last_exit,
        adopted=process.adopted,
        needs=process.needs,
        retry_in_s=process.retry_in_s,
    )
