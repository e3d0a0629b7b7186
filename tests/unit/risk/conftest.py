"""Signals, orders and a risk stage, made short."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from alphapanda.ids import BrokerId, EventId, InstrumentId, StrategyId, TradeId, derive_event_id
from alphapanda.model.control import Command, ControlCommand, Scope
from alphapanda.model.envelope import Event, EventEnvelope, LogPosition, trace_id_of
from alphapanda.model.fill import Fill
from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import EventType, OrderType, Product, Side, TradingMode, Validity
from alphapanda.model.order import (
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderRejected,
    client_order_id_of,
)
from alphapanda.model.signal import Signal, SignalIntent
from alphapanda.model.tick import Tick, TickRef
from alphapanda.risk.limits import RiskLimits
from alphapanda.risk.stage import RiskStage

PAPER = BrokerId("paper")
INFY = InstrumentId("NSE:INFY")
START = datetime(2025, 11, 17, 4, 0, tzinfo=UTC)


@dataclass
class Make:
    """Makes values; `instruments` are what stages know."""

    instruments: dict[InstrumentId, Instrument] = field(
        default_factory=lambda: {
            InstrumentId(f"NSE:{symbol}"): Instrument(
                exchange="NSE", tradingsymbol=symbol, instrument_token=n, lot_size=lot
            )
            for n, (symbol, lot) in enumerate((("INFY", 1), ("TCS", 1), ("NIFTYFUT", 75)), start=1)
        }
    )
    start: datetime = START

    def at(self, ms: float) -> datetime:
        return self.start + timedelta(milliseconds=ms)

    def event(self, kind: EventType, data: object, name: str, ms: float = 0, key: str = "k") -> Event:
        made = derive_event_id(name, "made")
        envelope: EventEnvelope[Any] = EventEnvelope(
            id=made,
            type=kind,
            ts=self.at(ms),
            key=key,
            source="test",
            broker=PAPER,
            correlation_id=made,
            trace_id=trace_id_of(made),
            data=data,
        )
        return Event(envelope)

    def signal(
        self,
        offset: int = 0,
        side: Side = Side.BUY,
        quantity: int = 10,
        *,
        ms: float | None = None,
        tick_ms: float | None = None,
        price: float = 100.0,
        intent: SignalIntent = SignalIntent.ENTRY,
        limit: str | None = None,
        order_type: OrderType | None = None,
        validity: Validity = Validity.DAY,
        instrument: str = INFY,
        token: int | None = None,
        strategy: str = "ema",
        n: int = 0,
    ) -> Event:
        """A raw signal on the tick at `offset`, one every ten seconds unless `ms` says when."""
        ms = offset * 10_000 if ms is None else ms
        name = InstrumentId(instrument)
        known = self.instruments.get(name)
        tick_id = f"tick/{instrument}/{offset}"
        signal = Signal(
            decision_id=EventId(tick_id),
            strategy_id=StrategyId(strategy),
            broker=PAPER,
            trading_mode=TradingMode.PAPER,
            instrument=name,
            instrument_token=token if token is not None else (known.instrument_token if known else 0),
            side=side,
            quantity=quantity,
            intent=intent,
            order_type=order_type or (OrderType.MARKET if limit is None else OrderType.LIMIT),
            limit_price=None if limit is None else Decimal(limit),
            validity=validity,
            tick=TickRef(tick_id, 0, offset, self.at(ms if tick_ms is None else tick_ms), price),
        )
        return self.event(EventType.SIGNAL_RAW, signal, f"{strategy}/{tick_id}/{n}", ms, strategy)

    def tick(self, ms: float) -> Event:
        tick = Tick(instrument=INFY, instrument_token=1, exchange_ts=self.at(ms), last_price=100.0)
        event = self.event(EventType.MARKET_TICK, tick, f"tick/{ms}", ms)
        return Event(event.envelope, LogPosition("market.ticks", 0, int(ms)))

    def command(self, command: Command, n: int = 0, **scope: str) -> Event:
        meant = msgspec.convert(scope, Scope) if scope else None
        data = ControlCommand(command=command, broker=PAPER, actor="meera", reason="drill", scope=meant)
        return self.event(EventType.CONTROL_COMMAND, data, f"command/{n}")

    def order(self, validated: Event, kind: EventType, filled: int = 0, quantity: int | None = None) -> Event:
        """What became of the order of a validated signal: `filled` units in all."""
        signal: Signal = validated.data.signal
        common: dict[str, Any] = {
            "client_order_id": client_order_id_of(validated.id),
            "strategy_id": signal.strategy_id,
            "broker": signal.broker,
            "trading_mode": signal.trading_mode,
            "instrument": signal.instrument,
            "side": signal.side,
            "quantity": signal.quantity if quantity is None else quantity,
        }
        data: object
        if kind is EventType.ORDER_FILLED:
            fill = Fill(
                trade_id=TradeId(f"{validated.id}/{filled}"),
                client_order_id=client_order_id_of(validated.id),
                strategy_id=signal.strategy_id,
                instrument=signal.instrument,
                instrument_token=signal.instrument_token,
                side=signal.side,
                quantity=filled,
                price=Decimal(100),
                product=Product.MIS,
                ts=self.start,
            )
            data = OrderFilled(
                **common, fill=fill, filled_quantity=filled, leaves_quantity=common["quantity"] - filled
            )
        elif kind is EventType.ORDER_CANCELLED:
            data = OrderCancelled(**common, filled_quantity=filled, reason="")
        elif kind is EventType.ORDER_EXPIRED:
            data = OrderExpired(**common, filled_quantity=filled, reason="")
        elif kind is EventType.ORDER_MODIFIED:
            data = OrderModified(**common, limit_price=None, trigger_price=None)
        else:
            data = OrderRejected(**common, reason="")
        return self.event(kind, data, f"{validated.id}/{kind}/{filled}")

    def stage(self, *, mode: TradingMode = TradingMode.PAPER, **limits: Any) -> RiskStage:
        return RiskStage(PAPER, mode, RiskLimits(**limits), self.instruments)

    def run(self, stage: RiskStage, events: Iterable[Event]) -> list[Event]:
        """Drive `stage` as a runner does and return what it decided."""
        decided: list[Event] = []
        for event in events:
            outputs = list(stage.decide(event))
            stage.evolve(event)
            for output in outputs:
                stage.evolve(output)
            decided += outputs
        return decided


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()
