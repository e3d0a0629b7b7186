"""Every use of a private attribute of aiokafka (0.14), each with the reason why nothing public does it.

Also its one missing request, IncrementalAlterConfigs (KIP-339), version 0: AlterConfigs, which it has, replaces
all configs of a topic, so that two operators who change different keys would undo each other. Field order: Kafka's
`IncrementalAlterConfigsRequest.json`, version 0 (not flexible).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Iterable
from enum import IntEnum
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int8, Int16, Int32, Schema, String

PATIENT_FETCH_S: Final = 5.0
HURRIED_FETCH_S: Final = 0.1
"""How long aiokafka lets fetched records lie before it asks for the other partitions' alone.

A partition left out of a request that waits for news is silent until others have some, for as long as
`fetch_max_wait_ms`: a batch of a tenth of a second would hold up the next signal by five. A reader that takes all
that comes has nothing to gain from such a request; one that leaves some partitions' records lying needs it.
"""
IDLE_LOOK_S: Final = 5.0
"""How often an idle fetch loop of aiokafka looks around; whatever it waits for wakes it anyway."""
CLOSE_S: Final = 3.0
"""How long a client may take to close: where a broker or a topic is gone, it may wait for ever."""


# ---------------------------------------------------------------- private attributes
def hold_back_fetches(consumer: AIOKafkaConsumer, seconds: float) -> None:
    """Let fetched records lie for `seconds` before other partitions are fetched alone.

    The consumer passes no `prefetch_backoff` on to its fetcher.
    """
    consumer._fetcher._prefetch_backoff = seconds  # noqa: SLF001


def look_around_rarely(consumer: AIOKafkaConsumer) -> None:
    """Let an idle consumer sleep; its fetch loop wakes ten times a second otherwise, for nothing.

    The consumer passes no `fetcher_timeout` on to its fetcher.
    """
    consumer._fetcher._fetcher_timeout = IDLE_LOOK_S  # noqa: SLF001


def gather_records(consumer: AIOKafkaConsumer, min_bytes: int, max_wait_ms: int) -> None:
    """Let each fetch wait for so many bytes or so long. A consumer takes both only when it is made."""
    consumer._fetcher._fetch_min_bytes = min_bytes  # noqa: SLF001
    consumer._fetcher._fetch_max_wait_ms = max_wait_ms  # noqa: SLF001


async def look_up_topics(consumer: AIOKafkaConsumer, topics: Collection[str]) -> None:
    """Look topics up together.

    Offset requests look them up one after the other, with a pause after each; only reading does it together.
    """
    await consumer._client.set_topics(topics)  # noqa: SLF001


async def send_to(admin: AIOKafkaAdminClient, request: Any, node: int) -> Any:
    """Send a request and return the answer with its own error, over which the public methods pass."""
    return await admin._send_request(request, node)  # noqa: SLF001


def request_versions(request: Any) -> tuple[int, int]:
    """Return the oldest and the newest version of a request that aiokafka speaks; it tells nobody."""
    versions = [struct.API_VERSION for struct in request._CLASSES]  # noqa: SLF001
    return min(versions), max(versions)


async def close_in_time(closing: Awaitable[None], client: AIOKafkaConsumer | AIOKafkaAdminClient) -> None:
    """Wait up to `CLOSE_S` for a client to close, then shut its connections, which it hands out to nobody."""
    await asyncio.sleep(0)  # a consumer whose tasks never began cancels whoever stops it
    try:
        async with asyncio.timeout(CLOSE_S):
            await closing
    except TimeoutError:
        return
    finally:
        for connection in tuple(client._client._conns.values()):  # noqa: SLF001
            connection.close()


# ---------------------------------------------------------------- IncrementalAlterConfigs
TOPIC_RESOURCE: Final = 2
"""`ConfigResource.Type.TOPIC`."""

_API_KEY: Final = 44


class ConfigOperation(IntEnum):
    """A change to one config; `AlterConfigOp.OpType`."""

    SET = 0
    DELETE = 1


class IncrementalAlterConfigsResponse(Response):  # type: ignore[misc] # aiokafka ships no types
    """Version 0: an error code and message for each resource."""

    API_KEY = _API_KEY
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "responses",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
            ),
        ),
    )


class IncrementalAlterConfigsRequestV0(RequestStruct):  # type: ignore[misc] # aiokafka ships no types
    """Version 0 on the wire."""

    API_KEY = _API_KEY
    API_VERSION = 0
    RESPONSE_TYPE = IncrementalAlterConfigsResponse
    SCHEMA = Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
                (
                    "configs",
                    Array(
                        ("name", String("utf-8")),
                        ("config_operation", Int8),
                        ("value", String("utf-8")),
                    ),
                ),
            ),
        ),
        ("validate_only", Boolean),
    )


class IncrementalAlterConfigsRequest(Request[IncrementalAlterConfigsRequestV0]):  # type: ignore[misc] # aiokafka ships no types
    """Set or delete single configs of topics."""

    API_KEY = _API_KEY

    def __init__(self, topics: Iterable[tuple[str, list[tuple[str, ConfigOperation, str | None]]]]) -> None:
        self._resources = [(TOPIC_RESOURCE, name, configs) for name, configs in topics]

    def build(self, request_struct_class: type[IncrementalAlterConfigsRequestV0]) -> Any:
        """Return the request as it goes on the wire."""
        return request_struct_class(self._resources, False)
