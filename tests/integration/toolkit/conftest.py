"""Topics of a broker that no other test uses, and whole chains of trading to put on them."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alphapanda.ids import (
    MARKET,
    BrokerId,
    ClientOrderId,
    InstrumentId,
    SequenceIds,
    StrategyId,
    TradeId,
    VenueOrderId,
    derive_event_id,
)
from alphapanda.infra.base import Endpoints
from alphapanda.kafka.client import KafkaLog, KafkaOptions, open_log
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import bootstrap
from alphapanda.model.envelope import EventEnvelope, LogPosition, follow, trace_id_of
from alphapanda.model.fill import Fill
from alphapanda.model.kinds import EventType, OrderType, Product, Side, TradingMode, Validity
from alphapanda.model.order import Order, OrderAccepted, OrderFilled, OrderSubmitted
from alphapanda.model.position import PnlSnapshot, Position
from alphapanda.model.records import Header, Outgoing, Partition, encode_offsets, envelope_headers
from alphapanda.model.signal import CheckResult, DenialCode, Signal, SignalIntent, SignalRejected, SignalValidated
from alphapanda.model.tick import Tick, TickRef
from alphapanda.serialization.codec import encode
from topics.catalogue import Catalogue, Overlay

AT = datetime(2026, 3, 2, 4, 15, tzinfo=UTC)
INSTRUMENT = InstrumentId("NSE:INFY")
STRATEGY = StrategyId("ema")
TICKS = "market.ticks"
HELD = 8


@dataclass
class Chains:
    """Writes ticks and what follows from them, as the daemons do."""

    broker: str
    log: KafkaLog
    ids: SequenceIds
    count: int = 0
    offsets: dict[str, int] = field(default_factory=dict)

    def tick(self, price: float = 1500.0) -> EventEnvelope[Tick]:
        """Return the next tick."""
        event_id, ts = self.ids.at(self.count), AT + timedelta(milliseconds=10 * self.count)
        self.count += 1
        return EventEnvelope(
            id=event_id,
            type=EventType.MARKET_TICK,
            ts=ts,
            key="408065",
            source="feed",
            broker=MARKET,
            correlation_id=event_id,
            trace_id=trace_id_of(event_id),
            data=Tick(instrument=INSTRUMENT, instrument_token=408065, exchange_ts=ts, last_price=price),
        )

    async def put(self, topic: str, envelope: EventEnvelope[Any], cause: LogPosition | None = None) -> LogPosition:
        """Write one event and return where it stands."""
        (position,) = await self.log.append([self.record(topic, envelope, cause)])
        return position

    def record(self, topic: str, envelope: EventEnvelope[Any], cause: LogPosition | None = None) -> Outgoing:
        """Return one event as it is written."""
        headers = envelope_headers(envelope)
        if cause is not None:
            seen = encode_offsets({Partition(cause.topic, cause.partition): cause.offset + 1})
            headers = (*headers, (Header.CAUSE.value, str(cause).encode()), (Header.SEEN.value, seen))
        return Outgoing(topic, envelope.key.encode(), encode(envelope), headers)

    def topic(self, name: str) -> str:
        """Return the broker's topic of that name."""
        return f"{self.broker}.{name}"

    def decide(
        self, tick: EventEnvelope[Tick], at: LogPosition, n: int = 0, strategy: StrategyId = STRATEGY
    ) -> EventEnvelope[Signal]:
        """Return the signal of a strategy on a tick."""
        decision = derive_event_id(tick.id, f"decision/{strategy}", n)
        signal = Signal(
            decision_id=decision,
            strategy_id=strategy,
            broker=BrokerId(self.broker),
            trading_mode=TradingMode.PAPER,
            instrument=INSTRUMENT,
            instrument_token=408065,
            side=Side.BUY,
            quantity=10,
            intent=SignalIntent.ENTRY,
            tick=TickRef(tick.id, at.partition, at.offset, tick.ts, tick.data.last_price),
            reason="crossed",
        )
        return self._follow(tick, EventType.SIGNAL_RAW, signal, strategy, f"raw/{n}", decision)

    def judge(self, raw: EventEnvelope[Signal], denied: bool = False) -> EventEnvelope[Any]:
        """Return risk's verdict."""
        passed = tuple(CheckResult(f"check_{n}", f"{n} units", "100 units") for n in range(14))
        if denied:
            failed = CheckResult("max_order_quantity", "10 units", "5 units")
            verdict: Any = SignalRejected(
                signal=raw.data,
                code=DenialCode.QUANTITY_EXCEEDS_MAX,
                failed=failed,
                message="10 units, the limit is 5.",
                checks=passed[:2],
            )
            return self._follow(raw, EventType.SIGNAL_REJECTED, verdict, raw.key, "verdict")
        verdict = SignalValidated(signal=raw.data, checks=passed)
        return self._follow(raw, EventType.SIGNAL_VALIDATED, verdict, raw.key, "verdict")

    def order_id(self, verdict: EventEnvelope[Any]) -> ClientOrderId:
        """Return the order of a validated signal."""
        return ClientOrderId(derive_event_id(verdict.id, "order"))

    def submit(self, verdict: EventEnvelope[SignalValidated]) -> EventEnvelope[Any]:
        """Return the order."""
        signal = verdict.data.signal
        order = Order(
            client_order_id=self.order_id(verdict),
            signal_id=verdict.id,
            decision_id=signal.decision_id,
            strategy_id=signal.strategy_id,
            broker=signal.broker,
            trading_mode=signal.trading_mode,
            instrument=signal.instrument,
            instrument_token=signal.instrument_token,
            side=signal.side,
            quantity=signal.quantity,
            order_type=OrderType.MARKET,
            product=Product.MIS,
            validity=Validity.DAY,
            submitted_at=verdict.ts,
            updated_at=verdict.ts,
        )
        data = OrderSubmitted(broker=signal.broker, trading_mode=signal.trading_mode, order=order)
        return self._follow(verdict, EventType.ORDER_SUBMITTED, data, order.client_order_id, "submitted")

    def accept(self, verdict: EventEnvelope[SignalValidated]) -> EventEnvelope[Any]:
        """Return the venue's word."""
        venue_id = VenueOrderId(derive_event_id(self.order_id(verdict), "venue"))
        data = OrderAccepted(**self._common(verdict), venue_order_id=venue_id)
        return self._follow(verdict, EventType.ORDER_ACCEPTED, data, self.order_id(verdict), "accepted")

    def fill(self, verdict: EventEnvelope[SignalValidated], quantity: int = 10) -> EventEnvelope[OrderFilled]:
        """Return a fill."""
        signal = verdict.data.signal
        fill = Fill(
            trade_id=TradeId(derive_event_id(self.order_id(verdict), "trade")),
            client_order_id=self.order_id(verdict),
            strategy_id=signal.strategy_id,
            instrument=signal.instrument,
            instrument_token=signal.instrument_token,
            side=signal.side,
            quantity=quantity,
            price=Decimal("1500.05"),
            product=Product.MIS,
            ts=verdict.ts,
            tick=signal.tick,
        )
        data = OrderFilled(
            **self._common(verdict),
            fill=fill,
            filled_quantity=quantity,
            leaves_quantity=signal.quantity - quantity,
        )
        return self._follow(verdict, EventType.ORDER_FILLED, data, self.order_id(verdict), "filled")

    def profit(self, fill: EventEnvelope[OrderFilled], net: str = "12.50") -> EventEnvelope[Any]:
        """Return the profit after a fill: several positions, as a busy day has."""
        amount = Decimal(net)
        others = tuple(
            Position(strategy_id=STRATEGY, instrument=InstrumentId(f"NSE:X{n}"), instrument_token=n)
            for n in range(HELD)
        )
        mine = Position(
            strategy_id=STRATEGY,
            instrument=INSTRUMENT,
            instrument_token=408065,
            quantity=10,
            average_price=Decimal("1500.05"),
            realised=amount,
            last_price=Decimal("1500.05"),
        )
        snapshot = PnlSnapshot(
            broker=BrokerId(self.broker),
            trading_mode=TradingMode.PAPER,
            at=fill.ts,
            realised=amount,
            unrealised=Decimal(0),
            charges=Decimal(0),
            net=amount,
            gross_exposure=Decimal(0),
            net_exposure=Decimal(0),
            open_positions=1,
            open_orders=0,
            fills=1,
            positions=(*others, mine),
        )
        return self._follow(fill, EventType.PNL_SNAPSHOT, snapshot, self.broker, "pnl")

    def whole(self, raw: EventEnvelope[Signal]) -> list[tuple[str, EventEnvelope[Any]]]:
        """Return all that follows from a signal that is validated and filled, and their topics."""
        verdict = self.judge(raw)
        fill = self.fill(verdict)
        return [
            ("signals.raw", raw),
            ("signals.validated", verdict),
            ("orders.submitted", self.submit(verdict)),
            ("orders.accepted", self.accept(verdict)),
            ("orders.filled", fill),
            ("pnl.snapshots", self.profit(fill)),
        ]

    def _common(self, verdict: EventEnvelope[SignalValidated]) -> dict[str, Any]:
        signal = verdict.data.signal
        return {
            "client_order_id": self.order_id(verdict),
            "strategy_id": signal.strategy_id,
            "broker": signal.broker,
            "trading_mode": signal.trading_mode,
            "instrument": signal.instrument,
            "side": signal.side,
            "quantity": signal.quantity,
        }

    def _follow(
        self,
        cause: EventEnvelope[Any],
        kind: EventType,
        data: object,
        key: str,
        name: str,
        correlation: Any = None,
    ) -> EventEnvelope[Any]:
        return follow(
            cause,
            kind,
            data,
            key=key,
            source="test",
            broker=BrokerId(self.broker),
            name=name,
            correlation_id=correlation,
        ).envelope


async def make_topics(servers: str, broker: str) -> None:
    """Make all topics of a broker, and the shared ones."""
    async with Cluster.connect(servers) as cluster:
        await bootstrap(cluster, Catalogue.load(Overlay()).topics([broker]), made_at=AT)


@pytest.fixture
def options(servers: Endpoints) -> KafkaOptions:
    """How to reach the session's Kafka."""
    return KafkaOptions(servers.bootstrap_servers, "test.toolkit", request_timeout_ms=20_000)


@pytest.fixture
def toolkit() -> Any:
    """What stands here, for who makes logs and servers of their own."""
    return sys.modules[__name__]


@pytest.fixture
async def chains(servers: Endpoints, options: KafkaOptions, unique_name: str) -> AsyncIterator[Chains]:
    """A writer of chains of a broker of the test's own."""
    await make_topics(servers.bootstrap_servers, unique_name)
    async with open_log(options) as log:
        yield Chains(unique_name, log, SequenceIds(unique_name))


@dataclass(frozen=True)
class Ended:
    """How a call of the command line ended."""

    code: int
    out: bytes
    err: str

    def json(self) -> Any:
        """Return the data as one document."""
        return msgspec.json.decode(self.out)

    def lines(self) -> list[Any]:
        """Return the data as one document a line."""
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


Call = Callable[..., Awaitable[Ended]]


@pytest.fixture
def environ(servers: Endpoints, unique_name: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a deployment of the test's own, whose one broker has the test's name."""
    (tmp_path / "alphapanda.toml").write_text(
        f'active_brokers = ["{unique_name}"]\n[brokers.{unique_name}]\nkind = "paper"\n', encoding="utf-8"
    )
    return {
        **{name: value for name, value in os.environ.items() if "__" not in name and name != "ACTIVE_BROKERS"},
        "ALPHAPANDA_HOME": str(tmp_path),
        "INFRA__TIER": "external",
        "KAFKA__BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "REDIS__URL": servers.redis_url,
    }


@pytest.fixture
def call(environ: dict[str, str]) -> Call:
    """Call `alphapanda` with these words, in a process of its own."""
    import asyncio

    async def run(*words: str, feed: bytes | None = None) -> Ended:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "commands.main",
            *words,
            env=environ,
            stdin=asyncio.subprocess.PIPE if feed is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await child.communicate(feed)
        return Ended(child.returncode or 0, out, err.decode())

    return run
