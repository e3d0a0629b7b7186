"""The codec of a service, with the ids that a registry gave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from alphapanda.deployment import Deployment
from alphapanda.errors import ConfigError, DecodeError, DependencyError
from alphapanda.model.kinds import EventType
from alphapanda.serialization.codec import Codec, decode, encode
from alphapanda.serialization.codec_factory import ALWAYS_JSON, avro_topics, reading_codec, writing_codec
from alphapanda.serialization.registry import RegistryUnreachableError, SchemaRegistry
from alphapanda.serialization.schema_files import schema_text
from alphapanda.settings import Settings, load
from alphapanda.settings.model import catalogue_of

GOLDEN = Path(__file__).parents[2] / "data" / "golden"


class Registry(Protocol):
    url: str


Loader = Callable[..., Settings]


@pytest.fixture
def settings_of(deployment: Deployment, broker: str) -> Loader:
    """Load settings with these variables."""

    def loaded(**environ: str) -> Settings:
        return load(deployment, {"ACTIVE_BROKERS": broker, **environ}).settings

    return loaded


def event(kind: EventType) -> Any:
    return decode(kind, (GOLDEN / f"{kind}.json").read_bytes().rstrip(b"\n"))


def writing(settings: Settings, *topics: str) -> Codec:
    return asyncio.run(writing_codec(settings, catalogue_of(settings), topics))


def test_what_is_written_is_read_by_whoever_asks_the_registry(
    settings_of: Loader, broker: str, registry: Registry
) -> None:
    topics = {f"{broker}.orders.filled": EventType.ORDER_FILLED, f"{broker}.signals.raw": EventType.SIGNAL_RAW}
    settings = settings_of(SERIALIZATION__FORMAT="avro", SCHEMA_REGISTRY_URL=registry.url)
    with pytest.raises(DependencyError, match="its schema is not registered") as caught:
        writing(settings, *topics)
    assert "alphapanda schemas register" in caught.value.hint

    async def register() -> None:
        async with SchemaRegistry.connect(registry.url) as client:
            for topic, kind in topics.items():
                await client.register(f"{topic}-value", schema_text(kind))

    asyncio.run(register())
    codec = writing(settings, *topics, f"{broker}.control.events")
    reader = reading_codec(settings_of(SCHEMA_REGISTRY_URL=registry.url))
    for topic, kind in topics.items():
        value = codec.encoder(topic)(event(kind))
        assert value[:1] == b"\x00"
        for either in (codec, reader):
            assert either.decode(kind, value) == event(kind)
            assert either.decode(kind, encode(event(kind))) == event(kind)
        assert reader.encoder(topic)(event(kind)) == encode(event(kind)), "who only reads writes JSON"
    halted = event(EventType.CONTROL_EVENT)
    assert codec.encoder(f"{broker}.control.events")(halted) == encode(halted), "halting needs no registry"


def test_a_schema_that_the_registry_has_not(settings_of: Loader, registry: Registry) -> None:
    reader = reading_codec(settings_of(SCHEMA_REGISTRY_URL=registry.url))
    with pytest.raises(DecodeError, match="schema 4000000, which the registry has not"):
        reader.decode(EventType.ORDER_FILLED, b"\x00" + (4_000_000).to_bytes(4, "big") + b"abc")


def test_an_older_release_goes_on_while_a_newer_one_has_registered_its_schema(
    settings_of: Loader, broker: str, registry: Registry
) -> None:
    topic, kind = f"{broker}.orders.expired", EventType.ORDER_EXPIRED
    newer = json.loads(schema_text(kind))
    data = next(field for field in newer["fields"] if field["name"] == "data")["type"]
    data["fields"].append({"name": "venue_code", "type": "string", "default": ""})

    async def register() -> None:
        async with SchemaRegistry.connect(registry.url) as client:
            await client.register(f"{topic}-value", schema_text(kind))
            await client.register(f"{topic}-value", json.dumps(newer))

    asyncio.run(register())
    codec = writing(settings_of(SERIALIZATION__FORMAT="avro", SCHEMA_REGISTRY_URL=registry.url), topic)
    assert codec.decode(kind, codec.encoder(topic)(event(kind))) == event(kind)


def test_the_topics_that_are_avro(settings_of: Loader, broker: str) -> None:
    avro = {"SERIALIZATION__FORMAT": "avro", "SCHEMA_REGISTRY_URL": "http://127.0.0.1:1"}
    settings = settings_of(**avro)
    catalogue = catalogue_of(settings)
    every = avro_topics(settings, catalogue)
    assert {"market.ticks", f"{broker}.orders.filled", f"{broker}.pnl.snapshots"} <= every
    assert not {f"{broker}.control.commands", "system.audit", "system.alerts"} & every
    assert not any(name.endswith(".dlq") for name in every)
    assert EventType.CONTROL_COMMAND in ALWAYS_JSON

    assert avro_topics(settings_of(SCHEMA_REGISTRY_URL="http://127.0.0.1:1"), catalogue) == frozenset()
    named = settings_of(**avro, SERIALIZATION__TOPICS=f"market.ticks,{broker}.orders.filled")
    assert avro_topics(named, catalogue) == {"market.ticks", f"{broker}.orders.filled"}
    for wrong, hint in (("market.tick", "Did you mean market.ticks?"), (f"{broker}.control.events", "")):
        with pytest.raises(ConfigError, match="can be written as avro") as caught:
            avro_topics(settings_of(**avro, SERIALIZATION__TOPICS=wrong), catalogue)
        assert hint in caught.value.hint


def test_without_its_registry_a_service_does_not_start_and_does_not_misread(
    settings_of: Loader, broker: str
) -> None:
    nowhere = "http://127.0.0.1:1"
    with pytest.raises(RegistryUnreachableError):
        writing(settings_of(SERIALIZATION__FORMAT="avro", SCHEMA_REGISTRY_URL=nowhere), f"{broker}.orders.filled")
    json_only = writing(settings_of(SCHEMA_REGISTRY_URL=nowhere), f"{broker}.orders.filled")
    rejected = event(EventType.ORDER_REJECTED)
    assert json_only.decode(EventType.ORDER_REJECTED, encode(rejected)) == rejected, "JSON needs no registry"
    with pytest.raises(DependencyError):  # and no DecodeError, which would make a dead letter of it
        json_only.decode(EventType.ORDER_REJECTED, b"\x00\x00\x00\x00\x01abc")
