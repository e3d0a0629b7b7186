"""The orders in Redis are what the trader has, though only what changed is written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from redis.asyncio import Redis

from alphapanda.clock import ManualClock
from alphapanda.ids import BrokerId, ClientOrderId, EventId, InstrumentId, StrategyId
from alphapanda.infra.base import Endpoints
from alphapanda.model.kinds import OrderType, Product, Side, TradingMode, Validity
from alphapanda.model.order import Order, OrderStatus
from alphapanda.state.orders_view import OrdersView
from alphapanda.state.store import open_redis
from alphapanda.state.views import ViewProjector, Views
from alphapanda.telemetry.health import Health
from alphapanda.telemetry.log import SilentLogger

pytestmark = pytest.mark.kafka

NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


def order(number: int) -> Order:
    return Order(
        client_order_id=ClientOrderId(f"order-{number}"),
        signal_id=EventId(f"signal-{number}"),
        decision_id=EventId(f"decision-{number}"),
        strategy_id=StrategyId("trend"),
        broker=BrokerId("paper"),
        trading_mode=TradingMode.PAPER,
        instrument=InstrumentId("NSE:INFY"),
        instrument_token=408065,
        side=Side.BUY,
        quantity=number,
        order_type=OrderType.LIMIT,
        limit_price=Decimal("1500.50"),
        product=Product.MIS,
        validity=Validity.DAY,
        submitted_at=NOW + timedelta(seconds=number),
        updated_at=NOW,
    )


class Desk:
    """A broker whose orders a test sets."""

    def __init__(self, client: Redis, broker: BrokerId) -> None:
        self.client = client
        self.broker = broker
        self.key = f"{broker}:view:orders"
        self.orders: tuple[Order, ...] = ()
        self.clock = ManualClock(NOW)
        self.projector = ViewProjector(client, self._views, clock=self.clock, health=Health(), log=SilentLogger())

    def _views(self, at: datetime) -> dict[str, msgspec.Struct]:
        return {self.key: OrdersView(written_at=at, orders=self.orders)}

    async def write(self, *orders: Order) -> None:
        self.orders = orders
        self.clock.advance(1.0)
        await self.projector.project(changed=True)

    async def read(self) -> tuple[Order, ...]:
        view = await Views(self.client).orders(self.broker)
        assert view is not None
        assert view.written_at == self.clock.now()
        return view.orders


@pytest.fixture
async def desk(servers: Endpoints, unique_name: str) -> AsyncIterator[Desk]:
    async with open_redis(servers.redis_url) as client:
        yield Desk(client, BrokerId(unique_name))


async def test_nothing_was_written_yet(desk: Desk) -> None:
    assert await Views(desk.client).orders(desk.broker) is None


async def test_orders_come_move_and_go(desk: Desk) -> None:
    first, second, third = order(1), order(2), order(3)
    await desk.write(second, first)
    assert await desk.read() == (first, second)
    filled = msgspec.structs.replace(first, status=OrderStatus.FILLED)
    await desk.write(filled, second, third)
    assert await desk.read() == (filled, second, third)
    await desk.write(third)
    assert await desk.read() == (third,)


async def test_only_what_changed_is_sent(desk: Desk) -> None:
    many = tuple(order(number) for number in range(1, 201))
    await desk.write(*many)
    before = (await desk.client.info("stats"))["total_net_input_bytes"]
    moved = msgspec.structs.replace(many[7], status=OrderStatus.FILLED)
    await desk.write(*many[:7], moved, *many[8:])
    sent = (await desk.client.info("stats"))["total_net_input_bytes"] - before
    assert sent < 3 * len(msgspec.json.encode(moved))
    assert (await desk.read())[7] == moved


async def test_a_redis_that_was_emptied_has_them_all_again(desk: Desk) -> None:
    first, second = order(1), order(2)
    await desk.write(first)
    await desk.client.delete(desk.key)
    await desk.write(first, second)  # learns that the first is gone
    await desk.write(first, second)
    assert await desk.read() == (first, second)


async def test_what_another_trader_left_is_not_kept(desk: Desk) -> None:
    await desk.client.set(desk.key, b"a value of another shape")
    await desk.write(order(1))
    assert await desk.read() == (order(1),)
