"""An operator cancels open orders: what has met its match stays done, whatever is cancelled is told once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alphapanda.model.control import Command, Done
from alphapanda.model.kinds import EventType, Side, TradingState
from alphapanda.model.order import OrderStatus, client_order_id_of
from alphapanda.model.signal import SignalIntent


def types(events: list[Any]) -> list[str]:
    return [event.type for event in events]


def resting(make: Any, *signals: Any) -> Any:
    """A stage in which the orders of `signals` rest."""
    stage = make.stage()
    make.run(stage, [make.tick(0), *signals, make.tick(1)])
    assert [order.status for order in stage.orders()] == [OrderStatus.ACCEPTED] * len(signals)
    return stage


def test_a_working_order_is_cancelled_and_says_by_whom(make: Any) -> None:
    stage, signal = resting(make, make.signal(make.tick(0), limit="90")), make.signal(make.tick(0), limit="90")
    command = make.command(Command.CANCEL)
    cancelled, obeyed = make.run(stage, [command])
    assert cancelled.type is EventType.ORDER_CANCELLED
    assert (cancelled.data.reason, cancelled.data.filled_quantity) == ("cancelled by meera: drill", 0)
    assert cancelled.envelope.ts == make.at(1000)  # the newest tick
    assert cancelled.envelope.causation_id == command.id
    assert cancelled.envelope.correlation_id == signal.envelope.correlation_id
    assert obeyed.data.done == Done(cancelled=1)
    assert (obeyed.data.before, obeyed.data.after) == (TradingState.ACTIVE, TradingState.ACTIVE)
    (order,) = stage.orders()
    assert (order.status, order.reason) == (OrderStatus.CANCELLED, "cancelled by meera: drill")


def test_a_cancelled_order_meets_nothing_any_more(make: Any) -> None:
    stage = resting(make, make.signal(make.tick(0), limit="90"))
    make.run(stage, [make.command(Command.CANCEL)])
    assert make.run(stage, [make.tick(2, 80), make.timer(0)]) == []
    assert stage.positions() == ()


def test_the_id_of_the_end_is_the_same_whatever_ends_it(make: Any) -> None:
    """So an order that is cancelled and one that expires can never both be told."""
    signal = make.signal(make.tick(0), limit="90")
    cancelled = make.run(resting(make, signal), [make.command(Command.CANCEL)])[0]
    expired = make.run(resting(make, signal), [make.tick(2, ms=86_400_000)])[0]
    assert (cancelled.type, expired.type) == (EventType.ORDER_CANCELLED, EventType.ORDER_EXPIRED)
    assert cancelled.id == expired.id


def test_no_cancellation_is_told_before_the_order_reached_the_exchange(make: Any) -> None:
    stage = make.stage(latency_ms=5_000)
    told = make.run(stage, [make.tick(0), make.signal(make.tick(0)), make.command(Command.CANCEL)])
    assert types(told) == ["order_submitted", "order_accepted", "order_cancelled", "control_event"]
    assert told[2].envelope.ts == told[1].envelope.ts == make.at(5_000)


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ({}, 0),
        ({"strategy_id": "ema"}, 2),
        ({"instrument": "NSE:TCS"}, 2),
        ({"strategy_id": "rsi", "instrument": "NSE:TCS"}, 3),
        ({"strategy_id": "nobody"}, 4),
    ],
)
def test_only_what_is_in_scope(make: Any, scope: dict[str, str], left: int) -> None:
    ticks = [make.tick(0), make.tick(1, instrument="NSE:TCS")]
    signals = [make.signal(tick, limit="90", strategy=name) for tick in ticks for name in ("ema", "rsi")]
    stage = make.stage()
    make.run(stage, [*ticks, *signals])
    told = make.run(stage, [make.command(Command.CANCEL, **scope)])
    assert told[-1].data.done == Done(cancelled=4 - left)
    assert sum(order.status is OrderStatus.ACCEPTED for order in stage.orders()) == left


def test_one_order_by_its_id(make: Any) -> None:
    tick = make.tick(0)
    first, second = make.signal(tick, limit="90"), make.signal(tick, limit="91", n=1)
    stage = make.stage()
    make.run(stage, [tick, first, second])
    wanted = client_order_id_of(second.id)
    told = make.run(stage, [make.command(Command.CANCEL, client_order_id=wanted)])
    assert [event.data.client_order_id for event in make.orders(told)] == [wanted]


def test_a_second_cancellation_finds_nothing_and_says_so(make: Any) -> None:
    stage = resting(make, make.signal(make.tick(0), limit="90"))
    make.run(stage, [make.command(Command.CANCEL)])
    (obeyed,) = make.run(stage, [make.command(Command.CANCEL, 1)])
    assert obeyed.data.done == Done()


def test_a_command_that_comes_again_cancels_nothing_new(make: Any) -> None:
    stage, command = resting(make, make.signal(make.tick(0), limit="90")), make.command(Command.CANCEL)
    make.run(stage, [command])
    make.run(stage, [make.signal(make.tick(1), limit="90")])
    assert make.run(stage, [command]) == []
    assert stage.orders()[-1].status is OrderStatus.ACCEPTED


def test_cancels_pass_when_trading_is_halted_and_leave_it_halted(make: Any) -> None:
    stage = resting(make, make.signal(make.tick(0), limit="90"))
    make.run(stage, [make.command(Command.HALT)])
    told = make.run(stage, [make.command(Command.CANCEL, 1)])
    assert types(told) == ["order_cancelled", "control_event"]
    assert stage.trading_state is TradingState.HALTED


def test_a_cancelled_exit_gives_its_claim_back(make: Any) -> None:
    ticks = [make.tick(n) for n in range(5)]
    stage = make.stage()
    leave = make.signal(ticks[1], Side.SELL, intent=SignalIntent.EXIT, limit="200", n=1)
    make.run(stage, [ticks[0], make.signal(ticks[0]), ticks[1], leave, make.command(Command.CANCEL)])
    again = make.signal(ticks[1], Side.SELL, intent=SignalIntent.EXIT, n=2)
    told = make.run(stage, [again, ticks[2]])
    assert types(told)[-2:] == ["order_filled", "pnl_snapshot"]
    assert [position.quantity for position in stage.positions()] == [0]


def waiting(make: Any, signal: Any, log: list[Any]) -> Any:
    """A stage whose order of `signal` waits for ticks that are not remembered."""
    stage = make.stage(kept_ticks=2)
    make.run(stage, [*log, signal])
    assert stage.missing_history()
    return stage


def test_an_order_that_waits_for_its_ticks_is_cancelled_when_they_did_nothing(make: Any) -> None:
    log = [make.tick(n) for n in range(20)]
    stage = waiting(make, make.signal(log[2], limit="90"), log)
    (obeyed,) = make.run(stage, [make.command(Command.CANCEL)])
    assert obeyed.data.done == Done(unsettled=1)
    later = [make.tick(20, 80), make.tick(21, 80)]  # would fill it, but came after the command
    assert make.run(stage, later) == []
    make.supply(stage, [*log, *later])
    (cancelled,) = make.run(stage, [make.timer(0)])
    assert (cancelled.type, cancelled.data.reason) == ("order_cancelled", "cancelled by meera: drill")
    assert cancelled.envelope.causation_id == make.command(Command.CANCEL).id
    assert cancelled.envelope.ts == make.at(19_000)


def test_an_order_that_waits_for_its_ticks_is_filled_when_they_filled_it(make: Any) -> None:
    log = [make.tick(n, 80 if n == 9 else 100) for n in range(20)]
    stage = waiting(make, make.signal(log[2], limit="90"), log)
    make.run(stage, [make.command(Command.CANCEL)])
    make.supply(stage, log)
    filled, _ = make.run(stage, [make.timer(0)])
    assert (filled.type, filled.data.fill.tick.offset) == ("order_filled", 9)


def test_a_match_that_is_not_told_yet_is_told_and_the_cancel_is_too_late(make: Any) -> None:
    log = [make.tick(n, 100 + n) for n in range(20)]
    stage = waiting(make, make.signal(log[2]), log)
    make.supply(stage, log)  # now it is known that it traded
    filled, pnl, obeyed = make.run(stage, [make.command(Command.CANCEL)])
    assert types([filled, pnl]) == ["order_filled", "pnl_snapshot"]
    assert filled.data.fill.price == 103
    assert obeyed.data.done == Done(too_late=1)
    assert make.run(stage, [make.timer(0)]) == []


def test_a_match_behind_an_order_that_waits_is_told_after_it(make: Any) -> None:
    log = [make.tick(n, 100 + n) for n in range(20)]
    stage = waiting(make, make.signal(log[2], limit="50"), log)
    make.run(stage, [make.signal(log[18], n=1)])  # traded at once, and is held back
    (obeyed,) = make.run(stage, [make.command(Command.CANCEL)])
    assert obeyed.data.done == Done(too_late=1, unsettled=1)
    make.supply(stage, log)
    assert types(make.run(stage, [make.timer(0)])) == ["order_cancelled", "order_filled", "pnl_snapshot"]


def test_ticks_that_are_gone_do_not_keep_a_cancelled_order(make: Any) -> None:
    log = [make.tick(n) for n in range(20)]
    stage = waiting(make, make.signal(log[2], limit="90"), log)
    make.run(stage, [make.command(Command.CANCEL)])
    (request,) = stage.missing_history()
    stage.abandon_history(request, "the ticks are gone")
    (cancelled,) = make.run(stage, [make.timer(0)])
    assert cancelled.data.reason == "cancelled by meera: drill"


def test_a_snapshot_keeps_a_cancellation_that_is_not_told(make: Any) -> None:
    log = [make.tick(n) for n in range(20)]
    stage = waiting(make, make.signal(log[2], limit="90"), log)
    make.run(stage, [make.command(Command.CANCEL)])
    again = make.stage(kept_ticks=2)
    again.restore(stage.snapshot())
    make.supply(again, log)
    assert types(make.run(again, [make.timer(0)])) == ["order_cancelled"]


def test_a_snapshot_of_a_version_without_cancellations_is_taken(make: Any) -> None:
    stage = resting(make, make.signal(make.tick(0), limit="90"))
    state = msgspec.msgpack.decode(stage.snapshot())
    for working in state["exchange"]["working"]:
        del working["withdrawal"]
        del working["signal"]["command_id"]
    again = make.stage()
    again.restore(msgspec.msgpack.encode(state))
    assert types(make.run(again, [make.command(Command.CANCEL)])) == ["order_cancelled", "control_event"]
