"""The one Kafka request that aiokafka 0.14 lacks: IncrementalAlterConfigs (KIP-339), version 0.

AlterConfigs, which it has, replaces all configs of a topic: two operators who change different keys would undo
each other. Field order: Kafka's `IncrementalAlterConfigsRequest.json`, versions 0 (not flexible).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int8, Int16, Int32, Schema, String

TOPIC_RESOURCE = 2
"""`ConfigResource.Type.TOPIC`."""

_API_KEY = 44


class ConfigOperation(IntEnum):
    """What is done to one config; `AlterConfigOp.OpType`."""

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
