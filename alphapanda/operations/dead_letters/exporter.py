"""Dead-letter metrics for Prometheus: open records, age of the oldest, outcomes of replays.

One process of a deployment counts them all, by the log: it is others who failed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alphapanda.clock import Clock
from alphapanda.errors import AlphaPandaError
from alphapanda.kafka.client import KafkaOptions, open_read_log
from alphapanda.model.dead_letter import LedgerState
from alphapanda.operations.dead_letters.backlog import DeadLetterBacklog
from alphapanda.operations.dead_letters.counts import DeadLetterCounter, DeadLetterCounts
from alphapanda.telemetry import metric_specs as specs
from alphapanda.telemetry.log import Logger
from alphapanda.telemetry.metric_specs import MetricSpec
from alphapanda.telemetry.metrics import Metrics, collecting

EVERY_S = 10.0


class DeadLetterCollector(Collector):
    """Exports the counts of the last round.

    Args:
        service: the daemon that counts.
        broker: whose it is.
        clock: the time that ages are taken at.
    """

    def __init__(self, service: str, broker: str, clock: Clock) -> None:
        self._labels = (service, broker)
        self._clock = clock
        self.counts: DeadLetterCounts | None = None
        self.topics: tuple[str, ...] = ()

    def collect(self) -> Iterator[Metric]:
        """Return the last counts; nothing before the first round and while Kafka does not answer."""
        open_, oldest, replays = (
            GaugeMetricFamily(specs.DLQ_OPEN.name, specs.DLQ_OPEN.doc, labels=specs.DLQ_OPEN.label_names),
            GaugeMetricFamily(specs.DLQ_OLDEST.name, specs.DLQ_OLDEST.doc, labels=specs.DLQ_OLDEST.label_names),
            CounterMetricFamily(specs.REPLAYS.name, specs.REPLAYS.doc, labels=specs.REPLAYS.label_names),
        )
        counts = self.counts
        if counts is not None:
            for (topic, code), count in sorted(counts.open.items()):
                open_.add_metric((*self._labels, topic, code), count)
            now_ms = self._clock.now().timestamp() * 1000
            for topic in self.topics:
                since = counts.oldest_ms(topic)
                age = 0.0 if since is None else max(0.0, (now_ms - since) / 1000)
                oldest.add_metric((*self._labels, topic), age)
            for (topic, outcome), count in sorted(counts.replays.items()):
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
    fold = DeadLetterCounter(options, topics, logger)
    work = _keep_counting(options, fold, collector, logger, every_s)
    async with collecting(metrics.registry, collector, work, name="dead letters"):
        yield collector


async def _keep_counting(
    options: KafkaOptions, fold: DeadLetterCounter, collector: DeadLetterCollector, logger: Logger, every_s: float
) -> None:
    warned = False
    while True:
        try:
            async with open_read_log(options) as log:
                while True:
                    await fold.catch_up(log)
                    collector.counts, collector.topics = fold.counts, fold.topics
                    if fold.counts.is_full and not warned:
                        logger.warning("too many dead letters to track each", told_apart=len(fold.counts))
                    warned = fold.counts.is_full
                    await asyncio.sleep(every_s)
        except AlphaPandaError as error:
            collector.counts = None  # an old figure would look like a true one
            logger.warning("dead letters not counted", error=str(error))
        await asyncio.sleep(every_s)


_OUTCOMES = (LedgerState.CONFIRMED, LedgerState.RETURNED)


def exposition(backlog: DeadLetterBacklog, topics: Iterable[str], now: datetime) -> str:
    """Return open records by topic and code, the age of the oldest, and the outcomes of replays."""
    open_by: Counter[tuple[str, str]] = Counter()
    oldest: dict[str, float] = dict.fromkeys(topics, 0.0)
    for item in backlog.items.values():
        if item.state.is_unresolved:
            topic = item.newest.place.topic
            open_by[topic, item.newest.failure.error_code] += 1
            age = max(0.0, now.timestamp() - item.first_failed_ms / 1000)
            oldest[topic] = max(oldest.get(topic, 0.0), age)
    ended: Counter[tuple[str, str]] = Counter()
    for entry in backlog.entries.values():
        for step in entry.moved.trail:
            if step.state in _OUTCOMES:
                ended[entry.moved.record.topic, step.state.value] += 1
    lines = _head(specs.DLQ_OPEN)
    lines += [
        f"{specs.DLQ_OPEN.name}{_labels(topic=topic, error_code=code)} {count}"
        for (topic, code), count in sorted(open_by.items())
    ]
    lines += _head(specs.DLQ_OLDEST)
    lines += [f"{specs.DLQ_OLDEST.name}{_labels(topic=topic)} {age:.3f}" for topic, age in sorted(oldest.items())]
    lines += _head(specs.REPLAYS)
    lines += [
        f"{specs.REPLAYS.name}{_labels(topic=topic, outcome=outcome)} {count}"
        for (topic, outcome), count in sorted(ended.items())
    ]
    return "\n".join(lines) + "\n"


def _head(spec: MetricSpec) -> list[str]:
    return [f"# HELP {spec.name} {spec.doc}", f"# TYPE {spec.name} {spec.kind}"]


def _labels(**labels: str) -> str:
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inner}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
