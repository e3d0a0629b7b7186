"""A live order of which nobody knows what became: its dead letter is in doubt, and is sent only with all words."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from alphapanda.clock import SystemClock
from alphapanda.ids import TradeId
from alphapanda.model.envelope import EventEnvelope, follow
from alphapanda.model.fill import Fill
from alphapanda.model.kinds import EventType, OrderType, Product, TradingMode, Validity
from alphapanda.model.order import (
    Order,
    OrderFilled,
    OrderStatus,
    OrderSubmitted,
    OrderUnknown,
    client_order_id_of,
)
from alphapanda.model.records import Header
from alphapanda.model.signal import Signal, SignalValidated
from alphapanda.state import keys
from alphapanda.state.orders_view import OrdersView, OrdersWriter
from alphapanda.state.store import open_redis

pytestmark = pytest.mark.kafka

FRESH = ("--valid-for", "1d")


class LiveOrder:
    """A live signal that risk validated, and the order that its trader made of it."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.trader = f"{world.broker}.trader".encode()
        raw: EventEnvelope[Signal] = world.signal(1, trading_mode=TradingMode.LIVE)
        self.verdict = self._follow(raw, EventType.SIGNAL_VALIDATED, SignalValidated(signal=raw.data), "verdict")
        self.signal = raw.data
        self.id = client_order_id_of(self.verdict.id)
        self.order = Order(
            client_order_id=self.id,
            signal_id=self.verdict.id,
            decision_id=self.signal.decision_id,
            strategy_id=self.signal.strategy_id,
            broker=world.broker,
            trading_mode=TradingMode.LIVE,
            instrument=self.signal.instrument,
            instrument_token=self.signal.instrument_token,
            side=self.signal.side,
            quantity=self.signal.quantity,
            order_type=OrderType.MARKET,
            product=Product.MIS,
            validity=Validity.DAY,
            submitted_at=raw.ts,
            updated_at=raw.ts,
        )

    @property
    def validated(self) -> str:
        return f"{self.world.broker}.signals.validated"

    @property
    def dead_letter(self) -> Any:
        """What its trader could not process, though it had sent the order."""
        value = self.world.record(self.verdict, self.validated).value
        return self.world.dead_letter(value, 3, topic=self.validated, group=self.trader.decode())

    @property
    def submitted(self) -> Any:
        data = OrderSubmitted(broker=self.world.broker, trading_mode=TradingMode.LIVE, order=self.order)
        return self._told(EventType.ORDER_SUBMITTED, data)

    @property
    def unknown(self) -> Any:
        return self._told(EventType.ORDER_UNKNOWN, OrderUnknown(**self._common, reason="the venue did not answer"))

    @property
    def filled(self) -> Any:
        signal = self.signal
        fill = Fill(
            trade_id=TradeId("t1"),
            client_order_id=self.id,
            strategy_id=signal.strategy_id,
            instrument=signal.instrument,
            instrument_token=signal.instrument_token,
            side=signal.side,
            quantity=signal.quantity,
            price=Decimal("1.05"),
            product=Product.MIS,
            ts=self.verdict.ts,
        )
        data = OrderFilled(**self._common, fill=fill, filled_quantity=signal.quantity, leaves_quantity=0)
        return self._told(EventType.ORDER_FILLED, data)

    @property
    def _common(self) -> dict[str, Any]:
        signal = self.signal
        return {
            "client_order_id": self.id,
            "strategy_id": signal.strategy_id,
            "broker": self.world.broker,
            "trading_mode": TradingMode.LIVE,
            "instrument": signal.instrument,
            "side": signal.side,
            "quantity": signal.quantity,
        }

    def _told(self, kind: EventType, data: Any) -> Any:
        topic = f"{self.world.broker}.orders.{kind.value.removeprefix('order_')}"
        record = self.world.record(self._follow(self.verdict, kind, data, kind.value), topic)
        return msgspec.structs.replace(record, headers=(*record.headers[:-1], (Header.GROUP.value, self.trader)))

    def _follow(self, cause: Any, kind: EventType, data: Any, name: str) -> Any:
        more = {"key": cause.key, "source": "test", "broker": self.world.broker, "name": name}
        return follow(cause, kind, data, **more).envelope


@pytest.fixture(params=["json", "avro"])
def order(request: pytest.FixtureRequest) -> LiveOrder:
    """A live order: a broker that is not configured on paper here may be anything; its daemons do not run."""
    world = request.getfixturevalue("world" if request.param == "json" else "avro")
    world.deployment.config_file.write_text('[brokers.paper]\nkind = "paper"\n')
    request.getfixturevalue("monkeypatch").setenv("ACTIVE_BROKERS", "paper")
    return LiveOrder(world)


def planned(order: LiveOrder, *words: str) -> Any:
    result = order.world.run("replay", order.validated, "--json", *FRESH, *words)
    assert result.out, result.err
    (found,) = result.document["records"]
    return found


def test_an_order_nobody_knows_of_is_sent_only_with_everything_said(
    order: LiveOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = order.world
    world.write([order.submitted, order.unknown, order.dead_letter])
    found = planned(order, "--dry-run")
    assert (found["verdict"], found["action"]) == ("in-doubt", "hold")
    assert found["why"] == f"order {order.id} was sent, and its outcome is unknown"

    # However it is asked for, what is in doubt stays as long as it is not the one that is named.
    all_said = ("--yes", "--reason", "the venue has no such order", "--confirm", order.validated, "--break-glass")
    for words in ((), ("--yes",), all_said, ("--include-stale", *all_said)):
        held = world.run("replay", order.validated, *FRESH, *words)
        assert held.code in {3, 5}, (words, held.err)
        assert world.read(order.validated) == []
    assert world.run("replay", order.validated, *FRESH, *all_said).code == 3

    # Named, it still needs every word that a live broker asks for.
    (item,) = world.items(order.validated)
    one = ("--force-one", item["id"])
    without = [tuple(word for n, word in enumerate(all_said) if n not in left) for left in ((0,), (1, 2), (3, 4))]
    wrong_name = (*all_said[:4], "paper", "--break-glass")
    too_little: list[tuple[str, ...]] = [(), ("--yes",), *without, wrong_name]
    for said in too_little:
        refused = world.run("replay", order.validated, *one, *FRESH, *said)
        assert refused.code == 5, (said, refused.err)
        assert world.read(order.validated) == []
    monkeypatch.setattr("commands.shell.prompts.exchange_trades", lambda _context: True)
    assert world.run("replay", order.validated, *one, *FRESH, *all_said[:-1]).code == 5
    assert world.read(order.validated) == []
    assert [one["state"] for one in world.items(order.validated)] == ["open"]

    sent = world.run("replay", order.validated, *one, *FRESH, *all_said, "--patience", 0.3)
    assert sent.code == 124, sent.err  # its trader does not run
    (again,) = world.read(order.validated)
    assert again.value == order.dead_letter.value


def test_what_the_venue_said_later_settles_it(order: LiveOrder) -> None:
    order.world.write([order.submitted, order.unknown, order.dead_letter])
    assert planned(order, "--dry-run")["verdict"] == "in-doubt"
    order.world.write([order.filled])
    found = planned(order, "--dry-run")
    assert (found["verdict"], found["action"]) == ("already-processed", "hold")


def test_an_order_that_redis_alone_knows_of_is_in_doubt(order: LiveOrder) -> None:
    """The log no longer has it, its trader's view has."""
    order.world.write([order.dead_letter])
    assert planned(order, "--dry-run")["verdict"] == "new"
    for status, verdict in (
        (OrderStatus.UNKNOWN, "in-doubt"),
        (OrderStatus.SUBMITTED, "in-doubt"),
        (OrderStatus.FILLED, "already-processed"),
    ):
        asyncio.run(remember(order, status))
        assert planned(order, "--dry-run")["verdict"] == verdict, status


async def remember(order: LiveOrder, status: OrderStatus) -> None:
    known = msgspec.structs.replace(order.order, status=status)
    view = OrdersView(written_at=SystemClock().now(), orders=(known,))
    async with (
        open_redis(order.world.endpoints.redis_url) as redis,
        redis.pipeline(transaction=True) as pipe,
    ):
        OrdersWriter(keys.orders(order.world.broker)).queue(pipe, view)
        await pipe.execute()
