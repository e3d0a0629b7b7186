"""The monitor daemon: consumer lag and dead letters as metrics, and what the supervisor reports into the log."""

from __future__ import annotations

import asyncio

from alphapanda.infra.control.outbox import Outbox
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.kafka.client import open_log
from alphapanda.operations.dead_letters.exporter import exporting_dead_letters
from alphapanda.operations.groups.exporter import exporting_lag
from alphapanda.settings.model import catalogue_of
from daemons.monitor.connections import watch_connections
from daemons.monitor.publisher import OutboxPublisher
from daemons.service import DaemonContext, kafka_options
from topics.services import MONITOR


class MonitorService:
    """Measures all groups and dead letters, watches Kafka and Redis, and empties the outbox."""

    name = MONITOR.name

    async def run(self, context: DaemonContext) -> None:
        """Work until told to stop; then write what is left in the outbox."""
        metrics, clock, log = context.metrics, context.clock, context.log
        topics = catalogue_of(context.settings).topics(context.settings.active_brokers)
        dead_letters = [str(spec.name) for spec in topics if spec.name.dlq]
        outbox = Outbox(RunPaths(context.deployment).outbox)
        metrics.outbox_events.set_function(lambda: len(outbox))
        async with (
            open_log(kafka_options(context, self.name)) as kafka,
            exporting_lag(kafka_options(context, f"{self.name}.lag"), metrics, clock, log),
            exporting_dead_letters(kafka_options(context, f"{self.name}.dlq"), dead_letters, metrics, clock, log),
        ):
            publisher = OutboxPublisher(outbox, kafka, log)
            async with asyncio.TaskGroup() as group:
                tasks = (
                    group.create_task(publisher.run(), name="outbox"),
                    group.create_task(watch_connections(context, outbox), name="connections"),
                )
                context.health.ready()
                await context.stop.wait()
                for task in tasks:
                    task.cancel()
            await publisher.publish()
