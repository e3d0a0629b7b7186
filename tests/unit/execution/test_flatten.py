"""An operator's exit: it meets the ticks after those that were read, and reduces what is held then, no more."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from alphapanda.model.control import Command
from alphapanda.model.kinds import Side
from alphapanda.model.order import OrderStatus
from alphapanda.model.signal import SignalIntent


def types(events: list[Any]) -> list[str]:
    return [event.type for event in events]


def holding(make: Any, quantity: int = 10, *, latency_ms: int = 0, until: int = 5) -> tuple[Any, list[Any]]:
    """A stage that holds, and has read the ticks that are returned."""
    ticks = [make.tick(n, 100 + n) for n in range(until)]
    stage = make.stage(latency_ms=latency_ms)
    make.run(stage, [ticks[0], make.signal(ticks[0], quantity=quantity), *ticks[1:]])
    assert [position.quantity for position in stage.positions()] == [quantity]
    return stage, ticks


def test_it_meets_the_first_tick_after_those_that_were_read(make: Any) -> None:
    stage, ticks = holding(make)
    leave = make.operators_exit(ticks[0], Side.SELL, 10)
    submitted, accepted = make.run(stage, [leave])
    order = submitted.data.order
    assert (order.submitted_at, order.signal_id) == (make.at(4_000), leave.id)
    assert accepted.envelope.ts == make.at(4_000)
    filled, pnl = make.run(stage, [make.tick(5, 111)])
    assert (filled.data.fill.tick.offset, filled.data.fill.price) == (5, Decimal(111))
    assert pnl.data.open_positions == 0


def test_latency_counts_from_where_the_market_is(make: Any) -> None:
    stage, ticks = holding(make, latency_ms=1_500)
    told = make.run(stage, [make.operators_exit(ticks[0], Side.SELL, 10)])
    assert told[1].envelope.ts == make.at(5_500)
    assert types(make.run(stage, [make.tick(5), make.tick(6)])) == ["order_filled", "pnl_snapshot"]
    assert stage.orders()[-1].updated_at == make.at(6_000)


def test_what_is_not_held_is_not_sold(make: Any) -> None:
    stage, ticks = holding(make, 10)
    told = make.run(stage, [make.operators_exit(ticks[0], Side.SELL, 25), make.tick(5)])
    filled, cancelled = make.orders(told)[2:]
    assert (filled.data.fill.quantity, cancelled.data.reason) == (10, "reduce-only: nothing is left to reduce")
    assert [position.quantity for position in stage.positions()] == [0]


def test_the_other_way_does_nothing(make: Any) -> None:
    stage, ticks = holding(make, 10)
    told = make.run(stage, [make.operators_exit(ticks[0], Side.BUY, 10), make.tick(5)])
    assert types(make.orders(told))[2:] == ["order_cancelled"]
    assert [position.quantity for position in stage.positions()] == [10]


def test_twice_is_once(make: Any) -> None:
    stage, ticks = holding(make)
    exits = [make.operators_exit(ticks[0], Side.SELL, 10, n=n) for n in range(2)]
    told = make.run(stage, [*exits, make.tick(5), make.tick(6)])
    assert [event.type for event in make.orders(told)[4:]] == ["order_filled", "order_cancelled"]
    assert [position.quantity for position in stage.positions()] == [0]


def test_after_a_strategys_own_exit_nothing_is_left(make: Any) -> None:
    stage, ticks = holding(make)
    own = make.signal(ticks[4], Side.SELL, intent=SignalIntent.EXIT, n=1)
    make.run(stage, [own, make.operators_exit(ticks[4], Side.SELL, 10), make.tick(5)])
    assert [position.quantity for position in stage.positions()] == [0]
    assert [order.status for order in stage.orders()][-2:] == [OrderStatus.FILLED, OrderStatus.CANCELLED]


def test_a_resting_exit_that_is_cancelled_first_leaves_it_all(make: Any) -> None:
    stage, ticks = holding(make)
    own = make.signal(ticks[4], Side.SELL, intent=SignalIntent.EXIT, limit="500", n=1)
    told = make.run(
        stage,
        [own, make.command(Command.CANCEL), make.operators_exit(ticks[4], Side.SELL, 10), make.tick(5)],
    )
    assert types(told)[2:] == [
        "order_cancelled",
        "control_event",
        "order_submitted",
        "order_accepted",
        "order_filled",
        "pnl_snapshot",
    ]


@pytest.mark.parametrize(("command", "passes"), [(Command.REDUCE, True), (Command.HALT, False)])
def test_reducing_lets_it_through_and_halted_does_not(make: Any, command: Command, passes: bool) -> None:
    stage, ticks = holding(make)
    make.run(stage, [make.command(command)])
    told = make.run(stage, [make.operators_exit(ticks[0], Side.SELL, 10, n=1)])
    assert types(told) == (["order_submitted", "order_accepted"] if passes else ["order_rejected"])


def test_a_signal_of_a_strategy_is_taken_after_it(make: Any) -> None:
    """The ticks that signals follow from stand before those that an operator's order waits for."""
    stage, ticks = holding(make)
    make.run(stage, [make.operators_exit(ticks[0], Side.SELL, 10)])
    told = make.run(stage, [make.signal(ticks[4], n=1), make.tick(5)])
    assert types(make.orders(told)) == ["order_submitted", "order_accepted", "order_filled", "order_filled"]
    assert [position.quantity for position in stage.positions()] == [10]


def test_a_restored_trader_does_the_same(make: Any) -> None:
    stage, ticks = holding(make)
    leave = make.operators_exit(ticks[0], Side.SELL, 10)
    again = make.stage()
    again.restore(stage.snapshot())
    assert make.run(again, [leave]) == make.run(stage, [leave])
    third = make.stage()
    third.restore(again.snapshot())
    tick = make.tick(5, 111)
    assert make.run(third, [tick]) == make.run(stage, [tick])


def test_before_any_tick_was_read_it_waits_for_the_first_after_the_strategys(make: Any) -> None:
    ticks = [make.tick(n) for n in range(4)]
    stage = make.stage()
    entry = make.signal(ticks[0])
    told = make.run(stage, [entry, make.operators_exit(ticks[1], Side.SELL, 10), *ticks[1:]])
    fills = [event.data.fill for event in told if event.type == "order_filled"]
    assert [(fill.side, fill.tick.offset) for fill in fills] == [(Side.BUY, 1), (Side.SELL, 2)]


def test_it_expires_with_its_session_when_no_tick_comes(make: Any) -> None:
    stage, ticks = holding(make)
    make.run(stage, [make.operators_exit(ticks[0], Side.SELL, 10)])
    assert types(make.run(stage, [make.tick(5, ms=86_400_000)])) == ["order_expired"]
