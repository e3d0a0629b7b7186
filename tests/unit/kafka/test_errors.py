"""aiokafka's errors as ours; its own cancellations are no wish of ours to end."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    NotLeaderForPartitionError,
    UnknownTopicOrPartitionError,
    UnsupportedVersionError,
)

from alphapanda.errors import (
    AlphaPandaError,
    AuthError,
    DependencyError,
    IncompatibleServerError,
    KafkaUnreachableError,
    PermanentError,
    TransientError,
)
from alphapanda.kafka.errors import kafka_errors


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (AuthenticationFailedError(), AuthError),
        (UnsupportedVersionError(), IncompatibleServerError),
        (UnknownTopicOrPartitionError(), DependencyError),
        (MessageSizeTooLargeError(), PermanentError),
        (NotLeaderForPartitionError(), TransientError),
    ],
)
def test_each_error_has_a_place_in_our_tree(theirs: Exception, ours: type[AlphaPandaError]) -> None:
    with pytest.raises(ours, match="while reading"), kafka_errors("reading"):
        raise theirs


def test_while_connecting_any_failure_means_that_no_kafka_is_there() -> None:
    with pytest.raises(KafkaUnreachableError), kafka_errors("connecting", connecting=True):
        raise KafkaConnectionError


async def test_a_cancellation_of_aiokafkas_own_is_a_broken_connection() -> None:
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    lost.cancel()
    with pytest.raises(TransientError, match="connection broke while reading"), kafka_errors("reading"):
        await lost


async def test_a_wish_to_end_stays_one() -> None:
    async def read() -> None:
        with kafka_errors("reading"):
            await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(read())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
