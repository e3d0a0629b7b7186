"""Checks before a verb changes a cluster: it must be this deployment's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alphapanda.errors import CheckFailedError, DependencyError
from alphapanda.operations.cluster_pin import check_pin
from commands.shell.context import Context

if TYPE_CHECKING:
    from alphapanda.kafka.client import KafkaReadLog


async def check_cluster(context: Context, log: KafkaReadLog) -> None:
    """Refuse to change another cluster than this deployment's; raises RefusedError."""
    check_pin(context.deployment, context.settings(), await log.identity(), changing=True)


async def check_cluster_if_there(context: Context) -> None:
    """Check the cluster for a verb that changes something beside it, and can do so without it."""
    from alphapanda.kafka.client import open_read_log
    from commands.shell.reading import kafka_options

    try:
        async with open_read_log(kafka_options(context, "check")) as log:
            await check_cluster(context, log)
    except (CheckFailedError, DependencyError) as error:
        context.output.warn(f"The cluster was not compared with this deployment's own: {error.message}")
