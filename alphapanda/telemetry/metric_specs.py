"""Every metric that a daemon shows: its name, what it counts, its labels and buckets.

`docs/metrics.md` is made from these. All names begin with `trading_`, except those of the process and of consumer
groups, which have the names that public dashboards know, and those of dead letters, which `alphapanda dlq list
--metrics` gives too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MetricKind(StrEnum):
    """What a metric is to Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric.

    Attributes:
        kind: counter, gauge or histogram.
        name: as scraped; a counter's ends in `_total`.
        doc: what it counts, and its unit.
        labels: beside `service` and `broker`, which every metric has.
        buckets: upper bounds of a histogram, ascending, without infinity.
    """

    kind: MetricKind
    name: str
    doc: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def label_names(self) -> tuple[str, ...]:
        """All labels, in the order in which their values are given."""
        return (*COMMON_LABELS, *self.labels)


COMMON_LABELS = ("service", "broker")

LATENCY_BUCKETS_S = (
    *(0.000_25, 0.000_5, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025),
    *(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
"""From a quarter of a millisecond to ten seconds, closest where a hop normally lies (1 to 25 ms)."""

MICRO_BUCKETS_S = (
    *(0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001),
    *(0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
"""From ten microseconds to a second, for what happens inside one process."""

SIZE_BUCKETS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0)


def _counter(name: str, doc: str, *labels: str) -> MetricSpec:
    return MetricSpec(MetricKind.COUNTER, name, doc, labels)


def _gauge(name: str, doc: str, *labels: str) -> MetricSpec:
    return MetricSpec(MetricKind.GAUGE, name, doc, labels)


def _histogram(name: str, doc: str, buckets: tuple[float, ...], *labels: str) -> MetricSpec:
    return MetricSpec(MetricKind.HISTOGRAM, name, doc, labels, buckets)


LAST_ACTIVITY = _gauge(
    "trading_last_activity_timestamp_unix",
    "When a service last processed something, seconds since 1970. Alarm on its age, in session only.",
)
DLQ_MESSAGES = _counter(
    "trading_dlq_messages_total", "Records that could not be processed and went to a dead-letter topic."
)
EVENTS_IN = _counter("trading_events_in_total", "Events read from a topic and folded.", "topic")
EVENTS_OUT = _counter("trading_events_out_total", "Events that a topic has acknowledged.", "topic")
DUPLICATES = _counter(
    "trading_duplicate_events_total", "Events read a second time and dropped by their id. Normal after a restart."
)
HANDLER_ERRORS = _counter(
    "trading_handler_errors_total",
    "Failures to process a record, by kind: undecodable, misrouted, permanent, auth, transient, unexpected.",
    "kind",
)
HANDLER_RETRIES = _counter(
    "trading_handler_retries_total",
    "Further attempts to process an event after a failure that may pass: kinds transient and unexpected.",
)
BATCH_SECONDS = _histogram(
    "trading_batch_seconds",
    "One batch: from its being read to its outputs being acknowledged and its offsets committed, seconds.",
    LATENCY_BUCKETS_S,
)
BATCH_EVENTS = _histogram("trading_batch_events", "Events in one batch.", SIZE_BUCKETS)
HOP_SECONDS = _histogram(
    "trading_hop_seconds",
    "One hop: the age, by the log's clock, of a topic's newest record in a batch when it is read, seconds.",
    LATENCY_BUCKETS_S,
    "topic",
)
CONSUMER_LAG = _gauge("trading_consumer_lag", "Records in the log that were not yet read.", "topic", "partition")
CONSUMERGROUP_LAG = _gauge(
    "kafka_consumergroup_lag",
    "Records that a consumer group has not read. Served by the monitor daemon, for all groups.",
    *("consumergroup", "topic", "partition"),
)
GROUP_LAG_SECONDS = _gauge(
    "kafka_consumergroup_group_lag_seconds",
    "Age of the first record that a consumer group has not read, seconds; 0 when there is none.",
    *("group", "topic", "partition"),
)
DLQ_OPEN = _gauge(
    "alphapanda_dlq_open_records",
    "Dead letters that nobody has dealt with, by the ledger. Served by the monitor daemon, for all topics.",
    *("topic", "error_code"),
)
DLQ_OLDEST = _gauge(
    "alphapanda_dlq_oldest_open_seconds", "Age of the oldest of them, seconds; 0 where there is none.", "topic"
)
REPLAYS = _counter(
    "alphapanda_replay_total",
    "Dead letters that were sent again, by how it ended: confirmed, returned. Of the steps that the ledger holds.",
    *("topic", "outcome"),
)
RECOVERY_SECONDS = _gauge("trading_recovery_seconds", "How long the last recovery took, seconds.")
RECOVERY_EVENTS = _gauge("trading_recovery_events", "Events folded in the last recovery.")
SNAPSHOT_SECONDS = _histogram("trading_snapshot_seconds", "Writing one snapshot, seconds.", LATENCY_BUCKETS_S)

OUTBOX_EVENTS = _gauge(
    "trading_outbox_events", "Audit records and alerts that wait for Kafka. Served by the monitor daemon."
)
PROCESS_UP = _gauge(
    "trading_process_up",
    "1 while a supervised process is up, else 0. This and the next four are served by the supervisor.",
    *("process", "kind"),
)
PROCESS_RESTARTS = _counter(
    "trading_process_restarts_total", "Starts of a process after the first, by request or not.", "process", "kind"
)
PROCESS_CRASHLOOP = _gauge(
    "trading_process_crashloop", "1 while a process is given up on: CRASHLOOP or FAILED.", "process", "kind"
)
PROCESS_UPTIME = _gauge(
    "trading_process_uptime_seconds", "Seconds since a process started; 0 without one.", "process", "kind"
)
OUTBOX_DROPPED = _counter(
    "trading_outbox_dropped_total", "Audit records and alerts dropped because the outbox was full."
)

QUEUE_DEPTH = _gauge("trading_queue_depth", "Items that wait in a bounded queue.", "queue")
QUEUE_CAPACITY = _gauge("trading_queue_capacity", "Items that a bounded queue can hold.", "queue")
QUEUE_DROPS = _counter("trading_queue_drops_total", "Items that a full queue refused.", "queue")
FEED_ENQUEUE_DELAY = _histogram(
    "trading_feed_enqueue_delay_seconds",
    "How long a frame of ticks waited in the feed's queue, seconds.",
    MICRO_BUCKETS_S,
)
FEED_EMIT_LATENCY = _histogram(
    "trading_feed_emit_latency_seconds",
    "From the arrival of a frame of ticks to its acknowledgement by the log, seconds.",
    LATENCY_BUCKETS_S,
)
FEED_BAD_ROWS = _counter("trading_feed_bad_rows_total", "Rows of a recording, or packets, that were no tick.")

STRATEGY_FAULTS = _counter("trading_strategy_faults_total", "Strategies fenced off after raising.", "strategy")
DENIALS = _counter("trading_denials_total", "Signals denied by risk, by the reason's code.", "reason")

READY = _gauge("trading_ready", "1 when the process is ready, else 0.")
BUILD = _gauge("trading_build_info", "Always 1; the labels tell the version.", "version")
LOG_LINES = _counter("trading_log_lines_total", "Log lines, by level.", "level")
LOG_DROPS = _counter("trading_log_lines_dropped_total", "Log lines lost to a full queue or a failing disk.")
HTTP_SECONDS = _histogram(
    "trading_http_request_seconds", "Answering one HTTP request, seconds.", LATENCY_BUCKETS_S, "route", "status"
)

CPU_SECONDS = _counter("process_cpu_seconds_total", "CPU time of the process, user and system, seconds.")
RESIDENT_BYTES = _gauge("process_resident_memory_bytes", "Resident memory of the process, bytes.")
START_TIME = _gauge("process_start_time_seconds", "When the process began, seconds since 1970.")
OPEN_FDS = _gauge("process_open_fds", "Open file descriptors.")
THREADS = _gauge("process_threads", "Threads of the process.")

SUPERVISOR_GROUP = "Supervisor"
"""The metrics that the supervisor serves, without a Prometheus library."""

GROUPS: tuple[tuple[str, tuple[MetricSpec, ...]], ...] = (
    (
        "Pipeline",
        (
            LAST_ACTIVITY,
            EVENTS_IN,
            EVENTS_OUT,
            DUPLICATES,
            DLQ_MESSAGES,
            HANDLER_ERRORS,
            HANDLER_RETRIES,
            BATCH_SECONDS,
            BATCH_EVENTS,
            HOP_SECONDS,
            CONSUMER_LAG,
        ),
    ),
    ("Consumer groups", (CONSUMERGROUP_LAG, GROUP_LAG_SECONDS)),
    ("Dead letters", (DLQ_OPEN, DLQ_OLDEST, REPLAYS)),
    (SUPERVISOR_GROUP, (PROCESS_UP, PROCESS_RESTARTS, PROCESS_CRASHLOOP, PROCESS_UPTIME, OUTBOX_DROPPED)),
    ("Monitor", (OUTBOX_EVENTS,)),
    ("Recovery", (RECOVERY_SECONDS, RECOVERY_EVENTS, SNAPSHOT_SECONDS)),
    (
        "Queues and feed",
        (
            QUEUE_DEPTH,
            QUEUE_CAPACITY,
            QUEUE_DROPS,
            FEED_ENQUEUE_DELAY,
            FEED_EMIT_LATENCY,
            FEED_BAD_ROWS,
        ),
    ),
    ("Decisions", (STRATEGY_FAULTS, DENIALS)),
    (
        "Process",
        (
            READY,
            BUILD,
            LOG_LINES,
            LOG_DROPS,
            HTTP_SECONDS,
            CPU_SECONDS,
            RESIDENT_BYTES,
            START_TIME,
            OPEN_FDS,
            THREADS,
        ),
    ),
)
"""All metrics, in the order of the documentation."""
