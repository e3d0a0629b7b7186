"""Single events into a real Kafka: typed, routed, refused where topic and payload disagree."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from alphapanda.clock import ManualClock
from alphapanda.errors import DependencyError, KafkaUnreachableError, MisroutedError, UsageError
from alphapanda.ids import BrokerId, InstrumentId
from alphapanda.infra.base import Endpoints
from alphapanda.kafka.client import KafkaLog, KafkaOptions, open_log
from alphapanda.kafka.reading import follow, newest, read_all
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import bootstrap
from alphapanda.model.control import Command, ControlCommand, Outcome
from alphapanda.model.kinds import EventType
from alphapanda.model.tick import Tick
from alphapanda.pipeline.message_producer import MessageProducer
from alphapanda.serialization.codec import decode
from topics.catalogue import Catalogue, Overlay
from topics.names import TopicName

pytestmark = pytest.mark.kafka
NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


@pytest.fixture
async def log(servers: Endpoints, unique_name: str) -> AsyncIterator[KafkaLog]:
    async with Cluster.connect(servers.bootstrap_servers) as cluster:
        await bootstrap(cluster, Catalogue.load(Overlay(broker_count=1)).topics([unique_name]), made_at=NOW)
    async with open_log(KafkaOptions(servers.bootstrap_servers, "test")) as made:
        yield made


@pytest.fixture
def producer(log: KafkaLog) -> MessageProducer:
    return MessageProducer(log, "test", ManualClock(NOW))


def halt(broker: str) -> ControlCommand:
    return ControlCommand(command=Command.HALT, broker=BrokerId(broker), actor="asha", reason="news")


async def test_a_command_is_wrapped_and_read_back(
    log: KafkaLog, producer: MessageProducer, unique_name: str
) -> None:
    topic = TopicName(unique_name, "control", "commands")
    sent, position = await producer.send(
        topic, halt(unique_name), key=unique_name, event_type=EventType.CONTROL_COMMAND
    )
    records, ends = await newest(log, [str(topic)], 5)
    assert [record.position for record in records] == [position]
    assert decode(EventType.CONTROL_COMMAND, records[0].value or b"") == sent
    assert (sent.broker, sent.ts, sent.correlation_id) == (unique_name, NOW, sent.id)
    assert records[0].header("type") == b"control_command"
    assert set(ends.values()) == {1}


async def test_only_ticks_may_leave_out_their_type(producer: MessageProducer, unique_name: str) -> None:
    tick = Tick(InstrumentId("NSE:X"), 1, NOW, 10.0)
    sent, _ = await producer.send(TopicName("market", "", "ticks"), tick, key="1")
    assert (sent.type, sent.broker) == (EventType.MARKET_TICK, "market")
    with pytest.raises(UsageError, match="needs its type"):
        await producer.send(TopicName(unique_name, "control", "commands"), halt(unique_name), key="k")


async def test_the_topic_of_another_broker_is_refused(producer: MessageProducer, unique_name: str) -> None:
    with pytest.raises(MisroutedError, match="does not belong"):
        await producer.send(
            TopicName(unique_name, "control", "commands"),
            halt("somebody"),
            key="k",
            event_type=EventType.CONTROL_COMMAND,
        )


async def test_an_audit_says_who_did_what_and_how_it_ended(
    log: KafkaLog, producer: MessageProducer, unique_name: str
) -> None:
    await producer.audit("asha", "halt", unique_name, outcome=Outcome.DONE, reason="news", obeyed_by="risk")
    partitions = await log.partitions(["system.audit"])
    records = await read_all(log, await log.beginnings(partitions), await log.ends(partitions))
    found = [decode(EventType.AUDIT_RECORDED, record.value or b"").data for record in records]
    (mine,) = [audit for audit in found if audit.target == unique_name]
    assert (mine.actor, mine.outcome, mine.details) == ("asha", Outcome.DONE, {"obeyed_by": "risk"})


async def test_what_comes_is_followed(log: KafkaLog, producer: MessageProducer, unique_name: str) -> None:
    topic = TopicName(unique_name, "control", "commands")
    _, ends = await newest(log, [str(topic)], 1)
    news = follow(log, ends)
    await producer.send(topic, halt(unique_name), key=unique_name, event_type=EventType.CONTROL_COMMAND)
    async for records in news:
        if records:
            assert len(records) == 1
            break
    await news.aclose()


async def test_a_topic_that_is_not_there_is_named(log: KafkaLog) -> None:
    with pytest.raises(DependencyError, match=r"no topic nobody\.orders\.filled"):
        await log.partitions(["nobody.orders.filled"])


async def test_no_kafka_is_one_clear_error() -> None:
    with pytest.raises(KafkaUnreachableError, match="connecting to 127"):
        async with open_log(KafkaOptions("127.0.0.1:1", "test", request_timeout_ms=1_000)):
            pass
