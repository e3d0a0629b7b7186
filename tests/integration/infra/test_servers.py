"""The session's servers answer."""

from __future__ import annotations

import pytest

from alphapanda.infra.base import Endpoints
from alphapanda.infra.redis_probe import probe_redis
from alphapanda.kafka.probe import probe_kafka, require_compatible

pytestmark = pytest.mark.kafka


async def test_kafka_answers_and_speaks_what_is_needed(servers: Endpoints) -> None:
    facts = await probe_kafka(servers.bootstrap_servers)
    assert facts.brokers == (servers.bootstrap_servers,)
    require_compatible(facts)


async def test_valkey_answers(servers: Endpoints) -> None:
    assert (await probe_redis(servers.redis_url)).startswith("9.")


async def test_the_first_use_of_a_group_meets_a_coordinator(
    servers: Endpoints, unique_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    async with AIOKafkaConsumer(bootstrap_servers=servers.bootstrap_servers, group_id=unique_name) as consumer:
        consumer.assign([TopicPartition("__consumer_offsets", 0)])
        await consumer.commit({TopicPartition("__consumer_offsets", 0): 0})
    assert [record.getMessage() for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []
