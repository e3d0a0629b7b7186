"""Dead letters for Prometheus: what is open, how old the oldest is, and how replays ended.

One process of a deployment counts them all, by the log: it is others who failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alphapanda.clock import Clock
from alphapanda.errors import AlphaPandaError
from alphapanda.kafka.client import KafkaOptions, open_read_log
from alphapanda.operations.dead_letters.counter import DeadLetterFold
from alphapanda.operations.dead_letters.counts import DeadLetterCounts
from alphapanda.telemetry import metric_specs as specs
from alphapanda.telemetry.collecting import collecting
from alphapanda.telemetry.log import Logger
from alphapanda.telemetry.metrics import Metrics

EVERY_S = 10.0


class DeadLetterCollector(Collector):
    """Gives what the last round found when someone scrapes.

    Args:
        service: the daemon that counts.
        broker: whose it is.
        clock: the time that ages are taken at.
    """

    def __init__(self, service: str, broker: str, clock: Clock) -> None:
        self._labels = (service, broker)
        self._clock = clock
        self.tally: DeadLetterCounts | None = None
        self.topics: tuple[str, ...] = ()

    def collect(self) -> Iterator[Metric]:
        """Return what was counted last; nothing before the first round and while Kafka is away."""
        open_, oldest, replays = (
            GaugeMetricFamily(specs.DLQ_OPEN.name, specs.DLQ_OPEN.doc, labels=specs.DLQ_OPEN.label_names),
            GaugeMetricFamily(specs.DLQ_OLDEST.name, specs.DLQ_OLDEST.doc, labels=specs.DLQ_OLDEST.label_names),
            CounterMetricFamily(specs.REPLAYS.name, specs.REPLAYS.doc, labels=specs.REPLAYS.label_names),
        )
        tally = self.tally
        if tally is not None:
            for (topic, code), count in sorted(tally.open.items()):
                open_.add_metric((*self._labels, topic, code), count)
            now_ms = self._clock.now().timestamp() * 1000
            for topic in self.topics:
                since = tally.oldest_ms(topic)
                age = 0.0 if since is None else max(0.0, (now_ms - since) / 1000)
                oldest.add_metric((*self._labels, topic), age)
            for (topic, outcome), count in sorted(tally.replays.items()):
                replays.add_metric((*self._labels, topic, outcome.value), count)
        yield open_
        yield oldest
        yield replays


@asynccontextmanager
async def exporting_dead_letters(
    options: KafkaOptions,
    topics: Collection[str],
    metrics: Metrics,
    clock: Clock,
    logger: Logger,
    *,
    every_s: float = EVERY_S,
) -> AsyncIterator[DeadLetterCollector]:
    """Count `topics` again and again while the block runs; a failure is logged and tried again in its turn."""
    collector = DeadLetterCollector(metrics.service, metrics.broker, clock)
    fold = DeadLetterFold(options, topics, logger)
    work = _keep_counting(options, fold, collector, logger, every_s)
    async with collecting(metrics.registry, collector, work, name="dead letters"):
        yield collector


async def _keep_counting(
    options: KafkaOptions, fold: DeadLetterFold, collector: DeadLetterCollector, logger: Logger, every_s: float
) -> None:
    told_full = False
    while True:
        try:
            async with open_read_log(options) as log:
                while True:
                    await fold.catch_up(log)
                    collector.tally, collector.topics = fold.tally, fold.topics
                    if fold.tally.is_full and not told_full:
                        logger.warning("more dead letters than are told apart", told_apart=len(fold.tally))
                    told_full = fold.tally.is_full
                    await asyncio.sleep(every_s)
        except AlphaPandaError as error:
            collector.tally = None  # an old figure would look like a true one
            logger.warning("dead letters not counted", error=str(error))
        await asyncio.sleep(every_s)
