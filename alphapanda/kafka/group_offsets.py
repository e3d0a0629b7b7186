"""The offsets that a consumer group has committed, or an error: a coordinator that still loads is no empty answer.

aiokafka's `list_consumer_group_offsets` passes over the error that stands for a whole answer. A Kafka that has
just started gives such answers for a moment, and "nothing was ever committed" is the worst way to read them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import stamina
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

from alphapanda.kafka.internals import send_to
from alphapanda.model.records import Partition

COORDINATOR_PATIENCE_S: Final = 30.0
_PASSING: Final = (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaConnectionError,
    NodeNotReadyError,
    NotCoordinatorError,
)


class CommittedOffset(NamedTuple):
    """An offset that a group committed, and its note beside it."""

    offset: int
    note: str = ""


async def committed_offsets(
    admin: AIOKafkaAdminClient, group: str, *, patience_s: float = COORDINATOR_PATIENCE_S
) -> dict[Partition, CommittedOffset]:
    """Return every offset that `group` has committed.

    Waits up to `patience_s` for a coordinator that still loads; then, and for all else, raises aiokafka's error.
    """
    retries = stamina.retry_context(
        on=_PASSING, attempts=None, timeout=patience_s, wait_initial=0.05, wait_max=0.5, wait_jitter=0.05
    )
    async for attempt in retries:
        with attempt:
            return await _ask(admin, group)
    raise AssertionError  # the last attempt returned or raised


async def _ask(admin: AIOKafkaAdminClient, group: str) -> dict[Partition, CommittedOffset]:
    answer = await send_to(admin, OffsetFetchRequest(group, None), await admin.find_coordinator(group))
    _raise_for(getattr(answer, "error_code", 0), group)
    found = {}
    for topic, partitions in answer.topics:
        for number, offset, note, error_code in partitions:
            _raise_for(error_code, group)
            if offset >= 0:
                found[Partition(topic, number)] = CommittedOffset(offset, note or "")
    return found


def _raise_for(error_code: int, group: str) -> None:
    if error_code:
        raise for_code(error_code)(f"reading the offsets of {group}")
