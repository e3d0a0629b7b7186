"""From a record that cannot be processed to its dead letter: its bytes untouched, its reason in headers."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import datetime

from alphapanda.errors import DecodeError, MisroutedError, PermanentError, TransientError
from alphapanda.model.records import Header, Outgoing, Record
from topics.dead_letters import FailedStage, ProcessingFailure, Retryable, build_headers
from topics.names import TopicName


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an input led to nothing, and how often it was tried."""

    error: Exception
    attempts: int


def dead_letter(
    record: Record,
    error: Exception,
    *,
    group: str,
    stage: FailedStage,
    attempts: int,
    now: datetime,
    version: str,
) -> Outgoing:
    """Return the dead letter of `record`: same key, value and partition number, on its topic's `.dlq`."""
    source = TopicName.parse(record.partition.topic)
    failure = ProcessingFailure(
        topic=record.partition.topic,
        partition=record.partition.number,
        offset=record.offset,
        group=group,
        attempts=attempts,
        message=str(error),
        exception=type(error).__qualname__,
        cause=type(error.__cause__).__qualname__ if error.__cause__ else None,
        retryable=_retryable(error),
        stage=stage,
        service=group,
        version=version,
        failed_at=now,
        original_timestamp_ms=record.timestamp_ms,
        traceback=None if isinstance(error, DecodeError | MisroutedError) else _traceback(error),
    )
    return Outgoing(
        topic=str(source.dead_letters),
        key=record.key,
        value=record.value,
        headers=(*build_headers(failure, record.headers), (Header.GROUP.value, group.encode())),
        partition=record.partition.number,
    )


def _retryable(error: Exception) -> Retryable:
    match error:
        case PermanentError():
            return Retryable.NO
        case TransientError():
            return Retryable.YES
        case _:
            return Retryable.UNKNOWN


def _traceback(error: Exception) -> str:
    return "".join(traceback.format_exception(error))
