"""A process's metrics: one registry, one attribute or method a metric, labels resolved before the work begins.

Incrementing a resolved metric costs 0.35 µs and observing 0.9 µs, so count a batch at once
(`inc(len(batch))`) and look up labelled metrics once, outside the loop. All of them are safe from any thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from copy import copy
from functools import cached_property

import psutil
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from alphapanda import __version__
from alphapanda.clock import Clock, SystemClock
from alphapanda.telemetry import metric_specs as specs
from alphapanda.telemetry.health import Health
from alphapanda.telemetry.metric_specs import MetricKind, MetricSpec
from alphapanda.telemetry.sinks import LogStats


class ProcessCollector(Collector):
    """CPU, memory and threads of the process, read on a scrape; by psutil, the same on Linux and macOS."""

    def __init__(self, service: str, broker: str) -> None:
        """Look at this very process."""
        self._labels = (service, broker)
        self._process = psutil.Process()

    def collect(self) -> Iterator[Metric]:
        """Read the figures of this moment."""
        with self._process.oneshot():
            times = self._process.cpu_times()
            yield self._family(specs.CPU_SECONDS, times.user + times.system)
            yield self._family(specs.RESIDENT_BYTES, self._process.memory_info().rss)
            yield self._family(specs.START_TIME, self._process.create_time())
            yield self._family(specs.OPEN_FDS, self._process.num_fds())
            yield self._family(specs.THREADS, self._process.num_threads())

    def _family(self, spec: MetricSpec, value: float) -> Metric:
        return _family(spec, [(self._labels, value)])


class LogCollector(Collector):
    """How many lines a process wrote and lost."""

    def __init__(self, service: str, broker: str, stats: Callable[[], LogStats]) -> None:
        """Remember where the counts come from."""
        self._labels = (service, broker)
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        """Read the counts of this moment."""
        stats = self._stats()
        by_level = [((*self._labels, level), float(lines)) for level, lines in stats.by_level.items()]
        yield _family(specs.LOG_LINES, by_level)
        yield _family(specs.LOG_DROPS, [(self._labels, float(stats.dropped))])


def _family(spec: MetricSpec, samples: Sequence[tuple[tuple[str, ...], float]]) -> Metric:
    kind = CounterMetricFamily if spec.kind is MetricKind.COUNTER else GaugeMetricFamily
    family = kind(spec.name, spec.doc, labels=spec.label_names)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family


class MetricsRegistry(CollectorRegistry):
    """A registry without the `_created` series, which double the page and say only when the process began."""

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of this moment."""
        for metric in super().collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


class Metrics:
    """Every metric of one process, all labelled with its service and broker.

    Attributes:
        registry: what is scraped; belongs to this object alone.
        service: the daemon's name.
        broker: whose it is; `system` for daemons that serve all brokers.
    """

    def __init__(self, service: str, broker: str = "system", clock: Clock | None = None) -> None:
        """Make the metrics that have no label of their own; the others are made when first asked for."""
        self.registry = MetricsRegistry()
        self.service = service
        self.broker = broker
        self._clock = clock or SystemClock()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._make()
        self._ready = self._gauge(specs.READY)
        self._gauge(specs.BUILD, __version__).set(1)
        self.registry.register(ProcessCollector(service, broker))

    def of(self, service: str) -> Metrics:
        """Return the metrics of one of several services in this process: scraped here, under its own name."""
        other = copy(self)
        other.service = service
        other._make()
        return other

    def _make(self) -> None:
        self.dlq_messages = self._counter(specs.DLQ_MESSAGES)
        """Records sent to dead letters."""
        self.duplicates = self._counter(specs.DUPLICATES)
        """Events dropped because their id was folded already."""
        self.handler_retries = self._counter(specs.HANDLER_RETRIES)
        """Attempts to process an event again."""
        self.batch_seconds = self._histogram(specs.BATCH_SECONDS)
        """One batch, from read to committed."""
        self.batch_events = self._histogram(specs.BATCH_EVENTS)
        """Events in one batch."""
        self.recovery_seconds = self._gauge(specs.RECOVERY_SECONDS)
        """How long the last recovery took."""
        self.recovery_events = self._gauge(specs.RECOVERY_EVENTS)
        """Events folded in the last recovery."""
        self.snapshot_seconds = self._histogram(specs.SNAPSHOT_SECONDS)
        """Writing one snapshot."""

    @cached_property
    def enqueue_delay(self) -> Histogram:
        """How long a frame of ticks waited in the feed's queue; observe once a frame."""
        return self._histogram(specs.FEED_ENQUEUE_DELAY)

    @cached_property
    def emit_latency(self) -> Histogram:
        """From a frame's arrival to its acknowledgement; observe once a frame."""
        return self._histogram(specs.FEED_EMIT_LATENCY)

    @cached_property
    def feed_bad_rows(self) -> Counter:
        """Rows or packets that were no tick."""
        return self._counter(specs.FEED_BAD_ROWS)

    @cached_property
    def outbox_events(self) -> Gauge:
        """Audit records and alerts that wait for Kafka."""
        return self._gauge(specs.OUTBOX_EVENTS)

    def touch(self) -> None:
        """Note that the service did something just now."""
        self.last_activity().set(self._clock.now().timestamp())

    def last_activity(self) -> Gauge:
        """Return the gauge of when the service last did something: set it to seconds since 1970."""
        return self._gauge(specs.LAST_ACTIVITY)

    def events_in(self, topic: str) -> Counter:
        """Return the counter of events read from a topic."""
        return self._counter(specs.EVENTS_IN, topic)

    def events_out(self, topic: str) -> Counter:
        """Return the counter of events that a topic has acknowledged."""
        return self._counter(specs.EVENTS_OUT, topic)

    def handler_errors(self, kind: str) -> Counter:
        """Return the counter of failures of one kind."""
        return self._counter(specs.HANDLER_ERRORS, kind)

    def hop_seconds(self, topic: str) -> Histogram:
        """Return the histogram of how old a topic's records are when they are read."""
        return self._histogram(specs.HOP_SECONDS, topic)

    def consumer_lag(self, topic: str, partition: int) -> Gauge:
        """Return the gauge of records not yet read."""
        return self._gauge(specs.CONSUMER_LAG, topic, str(partition))

    def queue_depth(self, queue: str) -> Gauge:
        """Return the gauge of what waits in a queue; `set_function(queue.qsize)` reads it only when scraped."""
        return self._gauge(specs.QUEUE_DEPTH, queue)

    def queue_capacity(self, queue: str) -> Gauge:
        """Return the gauge of what a queue can hold."""
        return self._gauge(specs.QUEUE_CAPACITY, queue)

    def queue_drops(self, queue: str) -> Counter:
        """Return the counter of what a full queue refused."""
        return self._counter(specs.QUEUE_DROPS, queue)

    def strategy_faults(self, strategy: str) -> Counter:
        """Return the counter of a strategy's being fenced off."""
        return self._counter(specs.STRATEGY_FAULTS, strategy)

    def denials(self, reason: str) -> Counter:
        """Return the counter of signals denied for one reason."""
        return self._counter(specs.DENIALS, reason)

    def http_seconds(self, route: str, status: int) -> Histogram:
        """Return the histogram of answers to one route."""
        return self._histogram(specs.HTTP_SECONDS, route, str(status))

    def watch_health(self, health: Health) -> None:
        """Show whether the process is ready."""
        self._ready.set_function(lambda: float(health.is_ready))

    def watch_logs(self, stats: Callable[[], LogStats]) -> None:
        """Show how many log lines were written and lost; to be called once."""
        self.registry.register(LogCollector(self.service, self.broker, stats))

    def _counter(self, spec: MetricSpec, *labels: str) -> Counter:
        family = self._counters.get(spec.name)
        if family is None:
            family = Counter(spec.name, spec.doc, spec.label_names, registry=self.registry)
            self._counters[spec.name] = family
        return family.labels(self.service, self.broker, *labels)

    def _gauge(self, spec: MetricSpec, *labels: str) -> Gauge:
        family = self._gauges.get(spec.name)
        if family is None:
            family = Gauge(spec.name, spec.doc, spec.label_names, registry=self.registry)
            self._gauges[spec.name] = family
        return family.labels(self.service, self.broker, *labels)

    def _histogram(self, spec: MetricSpec, *labels: str) -> Histogram:
        family = self._histograms.get(spec.name)
        if family is None:
            family = Histogram(spec.name, spec.doc, spec.label_names, buckets=spec.buckets, registry=self.registry)
            self._histograms[spec.name] = family
        return family.labels(self.service, self.broker, *labels)


@asynccontextmanager
async def collecting(
    registry: CollectorRegistry, collector: Collector, work: Coroutine[None, None, None], *, name: str
) -> AsyncIterator[None]:
    """Serve `collector` while the block runs; a task runs the endless `work` that updates it."""
    registry.register(collector)
    working = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        registry.unregister(collector)
