"""One believable event of every kind, and hypothesis strategies for payloads."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from alphapanda.ids import (
    MARKET,
    SYSTEM,
    BrokerId,
    ClientOrderId,
    EventId,
    InstrumentId,
    StrategyId,
    TradeId,
    VenueOrderId,
    derive_event_id,
)
from alphapanda.model.control import (
    Alert,
    AuditRecord,
    Command,
    ControlCommand,
    ControlEvent,
    Outcome,
    Severity,
)
from alphapanda.model.dead_letter import DeadLetterMoved, LedgerState, LedgerStep
from alphapanda.model.envelope import EventEnvelope, LogPosition, trace_id_of
from alphapanda.model.fill import Charges, Fill
from alphapanda.model.kinds import EventType, OrderType, Product, Side, TradingMode, TradingState, Validity
from alphapanda.model.order import (
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderRejected,
    OrderSubmitted,
    OrderUnknown,
)
from alphapanda.model.position import PnlSnapshot, Position
from alphapanda.model.signal import (
    CheckResult,
    DenialCode,
    Signal,
    SignalIntent,
    SignalRejected,
    SignalValidated,
)
from alphapanda.model.tick import DepthLevel, Ohlc, Tick, TickRef

AT = datetime(2025, 11, 17, 6, 37, 57, 22308, tzinfo=UTC)
PAPER = BrokerId("paper")
INFY = InstrumentId("NSE:INFY")


def _payloads() -> dict[EventType, Any]:
    tick = Tick(
        instrument=INFY,
        instrument_token=408065,
        exchange_ts=AT,
        last_price=1523.45,
        last_quantity=10,
        average_price=1520.1,
        volume=4567890,
        total_buy_quantity=1000,
        total_sell_quantity=2000,
        ohlc=Ohlc(1510.0, 1530.5, 1505.25, 1512.8),
        bids=(DepthLevel(1523.4, 25, 2), DepthLevel(1523.35, 50, 3)),
        asks=(DepthLevel(1523.5, 30, 1),),
    )
    ref = TickRef("0199c2b4-5d7e-7c3a-9f10-2b6d4e8a1c55", 2, 41, AT, 1523.45)
    signal = Signal(
        decision_id=EventId("d1"),
        strategy_id=StrategyId("ema-fast"),
        broker=PAPER,
        trading_mode=TradingMode.PAPER,
        instrument=INFY,
        instrument_token=408065,
        side=Side.BUY,
        quantity=50,
        intent=SignalIntent.ENTRY,
        order_type=OrderType.LIMIT,
        limit_price=Decimal("1523.50"),
        tick=ref,
        reason="EMA 5 crossed above EMA 20",
    )
    check = CheckResult("max order quantity", "50", "5000")
    order = Order(
        client_order_id=ClientOrderId("o1"),
        signal_id=EventId("s1"),
        decision_id=EventId("d1"),
        strategy_id=StrategyId("ema-fast"),
        broker=PAPER,
        trading_mode=TradingMode.PAPER,
        instrument=INFY,
        instrument_token=408065,
        side=Side.BUY,
        quantity=50,
        order_type=OrderType.LIMIT,
        limit_price=Decimal("1523.50"),
        product=Product.MIS,
        validity=Validity.DAY,
        submitted_at=AT,
        updated_at=AT,
    )
    head: dict[str, Any] = {
        "client_order_id": order.client_order_id,
        "strategy_id": order.strategy_id,
        "broker": PAPER,
        "trading_mode": TradingMode.PAPER,
        "instrument": INFY,
        "side": Side.BUY,
        "quantity": 50,
    }
    fill = Fill(
        trade_id=TradeId("t1"),
        client_order_id=order.client_order_id,
        strategy_id=order.strategy_id,
        instrument=INFY,
        instrument_token=408065,
        side=Side.BUY,
        quantity=20,
        price=Decimal("1523.50"),
        product=Product.MIS,
        charges=Charges(brokerage=Decimal(20)),
        ts=AT,
        tick=ref,
    )
    position = Position(
        strategy_id=order.strategy_id,
        instrument=INFY,
        instrument_token=408065,
        quantity=20,
        average_price=Decimal("1523.50"),
        last_price=Decimal("1523.45"),
        bought=20,
        updated_at=AT,
    )
    pnl = PnlSnapshot(
        broker=PAPER,
        trading_mode=TradingMode.PAPER,
        at=AT,
        realised=Decimal(0),
        unrealised=Decimal("-1.00"),
        charges=Decimal(20),
        net=Decimal("-21.00"),
        gross_exposure=Decimal("30469.00"),
        net_exposure=Decimal("30469.00"),
        open_positions=1,
        open_orders=1,
        fills=1,
        positions=(position,),
    )
    return {
        EventType.MARKET_TICK: tick,
        EventType.SIGNAL_RAW: signal,
        EventType.SIGNAL_VALIDATED: SignalValidated(signal=signal, checks=(check,)),
        EventType.SIGNAL_REJECTED: SignalRejected(
            signal=signal,
            code=DenialCode.QUANTITY_EXCEEDS_MAX,
            failed=CheckResult("max order quantity", "50", "40"),
            message="50 units are more than the 40 allowed",
            checks=(check,),
        ),
        EventType.ORDER_SUBMITTED: OrderSubmitted(broker=PAPER, trading_mode=TradingMode.PAPER, order=order),
        EventType.ORDER_ACCEPTED: OrderAccepted(**head, venue_order_id=VenueOrderId("v1")),
        EventType.ORDER_FILLED: OrderFilled(**head, fill=fill, filled_quantity=20, leaves_quantity=30),
        EventType.ORDER_CANCELLED: OrderCancelled(**head, filled_quantity=20, reason="IOC"),
        EventType.ORDER_REJECTED: OrderRejected(**head, reason="no such instrument"),
        EventType.ORDER_MODIFIED: OrderModified(**head, limit_price=Decimal(1524), trigger_price=None),
        EventType.ORDER_EXPIRED: OrderExpired(**head, filled_quantity=0, reason="session over"),
        EventType.ORDER_UNKNOWN: OrderUnknown(**head, reason="no answer within 7 s"),
        EventType.PNL_SNAPSHOT: pnl,
        EventType.CONTROL_COMMAND: ControlCommand(command=Command.HALT, broker=PAPER, actor="asha", reason="news"),
        EventType.CONTROL_EVENT: ControlEvent(
            command_id=EventId("c1"),
            broker=PAPER,
            service="risk.paper",
            before=TradingState.ACTIVE,
            after=TradingState.HALTED,
            actor="asha",
            reason="news",
        ),
        EventType.AUDIT_RECORDED: AuditRecord(
            actor="asha",
            action="halt",
            target="paper",
            reason="news",
            outcome=Outcome.DONE,
            details={"via": "cli"},
        ),
        EventType.ALERT_RAISED: Alert(
            severity=Severity.CRITICAL, source="strategies", code="STRATEGY_FENCED", message="ema-fast raised"
        ),
        EventType.DEAD_LETTER_MOVED: DeadLetterMoved(
            dead_letter_id="0f" * 16,
            state=LedgerState.REPLAYED,
            record=LogPosition("paper.orders.filled.dlq", 0, 3),
            target="paper.orders.filled",
            group="paper.risk",
            error_code="transient",
            event_id=EventId("e1"),
            actor="asha",
            reason="instruments are there again",
            run_id="r1",
            replays=1,
            sent=LogPosition("paper.orders.filled", 0, 9),
            edited_fields=("data.quantity",),
            trail=(
                LedgerStep(state=LedgerState.PLANNED, at=AT, actor="asha", reason="again", run_id="r1"),
                LedgerStep(state=LedgerState.REPLAYED, at=AT, actor="asha", run_id="r1"),
            ),
        ),
    }


def _broker_of(kind: EventType) -> BrokerId:
    shared = {
        EventType.MARKET_TICK: MARKET,
        EventType.AUDIT_RECORDED: SYSTEM,
        EventType.ALERT_RAISED: SYSTEM,
        EventType.DEAD_LETTER_MOVED: SYSTEM,
    }
    return shared.get(kind, PAPER)


@pytest.fixture(scope="session")
def examples() -> dict[EventType, EventEnvelope[Any]]:
    """One envelope of every kind that can be in the log."""
    made = {}
    for kind, payload in _payloads().items():
        event_id = derive_event_id("golden", kind)
        made[kind] = EventEnvelope(
            id=event_id,
            type=kind,
            ts=AT,
            key="key",
            source="golden",
            broker=_broker_of(kind),
            correlation_id=EventId("d1"),
            causation_id=None if kind is EventType.MARKET_TICK else derive_event_id("golden", "cause"),
            trace_id=trace_id_of(event_id),
            data=payload,
        )
    return made
