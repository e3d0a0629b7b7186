"""Lag as Prometheus reads it."""

from __future__ import annotations

from prometheus_client import generate_latest

from alphapanda.model.records import Partition
from alphapanda.operations.groups.exporter import GroupLagCollector
from alphapanda.operations.groups.lag import GroupLagReport, LagReport, PartitionLag
from alphapanda.telemetry.metrics import Metrics


def partition(topic: str, committed: int | None, end: int | None, seconds: float | None) -> PartitionLag:
    start = None if end is None else 0
    return PartitionLag(partition=Partition(topic, 0), committed=committed, start=start, end=end, seconds=seconds)


def test_lag_has_the_names_of_public_dashboards_and_leaves_out_what_is_not_known() -> None:
    metrics = Metrics("strategies")
    collector = GroupLagCollector(metrics.service, metrics.broker)
    metrics.registry.register(collector)
    assert "kafka_consumergroup_lag{" not in generate_latest(metrics.registry).decode()
    partitions = (partition("a", 4, 10, 2.5), partition("b", None, 10, None), partition("gone", 4, None, None))
    collector.look = LagReport(0.0, (GroupLagReport(name="g", state="Stable", members=(), partitions=partitions),))
    ours = {"service": "strategies", "broker": "system", "topic": "a", "partition": "0"}
    sample = metrics.registry.get_sample_value
    assert sample("kafka_consumergroup_lag", {**ours, "consumergroup": "g"}) == 6
    assert sample("kafka_consumergroup_group_lag_seconds", {**ours, "group": "g"}) == 2.5
    page = generate_latest(metrics.registry).decode()
    assert page.count("kafka_consumergroup_lag{") == 1
