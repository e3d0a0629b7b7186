"""Several services in one process: fewer interpreters on a small machine, the same topics and the same meaning.

Each keeps its own groups, snapshots and metrics under its own name; only the process, its log file and its HTTP
port are shared. If one of them fails the process ends, and all recover from the log.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from alphapanda.telemetry.health import Health, HealthReport
from daemons.service import DaemonContext, DaemonService


class CompositeService:
    """Runs `services` side by side on one event loop.

    Args:
        name: the daemon's.
        services: what it does.
    """

    def __init__(self, name: str, services: tuple[DaemonService, ...]) -> None:
        self.name = name
        self._services = services

    async def run(self, context: DaemonContext) -> None:
        """Run all until told to stop; ready when all are."""
        parts = [(service, _part(context, service.name)) for service in self._services]
        # From here on the parts speak for the whole.
        context.health.ready()
        async with asyncio.TaskGroup() as group:
            for service, part in parts:
                group.create_task(service.run(part), name=service.name)


def _part(context: DaemonContext, name: str) -> DaemonContext:
    """Return what one of the services is given: its readiness is a part of the process's."""
    health = Health(name, context.clock)

    def on_report(report: HealthReport) -> None:
        if report.ready:
            context.health.ready(name)
        else:
            context.health.not_ready(f"{name}: {'; '.join(report.reasons)}", part=name)

    health.subscribe(on_report)
    health.not_ready("recovers")
    return replace(context, health=health, metrics=context.metrics.of(name), log=context.log.bind(part=name))
