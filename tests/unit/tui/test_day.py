"""A dashboard that is opened late shows the day from its start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from alphapanda.ids import BrokerId, EventId
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.position import PnlSnapshot
from alphapanda.model.records import Partition
from alphapanda.serialization.codec import encode
from alphapanda.testing.memory_log_access import MemoryLogAccess
from alphapanda.testing.seeded_market import BROKERS, SeededMarket
from tui.sources.day import SAMPLES, recall_day, spread
from tui.store.store import Store
from tui.theme.formatter import to_ms

TOPIC = "paper.pnl.snapshots"
OPENED = datetime(2026, 1, 5, 3, 45, tzinfo=UTC)
BACKLOG = 100


def snapshot(at: datetime, net: int) -> bytes:
    zero = Decimal(0)
    taken = PnlSnapshot(
        broker=BrokerId("paper"),
        trading_mode=TradingMode.PAPER,
        at=at,
        realised=Decimal(net),
        unrealised=zero,
        charges=zero,
        net=Decimal(net),
        gross_exposure=zero,
        net_exposure=zero,
        open_positions=0,
        open_orders=0,
        fills=0,
    )
    envelope = EventEnvelope(
        id=EventId(f"e{net}"),
        correlation_id=EventId("e"),
        trace_id="0" * 32,
        type=EventType.PNL_SNAPSHOT,
        ts=at,
        key="paper",
        source="test",
        broker=BrokerId("paper"),
        data=taken,
    )
    return encode(envelope)


@pytest.mark.parametrize("seconds", [0, 50, 6 * 3600])
async def test_the_line_begins_where_the_day_did(seeded_market: SeededMarket, seconds: int) -> None:
    log_access, partition = MemoryLogAccess({TOPIC: 1}), Partition(TOPIC, 0)
    yesterday = OPENED - timedelta(days=1)
    log_access.write(TOPIC, 0, to_ms(yesterday), b"paper", snapshot(yesterday, -1))
    for second in range(seconds + BACKLOG):
        at = OPENED + timedelta(seconds=second)
        log_access.write(TOPIC, 0, to_ms(at), b"paper", snapshot(at, second))
    store = Store(seeded_market.routes, BROKERS)
    start = 1 + seconds
    store.fold(log_access.held(partition, start, BACKLOG))
    async with log_access.open() as log:
        await recall_day(log, OPENED + timedelta(hours=7), {partition: start}, store)
    points = store.money.lines["paper"].points
    assert points == sorted(points)
    assert points[0] == (to_ms(OPENED), 0.0)
    assert points[-1][1] == seconds + BACKLOG - 1
    assert len(points) == min(seconds, SAMPLES) + BACKLOG
    assert store.undecodable == 0


@pytest.mark.parametrize("length", [0, 1, 5, 6, 17])
def test_offsets_are_spread_evenly_from_the_first(length: int) -> None:
    offsets = spread(100, 100 + length, 5)
    assert len(offsets) == len(set(offsets)) == min(length, 5)
    assert offsets == sorted(offsets)
    assert offsets[:1] == [100][:length]
    assert all(100 <= offset < 100 + length for offset in offsets)
