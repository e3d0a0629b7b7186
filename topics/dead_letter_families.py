"""Dead letters of every system we know, read into one `ProcessingFailure`.

Sources of the names: Spring Kafka `KafkaHeaders`, Spring Cloud Stream's Kafka binder, Kafka Connect
`DeadLetterQueueReporter`, Kafka Streams (KIP-1034), share groups (KIP-1191), SmallRye, Karafka, Watermill.
Where a name occurs more than once the first `original-*` is the true origin and the last `exception-*` the
latest cause: Spring appends on every hop.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from topics.dead_letters import (
    STANDARD_PREFIX,
    FailedStage,
    Family,
    Header,
    Headers,
    ProcessingFailure,
    Retryable,
    dead_letter_id,
    error_code_of,
)

_ORIGIN = frozenset({"topic", "partition", "offset", "timestamp", "group", "id", "first_failed_at"})
"""Facts about where a record came from: of several the first is true. Of all others the last is."""

_NAMES: Mapping[Family, Mapping[str, str]] = MappingProxyType(
    {
        Family.ALPHAPANDA: {
            "id": "ap-dlq-id",
            "failed_at": "ap-dlq-failed-at",
            "first_failed_at": "ap-dlq-first-failed-at",
            "timestamp": "ap-dlq-original-timestamp",
            "error_code": "ap-dlq-error-code",
            "cause": "ap-dlq-cause",
            "retryable": "ap-dlq-retryable",
            "stage": "ap-dlq-stage",
            "service": "ap-dlq-service",
            "version": "ap-dlq-version",
            "schema_id": "ap-dlq-schema-id",
            "traceback": "ap-dlq-traceback",
        },
        Family.SHARE_GROUP: {
            "topic": f"{STANDARD_PREFIX}topic",
            "partition": f"{STANDARD_PREFIX}partition",
            "offset": f"{STANDARD_PREFIX}offset",
            "group": f"{STANDARD_PREFIX}group",
            "attempts": f"{STANDARD_PREFIX}delivery.count",
            "message": f"{STANDARD_PREFIX}message",
        },
        Family.CONNECT: {
            "topic": "__connect.errors.topic",
            "partition": "__connect.errors.partition",
            "offset": "__connect.errors.offset",
            "connector": "__connect.errors.connector.name",
            "task": "__connect.errors.task.id",
            "stage": "__connect.errors.stage",
            "service": "__connect.errors.class.name",
            "exception": "__connect.errors.exception.class.name",
            "message": "__connect.errors.exception.message",
            "traceback": "__connect.errors.exception.stacktrace",
        },
        Family.STREAMS: {
            "topic": "__streams.errors.topic",
            "partition": "__streams.errors.partition",
            "offset": "__streams.errors.offset",
            "exception": "__streams.errors.exception",
            "message": "__streams.errors.message",
            "traceback": "__streams.errors.stacktrace",
        },
        Family.SPRING: {
            "topic": "kafka_dlt-original-topic",
            "partition": "kafka_dlt-original-partition",
            "offset": "kafka_dlt-original-offset",
            "timestamp": "kafka_dlt-original-timestamp",
            "group": "kafka_dlt-original-consumer-group",
            "attempts": "retry_topic-attempts",
            "attempts_fallback": "kafka_deliveryAttempt",
            "exception": "kafka_dlt-exception-fqcn",
            "cause": "kafka_dlt-exception-cause-fqcn",
            "message": "kafka_dlt-exception-message",
            "traceback": "kafka_dlt-exception-stacktrace",
            "key_exception": "kafka_dlt-key-exception-fqcn",
            "key_message": "kafka_dlt-key-exception-message",
            "key_traceback": "kafka_dlt-key-exception-stacktrace",
        },
        Family.SPRING_CLOUD_STREAM: {
            "topic": "x-original-topic",
            "partition": "x-original-partition",
            "offset": "x-original-offset",
            "timestamp": "x-original-timestamp",
            "exception": "x-exception-fqcn",
            "message": "x-exception-message",
            "traceback": "x-exception-stacktrace",
        },
        Family.SMALLRYE: {
            "topic": "dead-letter-topic",
            "partition": "dead-letter-partition",
            "offset": "dead-letter-offset",
            "exception": "dead-letter-exception-class-name",
            "cause": "dead-letter-cause-class-name",
            "message": "dead-letter-reason",
            "message_fallback": "dead-letter-cause",
        },
        Family.KARAFKA: {
            "topic": "source_topic",
            "partition": "source_partition",
            "offset": "source_offset",
            "group": "source_consumer_group",
            "attempts": "source_attempts",
        },
        Family.WATERMILL: {
            "topic": "topic_poisoned",
            "message": "reason_poisoned",
            "service": "handler_poisoned",
            "group": "subscriber_poisoned",
        },
    }
)
"""Fact → header name, by family; a family that comes earlier is believed first."""

_FACT_OF: Mapping[str, tuple[Family, str]] = MappingProxyType(
    {name: (family, fact) for family, names in _NAMES.items() for fact, name in names.items()}
)

_IGNORED = frozenset({"kafka_dlt-original-timestamp-type", "x-original-timestamp-type"})

_SUFFIX = re.compile(r"(?:[.-]dlq|[.-]dlt|\.DLT|[.-]error|[.-]retry-\d+)$")
_PREFIX = re.compile(r"^dlq\.")

_CONNECT_STAGES = MappingProxyType(
    {
        "KEY_CONVERTER": FailedStage.DECODE,
        "VALUE_CONVERTER": FailedStage.DECODE,
        "HEADER_CONVERTER": FailedStage.DECODE,
        "TRANSFORMATION": FailedStage.HANDLE,
        "TASK_PUT": FailedStage.HANDLE,
        "TASK_POLL": FailedStage.HANDLE,
        "KAFKA_CONSUME": FailedStage.HANDLE,
        "KAFKA_PRODUCE": FailedStage.PRODUCE,
    }
)
"""Connect's `Stage`, org.apache.kafka.connect.runtime.errors."""


@dataclass(frozen=True, slots=True)
class DeadLetterHeaders:
    """What the headers of one dead letter say.

    Attributes:
        failure: why it is there.
        others: the headers that say nothing about it, as they are.
    """

    failure: ProcessingFailure
    others: tuple[Header, ...]


def source_name_of(dead_letter_topic: str) -> str:
    """Return the topic that a dead-letter topic's name is made of: `x.dlq`, `x-dlt`, `x.DLT`, `dlq.x` → `x`."""
    return _PREFIX.sub("", _SUFFIX.sub("", dead_letter_topic))


def read_headers(headers: Headers, dead_letter_topic: str) -> DeadLetterHeaders:
    """Return what the headers of a record in `dead_letter_topic` say, whoever wrote them."""
    found: dict[Family, dict[str, bytes]] = defaultdict(dict)
    others: list[Header] = []
    for name, value in headers:
        family_fact = _FACT_OF.get(name)
        if family_fact is None or value is None:
            if name not in _IGNORED:
                others.append((name, value))
            continue
        family, fact = family_fact
        if fact in _ORIGIN:
            found[family].setdefault(fact, value)
        else:
            found[family][fact] = value
    return DeadLetterHeaders(_failure(found, dead_letter_topic), tuple(others))


def integer(value: bytes | None) -> int | None:
    """Return a header's number: decimal text, or 4 or 8 bytes big-endian as Spring writes them; else None.

    Four or eight ASCII digits are text: read as binary they would be a partition above 800 million.
    """
    if value is None:
        return None
    if re.fullmatch(rb"-?\d{1,19}", value):
        return int(value)
    return int.from_bytes(value, "big", signed=True) if len(value) in {4, 8} else None


_OURS = (Family.ALPHAPANDA, Family.SHARE_GROUP, Family.SPRING_CLOUD_STREAM)
"""What `build_headers` writes: beside it, the diagnoses of earlier hops are history."""


class _Facts:
    """Looks facts up over the families that were found, in their order."""

    def __init__(self, found: Mapping[Family, Mapping[str, bytes]]) -> None:
        order = _OURS if Family.ALPHAPANDA in found else _NAMES
        self._families = [found[family] for family in order if family in found]

    def raw(self, *facts: str) -> bytes | None:
        for fact in facts:
            for family in self._families:
                if fact in family:
                    return family[fact]
        return None

    def text(self, *facts: str) -> str | None:
        value = self.raw(*facts)
        return None if value is None else value.decode(errors="replace")

    def number(self, *facts: str) -> int | None:
        return integer(self.raw(*facts))

    def time(self, fact: str) -> datetime | None:
        try:
            return datetime.fromisoformat(self.text(fact) or "")
        except ValueError:
            return None


def _failure(found: Mapping[Family, Mapping[str, bytes]], dead_letter_topic: str) -> ProcessingFailure:
    facts = _Facts(found)
    topic = facts.text("topic") or source_name_of(dead_letter_topic)
    partition, offset = facts.number("partition"), facts.number("offset")
    group = facts.text("group") or _connector(facts)
    exception = facts.text("exception", "key_exception")
    known = partition is not None and offset is not None
    return ProcessingFailure(
        topic=topic,
        partition=partition,
        offset=offset,
        group=group,
        attempts=facts.number("attempts", "attempts_fallback"),
        message=facts.text("message", "key_message", "message_fallback") or "",
        error_code=facts.text("error_code") or error_code_of(exception or "unknown"),
        exception=exception,
        cause=facts.text("cause"),
        retryable=_member(facts.text("retryable")),
        stage=_stage(facts),
        service=facts.text("service"),
        version=facts.text("version"),
        failed_at=facts.time("failed_at"),
        first_failed_at=facts.time("first_failed_at"),
        original_timestamp_ms=facts.number("timestamp"),
        schema_id=facts.text("schema_id"),
        traceback=facts.text("traceback", "key_traceback"),
        id=facts.text("id") or (dead_letter_id(topic, partition or 0, offset or 0, group or "") if known else ""),
        family=next((family for family in _NAMES if family in found), Family.NONE),
    )


def _connector(facts: _Facts) -> str | None:
    connector, task = facts.text("connector"), facts.text("task")
    return f"{connector}/{task}" if connector and task else connector


def _member(text: str | None) -> Retryable:
    return Retryable(text) if text in set(Retryable) else Retryable.UNKNOWN


def _stage(facts: _Facts) -> FailedStage | None:
    text = facts.text("stage")
    if text is None:
        return FailedStage.DECODE if facts.raw("key_exception") is not None else None
    return FailedStage(text) if text in set(FailedStage) else _CONNECT_STAGES.get(text)
