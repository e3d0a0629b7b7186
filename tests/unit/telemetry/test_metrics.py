from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from alphapanda import __version__
from alphapanda.clock import ManualClock, SystemClock
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.records import Partition, Record
from alphapanda.operations.dead_letters.counts import DeadLetterCounts
from alphapanda.operations.dead_letters.exporter import DeadLetterCollector
from alphapanda.operations.groups.exporter import GroupLagCollector
from alphapanda.operations.groups.lag import GroupLagReport, LagReport, PartitionLag
from alphapanda.telemetry import metric_docs
from alphapanda.telemetry.health import Health
from alphapanda.telemetry.logs import LogSystem
from alphapanda.telemetry.metric_specs import GROUPS, SUPERVISOR_GROUP, MetricKind
from alphapanda.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[3]
SPECS = [spec for title, specs in GROUPS if title != SUPERVISOR_GROUP for spec in specs]


@pytest.fixture
def metrics(clock: ManualClock) -> Metrics:
    return Metrics("risk.paper", "paper", clock)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, {"service": "risk.paper", "broker": "paper", **labels})


def touch_all(metrics: Metrics, logs: LogSystem, health: Health) -> None:
    metrics.touch()
    metrics.events_in("market.ticks").inc(3)
    metrics.events_out("paper.signals.raw").inc()
    metrics.handler_errors("transient").inc()
    metrics.hop_seconds("market.ticks").observe(0.002)
    metrics.consumer_lag("market.ticks", 3).set(17)
    metrics.queue_depth("ticks").set_function(lambda: 5)
    metrics.queue_capacity("ticks").set(10)
    metrics.queue_drops("ticks").inc(2)
    metrics.enqueue_delay.observe(0.000_02)
    metrics.emit_latency.observe(0.002)
    metrics.feed_bad_rows.inc()
    metrics.strategy_faults("ema").inc()
    metrics.denials("STALE_TICK").inc()
    metrics.http_seconds("/readyz", 200).observe(0.001)
    metrics.outbox_events.set(0)
    metrics.watch_health(health)
    metrics.watch_logs(logs.stats)
    groups = GroupLagCollector(metrics.service, metrics.broker)
    partition = PartitionLag(partition=Partition("market.ticks", 0), committed=3, start=0, end=5, seconds=0.5)
    group = GroupLagReport(name="alphapanda.strategies", state="Stable", members=(), partitions=(partition,))
    groups.look = LagReport(0.0, (group,))
    metrics.registry.register(groups)
    letters = DeadLetterCollector(metrics.service, metrics.broker, SystemClock())
    letters.counts, letters.topics = DeadLetterCounts(), ("paper.signals.raw.dlq",)
    letters.counts.fold_dead_letter(Record(Partition("paper.signals.raw.dlq", 0), 0, 0, b"s", b"", ()))
    letters.counts.replays["paper.signals.raw.dlq", LedgerState.CONFIRMED] += 1
    metrics.registry.register(letters)


def test_every_declared_metric_is_served_with_its_kind_and_labels_and_no_other(
    metrics: Metrics, logs: LogSystem, clock: ManualClock
) -> None:
    touch_all(metrics, logs, Health("risk.paper", clock))
    page = generate_latest(metrics.registry).decode()
    families = {family.name: family for family in text_string_to_metric_families(page)}
    assert set(families) == {spec.name.removesuffix("_total") for spec in SPECS}
    for spec in SPECS:
        family = families[spec.name.removesuffix("_total")]
        assert family.type == spec.kind
        assert family.documentation == spec.doc
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(spec.label_names)
            assert (sample.labels["service"], sample.labels["broker"]) == ("risk.paper", "paper")
    assert "_created" not in page


def test_values_arrive(metrics: Metrics, logs: LogSystem, clock: ManualClock) -> None:
    health = Health("risk.paper", clock)
    touch_all(metrics, logs, health)
    activity = value(metrics, "trading_last_activity_timestamp_unix")
    assert activity == clock.now().timestamp()
    assert value(metrics, "trading_events_in_total", topic="market.ticks") == 3
    assert value(metrics, "trading_consumer_lag", topic="market.ticks", partition="3") == 17
    assert value(metrics, "trading_queue_depth", queue="ticks") == 5
    assert value(metrics, "trading_feed_enqueue_delay_seconds_bucket", le="2.5e-05") == 1
    assert value(metrics, "trading_feed_enqueue_delay_seconds_bucket", le="1e-05") == 0
    assert value(metrics, "trading_dlq_messages_total") == 0
    assert value(metrics, "trading_build_info", version=__version__) == 1
    assert value(metrics, "trading_log_lines_total", level="info") == logs.stats().by_level["info"]
    assert value(metrics, "trading_ready") == 0
    health.ready()
    assert value(metrics, "trading_ready") == 1


def test_the_process_is_this_one(metrics: Metrics) -> None:
    process = psutil.Process(os.getpid())
    assert value(metrics, "process_start_time_seconds") == process.create_time()
    rss = value(metrics, "process_resident_memory_bytes")
    assert rss == pytest.approx(process.memory_info().rss, rel=0.2)
    first = value(metrics, "process_cpu_seconds_total")
    sum(range(1_000_000))
    second = value(metrics, "process_cpu_seconds_total")
    assert first is not None
    assert second is not None
    assert 0 < first <= second


def test_two_processes_metrics_do_not_touch(metrics: Metrics) -> None:
    other = Metrics("risk.paper2", "paper2")
    other.dlq_messages.inc()
    assert value(metrics, "trading_dlq_messages_total") == 0


def test_a_labelled_metric_is_resolved_once_and_shared(metrics: Metrics) -> None:
    assert metrics.events_in("market.ticks") is metrics.events_in("market.ticks")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_names_follow_the_rules(spec: object) -> None:
    assert spec in SPECS
    (found,) = [each for each in SPECS if each == spec]
    assert found.name.startswith(("trading_", "process_", "kafka_consumergroup_", "alphapanda_"))
    assert found.name.endswith("_total") == (found.kind is MetricKind.COUNTER)
    assert bool(found.buckets) == (found.kind is MetricKind.HISTOGRAM)
    assert list(found.buckets) == sorted(set(found.buckets))
    assert found.doc.endswith(".")
    assert len({each.name for each in SPECS}) == len(SPECS)


def test_the_reference_is_what_the_declarations_say() -> None:
    assert (ROOT / metric_docs.FILE).read_text(encoding="utf-8") == metric_docs.render(), (
        "Write it anew: python -m alphapanda.telemetry.metric_docs"
    )
