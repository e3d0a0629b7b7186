"""A runner's counts: the protocol, and this process's metrics behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Partition, Record
from alphapanda.telemetry.metrics import Metrics


class Meter(Protocol):
    """A runner's counts."""

    def consumed(self, records: Sequence[Record], now: datetime) -> None:
        """Count a batch of inputs and the age of its newest record."""
        ...

    def produced(self, positions: Sequence[LogPosition]) -> None:
        """Count outputs that are in the log."""
        ...

    def batch(self, events: int, seconds: float) -> None:
        """Measure one batch, from poll to commit."""
        ...

    def recovered(self, events: int, seconds: float) -> None:
        """Measure a recovery."""
        ...

    def lag(self, partition: Partition, records: int) -> None:
        """Set how many records of an input wait to be read."""
        ...

    def snapshot(self, seconds: float) -> None:
        """Measure writing one snapshot."""
        ...

    def duplicate(self) -> None:
        """Count an event that was folded already."""
        ...

    def failed(self, kind: str) -> None:
        """Count a failure to process a record, by kind."""
        ...

    def retried(self) -> None:
        """Count another attempt to process an event."""
        ...

    def dead_letter(self) -> None:
        """Count a dead letter."""
        ...


class MetricsMeter:
    """Writes a runner's counts into `Metrics`.

    Args:
        metrics: of the service.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._activity = metrics.last_activity()

    def consumed(self, records: Sequence[Record], now: datetime) -> None:
        """Count a batch of inputs, and the age of the newest record of each topic."""
        seconds = now.timestamp()
        self._activity.set(seconds)
        newest: dict[str, int] = {}
        for topic, count in Counter(record.partition.topic for record in records).items():
            self._metrics.events_in(topic).inc(count)
        for record in records:
            newest[record.partition.topic] = record.timestamp_ms
        for topic, written_ms in newest.items():
            self._metrics.hop_seconds(topic).observe(max(0.0, seconds - written_ms / 1000))

    def produced(self, positions: Sequence[LogPosition]) -> None:
        """Count outputs that are in the log."""
        for topic, count in Counter(position.topic for position in positions).items():
            self._metrics.events_out(topic).inc(count)

    def batch(self, events: int, seconds: float) -> None:
        """Measure one batch, from poll to commit."""
        self._metrics.batch_events.observe(events)
        self._metrics.batch_seconds.observe(seconds)

    def recovered(self, events: int, seconds: float) -> None:
        """Measure a recovery."""
        self._metrics.recovery_events.set(events)
        self._metrics.recovery_seconds.set(seconds)

    def lag(self, partition: Partition, records: int) -> None:
        """Set how many records of an input wait to be read."""
        self._metrics.consumer_lag(partition.topic, partition.number).set(records)

    def snapshot(self, seconds: float) -> None:
        """Measure writing one snapshot."""
        self._metrics.snapshot_seconds.observe(seconds)

    def duplicate(self) -> None:
        """Count an event that was folded already."""
        self._metrics.duplicates.inc()

    def failed(self, kind: str) -> None:
        """Count a failure to process an event."""
        self._metrics.handler_errors(kind).inc()

    def retried(self) -> None:
        """Count another attempt to process an event."""
        self._metrics.handler_retries.inc()

    def dead_letter(self) -> None:
        """Count a dead letter."""
        self._metrics.dlq_messages.inc()
