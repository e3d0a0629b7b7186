"""CPU, memory and log lines of a process, read only when someone scrapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import psutil
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alphapanda.telemetry import metric_specs as specs
from alphapanda.telemetry.metric_specs import MetricKind, MetricSpec
from alphapanda.telemetry.stats import LogStats


class ProcessCollector(Collector):
    """The process's own use of the machine, by psutil, so that it is the same on Linux and macOS."""

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
