"""What became of commands, in words, and how exits are followed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from alphapanda.ids import BrokerId, ClientOrderId, EventId, InstrumentId, StrategyId, TradeId, derive_event_id
from alphapanda.model.control import EVERYTHING, Command, ControlEvent, Done, Scope
from alphapanda.model.envelope import Event, EventEnvelope
from alphapanda.model.fill import Fill
from alphapanda.model.kinds import EventType, Product, Side, TradingMode, TradingState
from alphapanda.model.order import OrderCancelled, OrderFilled, client_order_id_of
from alphapanda.model.position import PnlSnapshot, Position
from alphapanda.model.signal import Signal, SignalIntent, SignalValidated
from alphapanda.model.tick import TickRef
from alphapanda.operations.control.exits import ExitsWatch
from alphapanda.operations.control.results import Cancelled, CancelledOrder, Exit, Flattened, Obeyed

PAPER, INFY, EMA = BrokerId("paper"), InstrumentId("NSE:INFY"), StrategyId("ema")
AT = datetime(2025, 11, 17, 4, 0, tzinfo=UTC)
COMMAND = EventId("c1")
ORDER = CancelledOrder(
    client_order_id=ClientOrderId("o1"),
    strategy_id=EMA,
    instrument=INFY,
    side=Side.BUY,
    quantity=5,
    filled_quantity=0,
)


def position(units: int, instrument: str = INFY) -> Position:
    return Position(strategy_id=EMA, instrument=InstrumentId(instrument), instrument_token=1, quantity=units)


def cancelled(*orders: CancelledOrder, **more: Any) -> Cancelled:
    return Cancelled(command_id=COMMAND, broker=PAPER, scope=Scope(strategy_id=EMA), orders=orders, **more)


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (cancelled(), "No order of paper was open (strategy ema)."),
        (cancelled(ORDER), "paper: 1 order cancelled."),
        (cancelled(too_late=2), "paper: 0 orders cancelled, 2 had traded already."),
        (
            cancelled(ORDER, ORDER, unsettled=1),
            "paper: 2 orders cancelled, 1 will be settled when older ticks are read.",
        ),
    ],
)
def test_a_cancellation_in_words(done: Cancelled, words: str) -> None:
    assert done.words == words


def test_a_change_of_state_in_words() -> None:
    events = tuple(
        ControlEvent(
            command_id=COMMAND,
            broker=PAPER,
            service=service,
            before=TradingState.ACTIVE,
            after=TradingState.HALTED,
            actor="a",
            reason="r",
            command=Command.HALT,
            done=Done(),
        )
        for service in ("trader.paper", "risk.paper")
    )
    obeyed = Obeyed(
        command_id=COMMAND, command=Command.HALT, broker=PAPER, state=TradingState.HALTED, events=events
    )
    assert obeyed.words == "paper is HALTED: risk.paper and trader.paper obeyed."


def flattened(*still_open: Position, filled: int = 0, is_open: bool = False) -> Flattened:
    exits = Exit(
        client_order_id=ClientOrderId("o2"),
        strategy_id=EMA,
        instrument=INFY,
        side=Side.SELL,
        quantity=5,
        filled_quantity=filled,
        is_open=is_open,
    )
    return Flattened(
        command_id=COMMAND,
        broker=PAPER,
        scope=EVERYTHING,
        state=TradingState.REDUCING,
        before=(position(5),),
        cancelled=cancelled(),
        exits=(exits,),
        still_open=still_open,
    )


def test_a_flatten_in_words() -> None:
    assert flattened(filled=5).words == "paper is flat (everything): 1 position closed."
    assert flattened().words == "paper is flat (everything): nothing was held."
    late = flattened(position(5), is_open=True)
    assert late.words == "paper still holds +5 NSE:INFY (ema); 1 order working to close it."
    assert not late.is_flat


# ---------------------------------------------------------------------- following exits
def event(kind: EventType, data: Any, name: str, causation_id: EventId | None = None) -> Event:
    return Event(
        EventEnvelope(
            id=derive_event_id("test", name),
            type=kind,
            ts=AT,
            key="k",
            source="test",
            broker=PAPER,
            correlation_id=EventId("d"),
            causation_id=causation_id,
            trace_id="0" * 32,
            data=data,
        )
    )


def ordered(name: str, command_id: EventId | None = COMMAND) -> Event:
    signal = Signal(
        decision_id=EventId("d"),
        strategy_id=EMA,
        broker=PAPER,
        trading_mode=TradingMode.PAPER,
        instrument=INFY,
        instrument_token=1,
        side=Side.SELL,
        quantity=5,
        intent=SignalIntent.EXIT,
        tick=TickRef("t", 0, 1, AT, 1.0),
        command_id=command_id,
    )
    return event(EventType.SIGNAL_VALIDATED, SignalValidated(signal=signal), name)


def report(of: Event, filled: int, reason: str = "") -> Event:
    order_id = client_order_id_of(of.id)
    common: dict[str, Any] = {
        "client_order_id": order_id,
        "strategy_id": EMA,
        "broker": PAPER,
        "trading_mode": TradingMode.PAPER,
        "instrument": INFY,
        "side": Side.SELL,
        "quantity": 5,
    }
    if reason:
        data: Any = OrderCancelled(**common, filled_quantity=filled, reason=reason)
        return event(EventType.ORDER_CANCELLED, data, f"{order_id} ends")
    fill = Fill(
        trade_id=TradeId(order_id),
        client_order_id=order_id,
        strategy_id=EMA,
        instrument=INFY,
        instrument_token=1,
        side=Side.SELL,
        quantity=filled,
        price=Decimal(1),
        product=Product.MIS,
        ts=AT,
    )
    data = OrderFilled(**common, fill=fill, filled_quantity=filled, leaves_quantity=5 - filled)
    return event(EventType.ORDER_FILLED, data, f"{order_id} fills")


def profit(*positions: Position) -> Event:
    zero = Decimal(0)
    snapshot = PnlSnapshot(
        broker=PAPER,
        trading_mode=TradingMode.PAPER,
        at=AT,
        realised=zero,
        unrealised=zero,
        charges=zero,
        net=zero,
        gross_exposure=zero,
        net_exposure=zero,
        open_positions=len(positions),
        open_orders=0,
        fills=0,
        positions=positions,
    )
    return event(EventType.PNL_SNAPSHOT, snapshot, "pnl")


def watching(count: int = 1, scope: Scope = EVERYTHING) -> ExitsWatch:
    return ExitsWatch(command_id=COMMAND, count=count, scope=scope, still_open=(position(5),))


def test_an_exit_that_is_done_is_over() -> None:
    watch, leave = watching(), ordered("a")
    watch.fold(leave)
    before = watch.are_over
    watch.fold(report(leave, 5))
    watch.fold(profit(position(0)))
    assert (before, watch.are_over) == (False, True)
    assert watch.still_open == ()
    assert [(one.filled_quantity, one.is_open) for one in watch.exits] == [(5, False)]


def test_a_report_that_is_heard_before_its_exit_counts() -> None:
    watch, leave = watching(), ordered("a")
    watch.fold(report(leave, 5))
    before = watch.are_over
    watch.fold(leave)
    assert (before, watch.are_over) == (False, True)


def test_a_report_that_is_heard_twice_counts_once() -> None:
    watch, leave = watching(), ordered("a")
    for heard in (leave, report(leave, 3), report(leave, 3)):
        watch.fold(heard)
    assert [(one.filled_quantity, one.is_open) for one in watch.exits] == [(3, True)]
    watch.fold(report(leave, 3, "nothing is left"))
    assert [(one.is_open, one.reason) for one in watch.exits] == [(False, "nothing is left")]


def test_other_orders_are_not_its_own() -> None:
    watch = watching()
    watch.fold(ordered("strategy's", None))
    watch.fold(ordered("another's", EventId("c2")))
    assert watch.exits == ()
    assert not watch.are_over


def test_only_what_is_in_scope_has_to_be_closed() -> None:
    watch = watching(0, Scope(instrument=INFY))
    watch.fold(profit(position(0), position(3, "NSE:TCS")))
    assert watch.are_over
    assert watch.still_open == ()
