"""Consumer group lag for Prometheus, with the metric names of public dashboards.

One process of a deployment measures all groups, including groups without members.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alphapanda.clock import Clock
from alphapanda.errors import AlphaPandaError
from alphapanda.kafka.client import KafkaOptions, KafkaReadLog, open_read_log
from alphapanda.kafka.group_admin import GroupAdmin, open_groups
from alphapanda.operations.groups.lag import LagReport
from alphapanda.operations.groups.measure import measure
from alphapanda.telemetry import metric_specs as specs
from alphapanda.telemetry.log import Logger
from alphapanda.telemetry.metrics import Metrics, collecting

EVERY_S = 10.0


class GroupLagCollector(Collector):
    """Exports the last measurement; deleted groups disappear from it.

    Args:
        service: the daemon that measures.
        broker: the broker of that daemon.
    """

    def __init__(self, service: str, broker: str) -> None:
        self._labels = (service, broker)
        self.look: LagReport | None = None

    def collect(self) -> Iterator[Metric]:
        """Return the last measurement, without partitions that have no commit or no topic."""
        lag = GaugeMetricFamily(
            specs.CONSUMERGROUP_LAG.name, specs.CONSUMERGROUP_LAG.doc, labels=specs.CONSUMERGROUP_LAG.label_names
        )
        seconds = GaugeMetricFamily(
            specs.GROUP_LAG_SECONDS.name, specs.GROUP_LAG_SECONDS.doc, labels=specs.GROUP_LAG_SECONDS.label_names
        )
        for group in self.look.groups if self.look is not None else ():
            for one in group.partitions:
                labels = (*self._labels, group.name, one.partition.topic, str(one.partition.number))
                if one.lag is not None:
                    lag.add_metric(labels, one.lag)
                if one.seconds is not None:
                    seconds.add_metric(labels, one.seconds)
        yield lag
        yield seconds


@asynccontextmanager
async def exporting_lag(
    options: KafkaOptions, metrics: Metrics, clock: Clock, logger: Logger, *, every_s: float = EVERY_S
) -> AsyncIterator[GroupLagCollector]:
    """Measure all groups regularly while the block runs; log a failure and retry at the next interval."""
    collector = GroupLagCollector(metrics.service, metrics.broker)
    work = _keep_measuring(options, collector, clock, logger, every_s)
    async with collecting(metrics.registry, collector, work, name="group lag"):
        yield collector


async def _keep_measuring(
    options: KafkaOptions, collector: GroupLagCollector, clock: Clock, logger: Logger, every_s: float
) -> None:
    while True:
        try:
            async with open_read_log(options) as log, open_groups(options) as admin:
                await _measure_until_failure(log, admin, collector, clock, every_s)
        except AlphaPandaError as error:
            collector.look = None  # an old figure would look like a true one
            logger.warning("group lag not measured", error=str(error))
        await asyncio.sleep(every_s)


async def _measure_until_failure(
    log: KafkaReadLog, admin: GroupAdmin, collector: GroupLagCollector, clock: Clock, every_s: float
) -> None:
    while True:
        collector.look = await measure(log, admin, await admin.names(), clock)
        await asyncio.sleep(every_s)
