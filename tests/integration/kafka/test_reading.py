"""A reader that was busy has its next record at once, not when other partitions have news."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from alphapanda.infra.base import Endpoints
from alphapanda.kafka.client import KafkaOptions, open_log
from alphapanda.kafka.internals import HURRIED_FETCH_S
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import bootstrap
from alphapanda.model.records import Outgoing, Partition
from topics.catalogue import Catalogue, Overlay

pytestmark = pytest.mark.kafka

NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
AGES_MS = 600_000
PATIENCE_S = 60.0


async def test_a_partition_whose_records_lay_is_not_left_out_of_a_long_request(
    servers: Endpoints, unique_name: str
) -> None:
    async with Cluster.connect(servers.bootstrap_servers) as cluster:
        await bootstrap(cluster, Catalogue.load(Overlay(broker_count=1)).topics([unique_name]), made_at=NOW)
    busy, quiet = Partition(f"{unique_name}.signals.raw", 0), Partition(f"{unique_name}.control.commands", 0)
    options = KafkaOptions(
        servers.bootstrap_servers, "test", fetch_max_wait_ms=AGES_MS, request_timeout_ms=2 * AGES_MS
    )
    async with open_log(options) as log:
        reader = await log.reader()
        try:
            reader.seek({busy: 0, quiet: 0})
            assert await reader.poll(0.1) == []  # the request for both is on its way
            for number in range(3):
                await log.append([Outgoing(busy.topic, b"k", str(number).encode())])
                await asyncio.sleep(5 * HURRIED_FETCH_S)  # it is at work on something while the record arrives
                (record,) = await reader.poll(PATIENCE_S)
                assert record.value == str(number).encode()
        finally:
            await reader.aclose()
