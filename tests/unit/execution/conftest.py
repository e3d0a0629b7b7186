"""Ticks, signals and stages, made short."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from alphapanda.execution.paper import PaperTraderStage
from alphapanda.execution.quotes import HistoryRequest
from alphapanda.ids import BrokerId, ClientOrderId, InstrumentId, StrategyId, TradeId, derive_event_id
from alphapanda.model.control import Command, ControlCommand, Scope
from alphapanda.model.envelope import Event, EventEnvelope, LogPosition, trace_id_of
from alphapanda.model.fill import Charges, Fill
from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import EventType, OrderType, Product, Side, TradingMode, Validity
from alphapanda.model.signal import Signal, SignalIntent, SignalValidated
from alphapanda.model.stage import Stage, timer_event
from alphapanda.model.tick import DepthLevel, Tick, TickRef

PAPER = BrokerId("paper")
INFY = InstrumentId("NSE:INFY")
START = datetime(2025, 11, 17, 4, 0, tzinfo=UTC)  # 09:30 IST, a Monday


def _envelope(event_type: EventType, data: object, event_id: str, ts: datetime, key: str) -> EventEnvelope[object]:
    made = derive_event_id(event_id, "made")
    return EventEnvelope(
        id=made,
        type=event_type,
        ts=ts,
        key=key,
        source="test",
        broker=PAPER,
        correlation_id=made,
        trace_id=trace_id_of(made),
        data=data,
    )


@dataclass
class Make:
    """Makes values; `instruments` are what stages know."""

    instruments: dict[InstrumentId, Instrument] = field(
        default_factory=lambda: {
            InstrumentId(f"NSE:{symbol}"): Instrument(exchange="NSE", tradingsymbol=symbol, instrument_token=n)
            for n, symbol in enumerate(("INFY", "TCS", "SBIN"), start=1)
        }
    )
    start: datetime = START

    def at(self, ms: float) -> datetime:
        return self.start + timedelta(milliseconds=ms)

    def tick(
        self,
        offset: int,
        price: float = 100.0,
        *,
        bid: float | None = None,
        ask: float | None = None,
        ms: float | None = None,
        instrument: InstrumentId = INFY,
        partition: int = 0,
    ) -> Event:
        """A tick at `offset`, one a second unless `ms` says when."""
        ts = self.at(offset * 1000 if ms is None else ms)
        data = Tick(
            instrument=instrument,
            instrument_token=self.instruments[instrument].instrument_token,
            exchange_ts=ts,
            last_price=price,
            bids=() if bid is None else (DepthLevel(bid, 10),),
            asks=() if ask is None else (DepthLevel(ask, 10),),
        )
        envelope = _envelope(EventType.MARKET_TICK, data, f"tick/{partition}/{offset}", ts, str(offset))
        return Event(envelope, LogPosition("market.ticks", partition, offset))

    def signal(
        self,
        cause: Event,
        side: Side = Side.BUY,
        quantity: int = 10,
        *,
        intent: SignalIntent = SignalIntent.ENTRY,
        limit: str | None = None,
        validity: Validity = Validity.DAY,
        strategy: str = "ema",
        n: int = 0,
    ) -> Event:
        """A validated signal that follows from the tick `cause`."""
        assert cause.at is not None
        tick: Tick = cause.data
        signal = Signal(
            decision_id=derive_event_id(cause.id, f"decision/{strategy}", n),
            strategy_id=StrategyId(strategy),
            broker=PAPER,
            trading_mode=TradingMode.PAPER,
            instrument=tick.instrument,
            instrument_token=tick.instrument_token,
            side=side,
            quantity=quantity,
            intent=intent,
            order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
            limit_price=None if limit is None else Decimal(limit),
            validity=validity,
            tick=TickRef(cause.id, cause.at.partition, cause.at.offset, tick.exchange_ts, tick.last_price),
        )
        name = f"signal/{strategy}/{cause.at.partition}/{cause.at.offset}/{n}"
        validated = SignalValidated(signal=signal)
        return Event(_envelope(EventType.SIGNAL_VALIDATED, validated, name, tick.exchange_ts, strategy))

    def command(self, command: Command, n: int = 0, **scope: str) -> Event:
        meant = msgspec.convert(scope, Scope) if scope else None
        data = ControlCommand(command=command, broker=PAPER, actor="meera", reason="drill", scope=meant)
        return Event(_envelope(EventType.CONTROL_COMMAND, data, f"command/{n}", self.start, PAPER))

    def operators_exit(self, newest: Event, side: Side, quantity: int, *, n: int = 0) -> Event:
        """The validated exit of a command to flatten; `newest` is the last tick that the strategy named."""
        command = self.command(Command.FLATTEN, n)
        exit_ = self.signal(newest, side, quantity, intent=SignalIntent.EXIT, n=n)
        signal = msgspec.structs.replace(exit_.data.signal, command_id=command.id)
        name, commanded = f"flatten/{n}/{signal.instrument}/{side}", self.at(-86_400_000)
        validated = SignalValidated(signal=signal)
        return Event(_envelope(EventType.SIGNAL_VALIDATED, validated, name, commanded, signal.strategy_id))

    def timer(self, ms: float) -> Event:
        return timer_event(self.at(ms), "trader.paper")

    def fill(
        self,
        n: int,
        side: Side,
        quantity: int,
        price: str,
        *,
        instrument: InstrumentId = INFY,
        strategy: str = "ema",
        charges: Charges | None = None,
    ) -> Fill:
        return Fill(
            trade_id=TradeId(f"T{n}"),
            client_order_id=ClientOrderId(f"O{n}"),
            strategy_id=StrategyId(strategy),
            instrument=instrument,
            instrument_token=self.instruments[instrument].instrument_token,
            side=side,
            quantity=quantity,
            price=Decimal(price),
            product=Product.MIS,
            charges=charges or Charges(),
            ts=self.at(n),
        )

    def stage(self, *, latency_ms: int = 0, kept_ticks: int = 1_000) -> PaperTraderStage:
        return PaperTraderStage(
            PAPER, TradingMode.PAPER, self.instruments, timedelta(milliseconds=latency_ms), kept_ticks=kept_ticks
        )

    def run(self, stage: Stage, events: Iterable[Event]) -> list[Event]:
        """Drive `stage` as a runner does and return what it decided."""
        decided: list[Event] = []
        for event in events:
            outputs = list(stage.decide(event))
            stage.evolve(event)
            for output in outputs:
                stage.evolve(output)
            decided += outputs
        return decided

    def orders(self, events: Iterable[Event]) -> list[Event]:
        """Only the events of orders."""
        return [event for event in events if event.type.startswith("order_")]

    def supply(self, stage: PaperTraderStage, log: Iterable[Event]) -> int:
        """Answer every request of `stage` from `log`; return how many there were."""
        ticks = list(log)
        requests = stage.missing_history()
        for request in requests:
            stage.supply_history(request, [tick for tick in ticks if _answers(request, tick)])
        return len(requests)


def _answers(request: HistoryRequest, tick: Event) -> bool:
    assert tick.at is not None
    return (
        tick.data.instrument == request.instrument
        and tick.at.partition == request.partition
        and request.first_offset <= tick.at.offset <= request.last_offset
    )


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()
