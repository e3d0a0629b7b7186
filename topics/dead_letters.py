"""Why a record could not be processed, as the headers that its dead letter carries.

The value and key of a dead letter are the original bytes; everything else is here. The standard facts
follow KIP-1191 (`__dlq.errors.*`), four aliases let other tools find the origin, and `ap-dlq-*` carries
what none of them has. All values are UTF-8 text. `topics.dead_letter_families` reads what others write.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

Header: TypeAlias = tuple[str, bytes | None]
Headers: TypeAlias = Sequence[Header]

STANDARD_PREFIX = "__dlq.errors."
"""KIP-1191's headers: the one contract of Apache Kafka that is not tied to Connect or Streams."""

ID_HEADER = "ap-dlq-id"
FIRST_FAILED_HEADER = "ap-dlq-first-failed-at"

ALIAS_TOPIC = ("x-original-topic", "kafka_dlt-original-topic")
ALIAS_EXCEPTION = "x-exception-fqcn"
ALIAS_MESSAGE = "x-exception-message"

MAX_TRACEBACK_BYTES = 4096
MAX_MESSAGE_BYTES = 1024


class FailedStage(StrEnum):
    """How far a record came."""

    DECODE = "decode"
    VALIDATE = "validate"
    HANDLE = "handle"
    PRODUCE = "produce"


class Retryable(StrEnum):
    """Whether the same record may succeed when it is processed again."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Family(StrEnum):
    """Whose headers said so."""

    ALPHAPANDA = "alphapanda"
    SHARE_GROUP = "share-group"
    CONNECT = "connect"
    STREAMS = "streams"
    SPRING = "spring"
    SPRING_CLOUD_STREAM = "spring-cloud-stream"
    SMALLRYE = "smallrye"
    KARAFKA = "karafka"
    WATERMILL = "watermill"
    NONE = "none"
    """No header says anything; only the topic's name does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingFailure:
    """Why one record could not be processed, whoever says so.

    Attributes:
        topic: where the record was read first.
        partition: of that topic.
        offset: in that partition.
        group: the consumer group that failed, for Connect `connector/task`.
        attempts: how often it was tried.
        message: one line for people.
        error_code: a stable slug, for grouping and for policy.
        exception: the class of what was raised.
        cause: the class of what that was raised from.
        retryable: whether trying again may help.
        stage: how far the record came.
        service: who failed.
        version: of the service.
        failed_at: when, this time.
        first_failed_at: when, the first time.
        original_timestamp_ms: Kafka's timestamp of the original record.
        schema_id: which registered schema the value is in.
        traceback: the end of it, at most 4 KiB.
        id: one for the record and group, the same through replays; empty where the origin is not known.
        family: the family of headers that was read.
    """

    topic: str
    partition: int | None = None
    offset: int | None = None
    group: str | None = None
    attempts: int | None = None
    message: str = ""
    error_code: str = ""
    exception: str | None = None
    cause: str | None = None
    retryable: Retryable = Retryable.UNKNOWN
    stage: FailedStage | None = None
    service: str | None = None
    version: str | None = None
    failed_at: datetime | None = None
    first_failed_at: datetime | None = None
    original_timestamp_ms: int | None = None
    schema_id: str | None = None
    traceback: str | None = None
    id: str = ""
    family: Family = Family.ALPHAPANDA


def dead_letter_id(topic: str, partition: int, offset: int, group: str) -> str:
    """Return the id of the failure of one record in one group: 32 hex digits of BLAKE2b."""
    where = f"{topic}\x1f{partition}\x1f{offset}\x1f{group}"
    return hashlib.blake2b(where.encode(), digest_size=16).hexdigest()


def error_code_of(exception: str) -> str:
    """Return the slug of an exception's class: `org.x.SerializationException` → `serialization`."""
    name = re.split(r"[.$:]", exception.strip())[-1]
    name = re.sub(r"(Exception|Error)$", "", name) or name
    words = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3-\2\4", name)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def build_headers(failure: ProcessingFailure, original: Headers = ()) -> list[Header]:
    """Return the headers of the dead letter: the original's, then why it failed.

    Args:
        failure: what is known; what is None is left out. Without an id one is made from its origin.
        original: the headers of the record that failed. All are kept; only the diagnosis of an earlier
            failure of ours, in a record sent again as it was, gives way to this one: its id and first time stay.
    """
    again = any(name.startswith(STANDARD_PREFIX) for name, _ in original)
    replaced = _diagnosis_names() if again else frozenset({ID_HEADER, FIRST_FAILED_HEADER})
    kept = [header for header in original if header[0] not in replaced]
    return kept + _encoded(_facts(failure, _carried(original)))


def without_diagnosis(headers: Headers) -> list[Header]:
    """Return `headers` without what `build_headers` added, but with the id: for sending the record again."""
    dropped = _diagnosis_names() - {ID_HEADER}
    return [header for header in headers if header[0] not in dropped]


def _carried(original: Headers) -> dict[str, str]:
    """Return the id and first time of an earlier failure of the same record."""
    found: dict[str, str] = {}
    for name, value in original:
        if name in {ID_HEADER, FIRST_FAILED_HEADER} and value:
            found.setdefault(name, value.decode(errors="replace"))
    return found


def _facts(failure: ProcessingFailure, carried: dict[str, str]) -> list[tuple[str, object]]:
    known = failure.partition is not None and failure.offset is not None
    made = dead_letter_id(failure.topic, failure.partition or 0, failure.offset or 0, failure.group or "")
    first = failure.first_failed_at or failure.failed_at
    message = _cut(failure.message, MAX_MESSAGE_BYTES)
    return [
        (f"{STANDARD_PREFIX}topic", failure.topic),
        (f"{STANDARD_PREFIX}partition", failure.partition),
        (f"{STANDARD_PREFIX}offset", failure.offset),
        (f"{STANDARD_PREFIX}group", failure.group),
        (f"{STANDARD_PREFIX}delivery.count", failure.attempts),
        (f"{STANDARD_PREFIX}message", message),
        *((alias, failure.topic) for alias in ALIAS_TOPIC),
        (ALIAS_EXCEPTION, failure.exception),
        (ALIAS_MESSAGE, message),
        (ID_HEADER, carried.get(ID_HEADER) or failure.id or (made if known else None)),
        ("ap-dlq-failed-at", failure.failed_at and failure.failed_at.isoformat()),
        (FIRST_FAILED_HEADER, carried.get(FIRST_FAILED_HEADER) or (first and first.isoformat())),
        ("ap-dlq-original-timestamp", failure.original_timestamp_ms),
        ("ap-dlq-error-code", failure.error_code or error_code_of(failure.exception or "unknown")),
        ("ap-dlq-cause", failure.cause),
        ("ap-dlq-retryable", failure.retryable.value),
        ("ap-dlq-stage", failure.stage and failure.stage.value),
        ("ap-dlq-service", failure.service),
        ("ap-dlq-version", failure.version),
        ("ap-dlq-schema-id", failure.schema_id),
        ("ap-dlq-traceback", failure.traceback and _tail(failure.traceback, MAX_TRACEBACK_BYTES)),
    ]


def _diagnosis_names() -> frozenset[str]:
    return frozenset(name for name, _ in _facts(ProcessingFailure(topic=""), {}))


def _encoded(facts: Iterable[tuple[str, object]]) -> list[Header]:
    return [(name, str(value).encode(errors="replace")) for name, value in facts if value is not None]


def _cut(text: str, limit: int) -> str:
    """Return the beginning of `text` that fits into `limit` bytes of UTF-8."""
    return text.encode(errors="replace")[:limit].decode(errors="ignore")


def _tail(text: str, limit: int) -> str:
    """Return the end of `text` that fits into `limit` bytes of UTF-8: what was raised stands last."""
    return text.encode(errors="replace")[-limit:].decode(errors="ignore")
