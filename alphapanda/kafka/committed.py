"""What a consumer group has committed, or an error: a coordinator that still loads is no empty answer.

aiokafka's `list_consumer_group_offsets` passes over the error that stands for a whole answer. A Kafka that has
just started gives such answers for a moment, and "nothing was ever committed" is the worst way to read them.
"""

from __future__ import annotations

from typing import Any, Final

import stamina
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaConnectionError,
    NodeNotReadyError,
    NotCoordinatorError,
    for_code,
)
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.structs import OffsetAndMetadata

PATIENCE_S: Final = 30.0
_PASSING: Final = (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaConnectionError,
    NodeNotReadyError,
    NotCoordinatorError,
)


async def committed_offsets(
    admin: AIOKafkaAdminClient, group: str, *, patience_s: float = PATIENCE_S
) -> dict[TopicPartition, OffsetAndMetadata]:
    """Return every offset that `group` has committed, with what it wrote beside it.

    Waits up to `patience_s` for a coordinator that is on its way; then, and for all else, raises aiokafka's error.
    """
    retries = stamina.retry_context(
        on=_PASSING, attempts=None, timeout=patience_s, wait_initial=0.05, wait_max=0.5, wait_jitter=0.05
    )
    async for attempt in retries:
        with attempt:
            return await _ask(admin, group)
    raise AssertionError  # the last attempt returned or raised


async def _ask(admin: AIOKafkaAdminClient, group: str) -> dict[TopicPartition, OffsetAndMetadata]:
    coordinator = await admin.find_coordinator(group)
    # There is no public way to an answer's own error.
    answer: Any = await admin._send_request(OffsetFetchRequest(group, None), coordinator)  # noqa: SLF001
    _raise_for(getattr(answer, "error_code", 0), group)
    found = {}
    for topic, partitions in answer.topics:
        for number, offset, metadata, error_code in partitions:
            _raise_for(error_code, group)
            found[TopicPartition(topic, number)] = OffsetAndMetadata(offset, metadata)
    return found


def _raise_for(error_code: int, group: str) -> None:
    if error_code:
        raise for_code(error_code)(f"reading what {group} committed")
