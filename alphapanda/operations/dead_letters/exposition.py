"""The dead letters as metrics, in Prometheus's text format, for a collector of text files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from alphapanda.model.dead_letter import LedgerState
from alphapanda.operations.dead_letters.backlog import DeadLetterBacklog
from alphapanda.telemetry import metric_specs as specs
from alphapanda.telemetry.metric_specs import MetricSpec

_OUTCOMES = (LedgerState.CONFIRMED, LedgerState.RETURNED)


def exposition(backlog: DeadLetterBacklog, topics: Iterable[str], now: datetime) -> str:
    """Return what is open by topic and code, how old the oldest is, and how replays ended."""
    open_by: Counter[tuple[str, str]] = Counter()
    oldest: dict[str, float] = dict.fromkeys(topics, 0.0)
    for item in backlog.items.values():
        if item.state.is_unresolved:
            topic = item.letter.place.topic
            open_by[topic, item.letter.failure.error_code] += 1
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
