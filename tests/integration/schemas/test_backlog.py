"""Registering while dead letters wait, on a real Kafka: none becomes unreadable, and it is audited."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from alphapanda.infra.base import Endpoints
from alphapanda.kafka.client import KafkaOptions, open_log, open_read_log
from alphapanda.kafka.reading import newest
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import bootstrap
from alphapanda.model.control import AuditRecord, Outcome
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Outgoing
from alphapanda.serialization.codec import decode, encode
from alphapanda.serialization.registry import SchemaRegistry
from alphapanda.serialization.schema_files import schema_text
from topics.catalogue import Catalogue, Overlay
from topics.dead_letters import ProcessingFailure, build_headers, dead_letter_id

pytestmark = pytest.mark.kafka

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
KIND = EventType.ORDER_ACCEPTED
LEDGER = "system.dlq-ledger"


class Registry(Protocol):
    url: str


Run = Callable[..., Any]


@pytest.fixture
def options(servers: Endpoints, environ: pytest.MonkeyPatch, registry: Registry, broker: str) -> KafkaOptions:
    """The session's Kafka with the broker's topics in it, which the command line uses, too."""
    for name, value in {
        "INFRA__TIER": "external",
        "KAFKA__BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "REDIS__URL": servers.redis_url,
        "SCHEMA_REGISTRY_URL": registry.url,
    }.items():
        environ.setenv(name, value)

    async def make() -> None:
        async with Cluster.connect(servers.bootstrap_servers) as cluster:
            declared = Catalogue.load(Overlay(broker_count=1)).topics([broker])
            await bootstrap(cluster, declared, made_at=datetime(2026, 1, 5, tzinfo=UTC))

    asyncio.run(make())
    return KafkaOptions(servers.bootstrap_servers, "test", request_timeout_ms=10_000)


def write(options: KafkaOptions, records: Sequence[Outgoing]) -> None:
    async def writing() -> None:
        async with open_log(options) as log:
            await log.append(records)

    asyncio.run(writing())


def letter(topic: str, value: bytes, offset: int) -> Outgoing:
    failure = ProcessingFailure(topic=topic, partition=0, offset=offset, group="risk")
    return Outgoing(f"{topic}.dlq", b"k", value, tuple(build_headers(failure)), 0)


def settle(topic: str, offset: int) -> Outgoing:
    """The ledger's word that an operator discarded a dead letter."""
    kind = EventType.DEAD_LETTER_MOVED
    event = decode(kind, (GOLDEN / f"{kind}.json").read_bytes().rstrip(b"\n"))
    key = dead_letter_id(topic, 0, offset, "risk")
    moved = msgspec.structs.replace(event.data, dead_letter_id=key, state=LedgerState.DISCARDED)
    return Outgoing(LEDGER, key.encode(), encode(msgspec.structs.replace(event, data=moved)))


def audits(options: KafkaOptions) -> list[AuditRecord]:
    async def reading() -> list[AuditRecord]:
        async with open_read_log(options) as log:
            records, _ = await newest(log, ["system.audit"], 50)
        return [decode(EventType.AUDIT_RECORDED, record.value or b"").data for record in records]

    return [one for one in asyncio.run(reading()) if one.action == "schemas register"]


def test_a_schema_that_what_waits_could_not_be_read_with(
    run: Run, broker: str, registry: Registry, options: KafkaOptions
) -> None:
    topic = f"{broker}.orders.accepted"
    today = json.loads(schema_text(KIND))
    data = next(field for field in today["fields"] if field["name"] == "data")["type"]
    data["fields"] = [field for field in data["fields"] if field["name"] != "venue_order_id"]

    async def register_todays() -> None:
        async with SchemaRegistry.connect(registry.url) as client:
            await client.register(f"{topic}-value", json.dumps(today))

    asyncio.run(register_todays())
    event = json.loads((GOLDEN / f"{KIND}.json").read_bytes())
    whole = json.dumps(event).encode()
    del event["data"]["venue_order_id"]
    write(
        options,
        [letter(topic, json.dumps(event).encode(), 1), letter(topic, b"garbage", 2), letter(topic, whole, 3)],
    )

    checked = run("check", topic, "--preflight", "--compatibility", "NONE", "--json")
    assert checked.code == 3
    (found,) = json.loads(checked.out)["dead_letters"]
    assert (found["open"], found["readable"], found["unreadable"], found["broken"]) == (3, 1, 1, 1)
    assert found["first_broken"] == [
        {"position": f"{topic}.dlq:0:0", "why": "data.venue_order_id is missing and has no default."}
    ]

    refused = run("register", topic, "--compatibility", "NONE")
    assert refused.code == 3
    assert "The new schemas cannot read 1 open dead letters" in refused.err
    assert f"{topic}.dlq:0:0: data.venue_order_id is missing" in refused.err
    assert not [one for one in audits(options) if f"{topic}-value" in one.details]

    write(options, [settle(topic, 1)])
    done = run("register", topic, "--compatibility", "NONE", "--reason", "the venue names its orders")
    assert done.code == 0, done.err
    (audit,) = [one for one in audits(options) if f"{topic}-value" in one.details]
    assert audit.outcome is Outcome.DONE
    assert audit.reason == "the venue names its orders"
    assert audit.details[f"{topic}-value"].startswith("version 2, id ")
    assert audit.target == registry.url


def test_kafka_that_is_away_stops_before_anything_is_registered(
    run: Run, broker: str, registry: Registry, environ: pytest.MonkeyPatch
) -> None:
    topic = f"{broker}.orders.accepted"
    environ.setenv("INFRA__TIER", "external")
    environ.setenv("KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    environ.setenv("REDIS__URL", "redis://127.0.0.1:1")
    environ.setenv("SCHEMA_REGISTRY_URL", registry.url)
    away = run("register", topic)
    assert away.code == 4
    assert "--skip-preflight" in away.err
    assert [row["registry"] for row in run("list", "--json").items if row["topic"] == topic] == ["not registered"]
    without = run("register", topic, "--skip-preflight")
    assert without.code == 0
    assert "The audit could not be written" in without.err
