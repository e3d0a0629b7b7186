"""`docs/metrics.md`, made from the declarations: `python -m alphapanda.telemetry.metric_docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from alphapanda.telemetry.metric_specs import GROUPS, MetricSpec

FILE = Path("docs/metrics.md")

_HEAD = """# Metrics

Every daemon serves these at `http://127.0.0.1:{port}/metrics`; `alphapanda status --json` tells the ports. Each
has the labels `service` (the daemon: `risk.paper`) and `broker` (`system` for daemons that serve all), and those
listed. A metric without a label of its own is there from the start (the feed's in the feed alone), one with
labels from its first event on.

This page is generated: `python -m alphapanda.telemetry.metric_docs`.
"""

_EXAMPLES = """## Questions and their queries

| question | query |
| --- | --- |
| Which service is idle? (in session) | `time() - trading_last_activity_timestamp_unix > 30` |
| Do records go to dead letters? | `increase(trading_dlq_messages_total[5m]) > 0` |
| Do dead letters wait for somebody? | `sum by (topic, error_code) (alphapanda_dlq_open_records) > 0` |
| Since more than an hour? | `alphapanda_dlq_oldest_open_seconds > 3600` |
| Do replays come back? | `increase(alphapanda_replay_total{outcome="returned"}[15m]) > 0` |
| Ticks into the log, per second | `rate(trading_events_out_total{topic="market.ticks"}[1m])` |
| The slowest 1 % of hops | `histogram_quantile(0.99, sum by (le, topic) (rate(trading_hop_seconds_bucket[5m])))` |
| Does the feed drop ticks? | `rate(trading_queue_drops_total{service="feed"}[1m]) > 0` |
| CPU of each daemon, in cores | `rate(process_cpu_seconds_total[1m])` |
"""


def render() -> str:
    """Return the page."""
    parts = [_HEAD]
    for title, metrics in GROUPS:
        parts.append(
            "\n".join([f"## {title}\n", "| metric | kind | labels | what |", "| --- | --- | --- | --- |"])
        )
        parts[-1] += "\n" + "\n".join(_row(spec) for spec in metrics) + "\n"
    buckets = "\n".join(_buckets())
    parts.append(f"## Buckets\n\n{buckets}\n")
    parts.append(_EXAMPLES)
    return "\n".join(parts)


def _row(spec: MetricSpec) -> str:
    labels = ", ".join(f"`{label}`" for label in spec.labels)
    return f"| `{spec.name}` | {spec.kind} | {labels} | {spec.doc} |"


def _buckets() -> Iterator[str]:
    for _, metrics in GROUPS:
        for spec in metrics:
            if spec.buckets:
                yield f"- `{spec.name}`: {', '.join(f'{bound:g}' for bound in spec.buckets)}"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
