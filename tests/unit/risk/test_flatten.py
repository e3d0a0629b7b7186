"""An operator closes positions: risk orders an exit for whatever a line may hold."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alphapanda.model.control import Command, Done
from alphapanda.model.kinds import EventType, OrderType, Product, Side, TradingState
from alphapanda.model.signal import DenialCode, SignalIntent
from alphapanda.serialization.codec import encode


def exits(told: list[Any]) -> list[tuple[str, str, Side, int]]:
    found = [event.data.signal for event in told if event.type == "signal_validated"]
    return [(signal.strategy_id, signal.instrument, signal.side, signal.quantity) for signal in found]


def test_it_orders_an_exit_of_what_is_held_and_says_who_wants_it(make: Any) -> None:
    stage = make.stage()
    (entry,) = make.run(stage, [make.signal(7, quantity=10)])
    command = make.command(Command.FLATTEN)
    leave, obeyed = make.run(stage, [command])
    signal = leave.data.signal
    assert (signal.side, signal.quantity, signal.intent) == (Side.SELL, 10, SignalIntent.EXIT)
    assert (signal.order_type, signal.product) == (OrderType.MARKET, Product.MIS)
    assert (signal.command_id, signal.reason) == (command.id, "flatten by meera: drill")
    assert signal.tick == entry.data.signal.tick  # where the instrument's ticks stand
    assert [check.check for check in leave.data.checks] == ["flatten", "holding", "trading_state"]
    assert leave.data.checks[0].value == "by meera: drill"
    assert leave.envelope.causation_id == command.id
    assert leave.envelope.correlation_id == signal.decision_id != command.id
    assert leave.envelope.key == "ema"
    assert obeyed.data.done == Done(exits=1)
    assert obeyed.data.after is TradingState.ACTIVE


def test_a_short_position_is_bought_back(make: Any) -> None:
    stage = make.stage()
    make.run(stage, [make.signal(side=Side.SELL, quantity=4)])
    assert exits(make.run(stage, [make.command(Command.FLATTEN)])) == [("ema", "NSE:INFY", Side.BUY, 4)]


def test_flat_is_flat(make: Any) -> None:
    stage = make.stage()
    signals = [make.signal(quantity=10), make.signal(1, Side.SELL, intent=SignalIntent.EXIT)]
    for passed in make.run(stage, signals):
        stage.evolve(make.order(passed, EventType.ORDER_FILLED, 10))
    (obeyed,) = make.run(stage, [make.command(Command.FLATTEN)])
    assert obeyed.data.done == Done()


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        ({}, 3),
        ({"strategy_id": "ema"}, 2),
        ({"instrument": "NSE:INFY"}, 2),
        ({"strategy_id": "rsi", "instrument": "NSE:TCS"}, 0),
        ({"client_order_id": "o1"}, 0),
    ],
)
def test_only_what_is_in_scope(make: Any, scope: dict[str, str], wanted: int) -> None:
    stage = make.stage()
    make.run(
        stage,
        [
            make.signal(strategy="rsi"),
            make.signal(instrument="NSE:TCS", quantity=3),
            make.signal(side=Side.SELL, quantity=5),
        ],
    )
    told = make.run(stage, [make.command(Command.FLATTEN, **scope)])
    assert told[-1].data.done == Done(exits=wanted)
    assert exits(told) == sorted(exits(told))


def test_an_exit_that_is_on_its_way_does_not_count(make: Any) -> None:
    """It may rest for ever, or be cancelled by the same operator without our having heard of it."""
    stage = make.stage()
    leave = make.signal(1, Side.SELL, 10, intent=SignalIntent.EXIT, limit="100")
    make.run(stage, [make.signal(quantity=10), leave])
    assert exits(make.run(stage, [make.command(Command.FLATTEN)])) == [("ema", "NSE:INFY", Side.SELL, 10)]


def test_a_position_that_may_be_turning_over_is_closed_both_ways(make: Any) -> None:
    stage = make.stage()
    turn = [make.signal(1, Side.SELL, 10, intent=SignalIntent.EXIT), make.signal(1, Side.SELL, 10, n=1)]
    make.run(stage, [make.signal(quantity=10), *turn])
    told = make.run(stage, [make.command(Command.FLATTEN)])
    assert [(side, units) for _, _, side, units in exits(told)] == [(Side.SELL, 10), (Side.BUY, 10)]


def test_a_second_one_orders_again_and_what_is_given_back_counts_once(make: Any) -> None:
    stage = make.stage()
    (entry,) = make.run(stage, [make.signal(quantity=10)])
    stage.evolve(make.order(entry, EventType.ORDER_FILLED, 10))
    first, second = (make.run(stage, [make.command(Command.FLATTEN, n)])[0] for n in range(2))
    assert first.id != second.id
    stage.evolve(make.order(first, EventType.ORDER_FILLED, 10))
    stage.evolve(make.order(second, EventType.ORDER_CANCELLED, 0))
    (obeyed,) = make.run(stage, [make.command(Command.FLATTEN, 2)])
    assert obeyed.data.done == Done()


def test_a_command_that_comes_again_is_not_obeyed_again(make: Any) -> None:
    stage, command = make.stage(), make.command(Command.FLATTEN)
    make.run(stage, [make.signal(), command])
    assert make.run(stage, [command]) == []


def test_halted_denies_it_and_says_by_whom(make: Any) -> None:
    stage = make.stage()
    make.run(stage, [make.signal(), make.command(Command.HALT)])
    denied, obeyed = make.run(stage, [make.command(Command.FLATTEN, 1)])
    assert (denied.type, denied.data.code) == ("signal_rejected", DenialCode.TRADING_HALTED)
    assert denied.data.message == "Trading is HALTED by meera: drill."
    assert obeyed.data.done == Done(denied=1)
    resumed = make.run(stage, [make.command(Command.REDUCE, 2), make.command(Command.FLATTEN, 3)])
    assert resumed[-1].data.done == Done(exits=1)


def test_it_takes_nothing_of_the_rate_of_orders(make: Any) -> None:
    stage = make.stage(max_orders_per_second=1)
    make.run(stage, [make.signal(), make.command(Command.FLATTEN)])
    (verdict,) = make.run(stage, [make.signal(1, ms=1_000, instrument="NSE:TCS")])
    assert verdict.type == "signal_validated"


def test_a_strategy_may_enter_again_after_it(make: Any) -> None:
    stage = make.stage()
    make.run(stage, [make.signal(), make.command(Command.FLATTEN)])
    assert exits(make.run(stage, [make.signal(1)])) == [("ema", "NSE:INFY", Side.BUY, 10)]


def test_the_product_is_that_of_the_position(make: Any) -> None:
    stage, entry = make.stage(), make.signal()
    carried = msgspec.structs.replace(entry.data, product=Product.CNC)
    event = type(entry)(msgspec.structs.replace(entry.envelope, data=carried))
    make.run(stage, [event])
    assert make.run(stage, [make.command(Command.FLATTEN)])[0].data.signal.product is Product.CNC


def test_a_line_of_an_older_version_names_the_place_that_its_signals_reached(make: Any) -> None:
    stage = make.stage()
    make.run(stage, [make.signal(7)])
    state = msgspec.msgpack.decode(stage.snapshot())
    for line in state["lines"]:
        del line["tick"]
        del line["product"]
    for order in state["pending"]:
        del order["intent"]
    again = make.stage()
    again.restore(msgspec.msgpack.encode(state))
    tick = make.run(again, [make.command(Command.FLATTEN)])[0].data.signal.tick
    assert (tick.partition, tick.offset, tick.exchange_ts) == (0, 7, make.at(70_000))


def test_an_older_signal_that_comes_again_does_not_move_the_place_back(make: Any) -> None:
    stage = make.stage()
    make.run(stage, [make.signal(1), make.signal(7, ms=70_000), make.signal(1)])
    assert make.run(stage, [make.command(Command.FLATTEN)])[0].data.signal.tick.offset == 7


steps = st.lists(
    st.tuples(
        st.sampled_from(("entry", "exit", "flatten", "fill", "cancel")),
        st.sampled_from(Side),
        st.integers(1, 20),
    ),
    max_size=25,
)


@example(
    [
        *(("entry", Side.BUY, 1), ("entry", Side.SELL, 2), ("exit", Side.BUY, 1), ("fill", Side.BUY, 1)),
        *(("entry", Side.BUY, 1), ("fill", Side.BUY, 1), ("fill", Side.BUY, 9), ("fill", Side.BUY, 1)),
    ]
)  # an exit that traded before a fill that risk heard of first
@given(steps)
@settings(max_examples=150, deadline=None)
def test_what_it_orders_covers_what_can_be_held(make: Any, drawn: list[Any]) -> None:
    """Whatever risk has not heard of yet: an order on its way may be done, in whole or not at all."""
    stage = make.stage(max_orders_per_second=10_000, duplicate_window_ms=0)
    open_: list[Any] = []
    held = 0
    for n, (what, side, units) in enumerate(drawn):
        if what in {"entry", "exit"}:
            intent = SignalIntent.ENTRY if what == "entry" else SignalIntent.EXIT
            verdicts = make.run(stage, [make.signal(n, side, units, intent=intent)])
            open_ += [each for each in verdicts if each.type == "signal_validated"]
        elif what == "flatten":
            open_ += make.run(stage, [make.command(Command.FLATTEN, n)])[:-1]
        elif open_:
            order = open_.pop(0)
            signal = order.data.signal
            done = signal.quantity if what == "fill" else 0
            if signal.intent is SignalIntent.EXIT:  # as the trader does
                done = max(0, min(done, -held * signal.side.sign))
            held += signal.side.sign * done
            if units % 3:  # risk hears of most
                kind = EventType.ORDER_FILLED if done == signal.quantity else EventType.ORDER_CANCELLED
                stage.evolve(make.order(order, kind, done))
    ordered = exits(make.run(stage, [make.command(Command.FLATTEN, 1_000)]))
    against = sum(units for _, _, side, units in ordered if side.sign * held < 0)
    assert against >= abs(held)


@given(steps)
@settings(max_examples=50, deadline=None)
def test_a_restored_stage_orders_the_same(make: Any, drawn: list[Any]) -> None:
    stage, again = make.stage(max_orders_per_second=10_000), make.stage()
    for n, (what, side, units) in enumerate(drawn):
        intent = SignalIntent.EXIT if what == "exit" else SignalIntent.ENTRY
        make.run(stage, [make.signal(n, side, units, intent=intent)])
    again.restore(stage.snapshot())
    flatten = [make.command(Command.FLATTEN)]
    assert [encode(e.envelope) for e in make.run(again, flatten)] == [
        encode(e.envelope) for e in make.run(stage, flatten)
    ]
