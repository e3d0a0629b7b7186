"""Logs that no dashboard hopes for: floods, giants, topics that go and come back."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import MessageSizeTooLargeError

from alphapanda.infra.base import Endpoints
from alphapanda.model.kinds import EventType
from tui.sources import log_source
from tui.store.store import Store

pytestmark = pytest.mark.kafka

GIANT = 10 << 20
HELD_MOST = 4 << 20
FLOOD = 300_000
"""What six seconds of 50,000 a second are, written as fast as can be."""


def held(root: object) -> int:
    """Return the bytes of all text that an object holds, in whatever it holds."""
    seen, waiting, total = set[int](), [root], 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        total += len(one) if isinstance(one, str | bytes) else 0
        waiting += _inside(one)
    return total


def _inside(one: object) -> Iterator[object]:
    if isinstance(one, Mapping):
        yield from one.keys()
        yield from one.values()
    elif isinstance(one, msgspec.Struct):
        yield from (getattr(one, name) for name in one.__struct_fields__)
    elif isinstance(one, str | bytes):
        return
    elif hasattr(one, "__iter__"):
        yield from one
    if type(one).__module__.startswith("tui.") and hasattr(one, "__dict__"):
        yield from vars(one).values()


def test_what_is_held_is_found() -> None:
    from alphapanda.pipeline.topic_routing import Routes
    from topics.catalogue import Catalogue

    store = Store(Routes(Catalogue.load(), None))
    before = held(store.topics) + held(store.chains)
    from alphapanda.model.records import Partition, Record

    store.topics.fold(Record(Partition("paper.signals.raw", 0), 0, 0, b"k", b"x" * 1000))
    assert 1000 < held(store.topics) + held(store.chains) - before < 1200


async def test_messages_of_ten_megabytes(
    servers: Endpoints, environ: dict[str, str], writer: Any, dashboard: Any, until: Any, screen: Any, is_up: Any
) -> None:
    broker = writer.broker
    names = [f"{broker}.{name}" for name in ("signals.raw", "orders.submitted", "signals.raw.dlq")]
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap_servers)
    await admin.start()
    for name in names:
        change = {"max.message.bytes": str(2 * GIANT)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=change)])
    await admin.close()
    long = "x" * GIANT
    while True:  # the change is on its way
        try:
            await writer.put("signals.raw", EventType.SIGNAL_RAW, reason=long)  # in the backlog
        except MessageSizeTooLargeError:
            await asyncio.sleep(0.1)
        else:
            break
    app = dashboard(environ)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: is_up(app, "Kafka"))
        for _ in range(3):
            await writer.put("signals.raw", EventType.SIGNAL_RAW, reason=long)
            await writer.raw(f"{broker}.orders.submitted", b"\xff" * GIANT)
            await writer.raw(f"{broker}.signals.raw.dlq", b"{" * GIANT, ("alphapanda-dlq-error", b"odd"))
        small = await writer.put("signals.raw", EventType.SIGNAL_RAW)
        await until(pilot, lambda: f"d{small}" in app.live_store.chains._links)
        await until(pilot, lambda: dead_letters(app.live_store, f"{broker}.signals.raw") == 3)
        await until(pilot, lambda: app.live_store.undecodable >= 7)
        for key in "12345678":
            await pilot.press(key)
            assert screen(pilot)
        assert is_up(app, "Kafka")
        assert held(app.live_store) < HELD_MOST


def dead_letters(store: Store, topic: str) -> int:
    """Return how many of a topic are shown; what all brokers share may hold other tests' too."""
    return sum(reason.count for reason in store.dead.reasons.values() if reason.topic == topic)


WRITE = """
import asyncio, sys
from aiokafka import AIOKafkaProducer

async def main(servers, topic, count, value):
    async with AIOKafkaProducer(bootstrap_servers=servers, max_batch_size=1 << 19) as producer:
        left = count
        while left:
            batch = producer.create_batch()
            while left and batch.append(key=b"key", value=value, timestamp=None) is not None:
                left -= 1
            batch.close()
            await producer.send_batch(batch, topic, partition=0)
        await producer.flush()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.stdin.buffer.read()))
"""


@pytest.mark.parametrize("name", ["market.ticks", "orders.submitted"])
async def test_a_flood(
    name: str,
    servers: Endpoints,
    environ: dict[str, str],
    writer: Any,
    make_event: Any,
    dashboard: Any,
    until: Any,
    screen: Any,
    is_up: Any,
) -> None:
    ticks = name == "market.ticks"
    topic = name if ticks else f"{writer.broker}.{name}"
    kind = EventType.MARKET_TICK if ticks else EventType.ORDER_SUBMITTED
    app = dashboard(environ)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: is_up(app, "Kafka"))
        store: Store = app.live_store
        taken = store.topics.changes
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WRITE, servers.bootstrap_servers, topic, str(FLOOD)),
            stdin=asyncio.subprocess.PIPE,
        )
        await writer.put(name, kind)
        assert child.stdin is not None
        child.stdin.write(msgspec.json.encode(make_event(kind, writer.broker, 99_999)))
        child.stdin.close()
        await until(pilot, lambda: store.topics.changes > taken + 1_000)
        for key, shown in (("2", "─ Market"), ("4", "─ Orders"), ("7", "─ Topics")):
            await pilot.press(key)
            await until(pilot, lambda shown=shown: shown in screen(pilot))
        assert await child.wait() == 0
        other = await writer.put("signals.raw", EventType.SIGNAL_RAW)
        await until(pilot, lambda: f"d{other}" in store.chains._links)
        last = await writer.put(name, kind, **({"last_price": 777.5} if ticks else {}))
        if ticks:
            await until(
                pilot, lambda: any(quote.tick.last_price == 777.5 for quote in store.market.quotes.values())
            )
        else:
            await until(pilot, lambda: f"o{last}" in store.orders.rows)
        # Nothing is passed over in silence.
        await until(pilot, lambda: store.topics.changes - taken + store.skipped >= FLOOD)
        assert store.skipped > 0
        assert store.topics.changes - taken < FLOOD / 2
        assert held(store) < 2 * HELD_MOST
        await pilot.press("1")
        await until(pilot, lambda: "passed over" in screen(pilot))


async def test_a_topic_that_is_deleted_and_made_again(
    servers: Endpoints,
    environ: dict[str, str],
    writer: Any,
    dashboard: Any,
    until: Any,
    is_up: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic = f"{writer.broker}.signals.raw"
    for _ in range(5):
        await writer.put("signals.raw", EventType.SIGNAL_RAW)
    app = dashboard(environ)
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap_servers)
    await admin.start()
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: is_up(app, "Kafka") and topic in app.live_store.topics.rows)
            # At once again: no look falls between, and its offsets begin anew.
            await admin.delete_topics([topic])
            await made_again(admin, topic)
            numbers = [await writer.put("signals.raw", EventType.SIGNAL_RAW) for _ in range(2)]
            await until(pilot, lambda: {f"d{n}" for n in numbers} <= app.live_store.chains._links.keys())
            # Gone for long: it is listed no more, and all else goes on.
            monkeypatch.setattr(log_source, "LOOK_AGAIN_S", 2.0)
            await admin.delete_topics([topic])
            await until(pilot, lambda: topic not in app.live_store.topics.rows)
            order = await writer.put("orders.submitted", EventType.ORDER_SUBMITTED)
            await until(pilot, lambda: f"o{order}" in app.live_store.orders.rows)
            await made_again(admin, topic)
            number = await writer.put("signals.raw", EventType.SIGNAL_RAW)
            await until(pilot, lambda: f"d{number}" in app.live_store.chains._links)
            await until(pilot, lambda: is_up(app, "Kafka") and topic in app.live_store.topics.rows)
    finally:
        await admin.close()


async def made_again(admin: AIOKafkaAdminClient, topic: str) -> None:
    """Make a topic as soon as the old one is gone."""
    while True:
        answer = await admin.create_topics([NewTopic(topic, 1, 1)])
        if all(code == 0 for _, code, *_ in answer.topic_errors):
            return
        await asyncio.sleep(0.1)
