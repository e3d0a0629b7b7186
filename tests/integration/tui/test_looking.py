"""What the dashboard shows of a real log, and what it leaves there: nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from alphapanda.infra.base import Endpoints
from alphapanda.model.kinds import EventType

pytestmark = pytest.mark.kafka

Check = Callable[..., bool]


async def groups_of(servers: Endpoints) -> dict[str, dict[TopicPartition, int]]:
    """Return every consumer group that Kafka knows, and what it committed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap_servers)
    await admin.start()
    try:
        found = {}
        for name, _ in await admin.list_consumer_groups():
            offsets = await admin.list_consumer_group_offsets(name)
            found[name] = {tp: entry.offset for tp, entry in offsets.items()}
        return found
    finally:
        await admin.close()


async def test_it_shows_the_log_and_moves_no_group(
    servers: Endpoints, environ: dict[str, str], writer: Any, dashboard: Any, until: Any, screen: Any, is_up: Check
) -> None:
    broker = writer.broker
    for _ in range(5):
        await writer.put("signals.raw", EventType.SIGNAL_RAW)
        await writer.put("orders.submitted", EventType.ORDER_SUBMITTED)
    read = TopicPartition(f"{broker}.signals.raw", 0)
    trader = AIOKafkaConsumer(
        bootstrap_servers=servers.bootstrap_servers, group_id=f"{broker}.risk", enable_auto_commit=False
    )
    await trader.start()
    trader.assign([read])
    await trader.commit({read: 2})
    await trader.stop()
    before = await groups_of(servers)
    assert before[f"{broker}.risk"] == {read: 2}

    app = dashboard(environ)
    async with app.run_test(size=(160, 50)) as pilot:
        await until(pilot, lambda: is_up(app, "Kafka", "Redis") and len(app.live_store.orders.rows) == 5)
        row = await until(pilot, lambda: app.live_store.topics.rows.get(f"{broker}.signals.raw"))
        assert {lag.group: lag.records for lag in row.lags} == {f"{broker}.risk": 3}
        await pilot.press("4")
        assert screen(pilot).count("NSE:INFY") >= 5
        new = await writer.put("orders.submitted", EventType.ORDER_SUBMITTED)
        await until(pilot, lambda: f"o{new}" in app.live_store.orders.rows)
        await pilot.press("7")
        await until(pilot, lambda: f"{broker}.orders.filled" in screen(pilot))
        await pilot.press("at", *"-1m", "enter")
        await until(pilot, lambda: app.rewind is not None and app.rewind.loaded)
        await pilot.press("escape")
        for _ in range(3):
            await writer.put("signals.raw", EventType.SIGNAL_RAW)
        await until(pilot, lambda: len(app.live_store.signals.rows) >= 8)
    assert await groups_of(servers) == before
