"""What the paper trader does with signals, ticks, commands and time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from alphapanda.errors import InvariantError, MisroutedError
from alphapanda.ids import BrokerId
from alphapanda.model.control import Command
from alphapanda.model.kinds import EventType, Side, TradingState, Validity
from alphapanda.model.order import OrderStatus
from alphapanda.model.signal import SignalIntent

D = Decimal
EXIT = SignalIntent.EXIT
DAY_MS = 24 * 3600 * 1000
CLOSE_MS = 6 * 3600 * 1000  # 15:30 IST


def kinds(events: list[Any]) -> list[str]:
    return [event.type.value for event in events]


def test_a_market_order_is_submitted_accepted_and_filled_at_the_next_tick(make: Any) -> None:
    stage = make.stage()
    cause = make.tick(0, 100)
    told = make.run(stage, [cause, make.signal(cause), make.tick(1, 101, bid=100.9, ask=101.1)])
    assert kinds(told) == ["order_submitted", "order_accepted", "order_filled", "pnl_snapshot"]
    fill = told[2].data.fill
    assert (fill.price, fill.quantity, fill.tick.offset) == (D("101.10"), 10, 1)
    assert told[2].envelope.ts == make.at(1000)
    assert (told[2].data.filled_quantity, told[2].data.leaves_quantity) == (10, 0)
    (order,) = stage.orders()
    assert (order.status, order.average_price, order.venue_order_id is None) == (
        OrderStatus.FILLED,
        D("101.1"),
        False,
    )
    pnl = told[3].data
    assert (pnl.net, pnl.fills, pnl.open_orders, pnl.open_positions) == (D("-1.0"), 1, 0, 1)
    assert pnl == stage.pnl(pnl.at)
    assert fill.charges.total == 0


def test_everything_hangs_on_the_signal(make: Any) -> None:
    cause = make.tick(0)
    signal = make.signal(cause)
    told = make.run(make.stage(), [cause, signal, make.tick(1)])
    assert {event.envelope.correlation_id for event in told} == {signal.envelope.correlation_id}
    assert {event.envelope.trace_id for event in told} == {signal.envelope.trace_id}
    assert {event.envelope.causation_id for event in make.orders(told)} == {signal.id}
    assert {event.envelope.broker for event in told} == {"paper"}
    assert len({event.id for event in told}) == len(told)


@pytest.mark.parametrize(
    ("side", "quote", "price"),
    [
        (Side.BUY, {"bid": 99.0, "ask": 101.0}, "101.00"),
        (Side.SELL, {"bid": 99.0, "ask": 101.0}, "99.00"),
        (Side.BUY, {"bid": 99.0}, "100.00"),  # one side only: the last price stands in
        (Side.SELL, {}, "100.00"),
    ],
)
def test_market_takes_the_other_side_or_the_last_price(
    make: Any, side: Side, quote: dict[str, float], price: str
) -> None:
    cause = make.tick(0)
    told = make.run(make.stage(), [cause, make.signal(cause, side), make.tick(1, 100, **quote)])
    assert told[2].data.fill.price == D(price)


def test_latency_counts_in_event_time(make: Any) -> None:
    cause = make.tick(0, ms=0)
    told = make.run(
        make.stage(latency_ms=50),
        [cause, make.signal(cause), make.tick(1, 101, ms=49), make.tick(2, 102, ms=50), make.tick(3, 103, ms=99)],
    )
    assert told[1].envelope.ts == make.at(50)
    assert told[2].data.fill.price == 102


def test_ticks_out_of_order_in_time_do_not_fill_before_the_signal(make: Any) -> None:
    cause = make.tick(5, ms=5_000)
    told = make.run(
        make.stage(), [cause, make.signal(cause), make.tick(6, 90, ms=4_000), make.tick(7, 101, ms=5_000)]
    )
    assert told[2].data.fill.price == 101


def test_an_order_does_not_overtake_the_one_before_it(make: Any) -> None:
    first, second = make.tick(0, ms=20_000), make.tick(1, ms=4_000)  # recorded out of order
    entry, leave = make.signal(first), make.signal(second, Side.SELL, intent=EXIT)
    stage = make.stage()
    told = make.run(
        stage,
        [first, entry, second, leave, make.tick(2, ms=5_000), make.tick(3, ms=20_000)],
    )
    assert kinds(told)[4:] == ["order_filled", "order_filled", "pnl_snapshot"]
    assert [event.data.fill.tick.offset for event in told[4:6]] == [3, 3]
    assert stage.positions()[0].quantity == 0


def test_a_time_that_is_far_off_holds_nothing_back(make: Any) -> None:
    odd, sound = make.tick(0, ms=30 * DAY_MS), make.tick(1, ms=4_000)
    told = make.run(make.stage(), [odd, make.signal(odd), sound, make.signal(sound, n=1), make.tick(2, ms=5_000)])
    assert kinds(told)[4:] == ["order_filled", "pnl_snapshot"]


@pytest.mark.parametrize("price", [0.0, float("nan"), -1.0, float("inf"), 0.01])
def test_what_is_no_price_fills_nothing(make: Any, price: float) -> None:
    cause = make.tick(0)
    told = make.run(make.stage(), [cause, make.signal(cause), make.tick(1, price), make.tick(2, 102)])
    assert told[2].data.fill.price == 102


def test_a_limit_that_the_market_meets_on_arrival_gets_the_market(make: Any) -> None:
    cause = make.tick(0)
    told = make.run(make.stage(), [cause, make.signal(cause, limit="101"), make.tick(1, ask=100.5, bid=100.4)])
    assert told[2].data.fill.price == D("100.5")


def test_a_limit_rests_until_it_is_touched_and_gets_its_price(make: Any) -> None:
    stage = make.stage()
    cause = make.tick(0)
    resting = make.run(
        stage, [cause, make.signal(cause, limit="99"), make.tick(1, ask=99.05, bid=99.0), make.tick(2, ask=99.10)]
    )
    assert kinds(resting) == ["order_submitted", "order_accepted"]
    assert stage.orders()[0].status is OrderStatus.ACCEPTED
    told = make.run(stage, [make.tick(3, ask=98.5, bid=98.4)])
    assert told[0].data.fill.price == 99


def test_a_sell_limit_rests_likewise(make: Any) -> None:
    cause = make.tick(0)
    signal = make.signal(cause, Side.SELL, limit="101")
    told = make.run(make.stage(), [cause, signal, make.tick(1, bid=100.95), make.tick(2, bid=101.0, ask=101.1)])
    assert (told[2].data.fill.price, told[2].data.fill.tick.offset) == (101, 2)


def test_ioc_is_filled_at_once_or_cancelled(make: Any) -> None:
    stage = make.stage()
    cause = make.tick(0)
    signals = [
        make.signal(cause, limit="101", validity=Validity.IOC, strategy="good"),
        make.signal(cause, limit="99", validity=Validity.IOC, strategy="poor"),
    ]
    told = make.run(stage, [cause, *signals, make.tick(1, ask=100.0), make.tick(2, ask=98.0)])
    assert kinds(told[4:]) == ["order_filled", "order_cancelled", "pnl_snapshot"]
    assert "worse than the limit 99" in told[5].data.reason
    assert [order.status for order in stage.orders()] != []
    assert stage.pnl(make.start).open_orders == 0


def test_day_expires_at_the_first_tick_after_its_session(make: Any) -> None:
    stage = make.stage()
    cause = make.tick(0, ms=0)
    events = [cause, make.signal(cause, limit="90"), make.tick(1, ms=CLOSE_MS - 1), make.tick(2, 80, ms=CLOSE_MS)]
    told = make.run(stage, events)
    assert kinds(told[2:]) == ["order_expired"]
    assert told[2].envelope.ts == make.at(CLOSE_MS)
    assert stage.orders()[0].status is OrderStatus.EXPIRED


def test_an_order_of_after_hours_lives_until_the_next_session_ends(make: Any) -> None:
    cause = make.tick(0, ms=CLOSE_MS)
    told = make.run(make.stage(), [cause, make.signal(cause), make.tick(1, 101, ms=DAY_MS)])
    assert kinds(told)[2] == "order_filled"


def test_an_order_waits_over_no_weekend(make: Any) -> None:
    friday = 4 * DAY_MS + CLOSE_MS
    cause = make.tick(0, ms=friday - 1000)
    told = make.run(make.stage(), [cause, make.signal(cause), make.tick(1, ms=7 * DAY_MS)])
    assert kinds(told)[2:] == ["order_expired"]


def test_halted_submits_nothing_and_says_so(make: Any) -> None:
    stage = make.stage()
    resting = make.tick(0)
    told = make.run(
        stage,
        [
            resting,
            make.signal(resting, limit="99", strategy="before"),
            make.signal(resting, limit="99", validity=Validity.IOC, strategy="ioc"),
            make.command(Command.HALT),
            make.signal(make.tick(1), strategy="after"),
            make.tick(2, ask=100.0),
            make.tick(3, ask=98.0),
        ],
    )
    assert kinds(told) == [
        *["order_submitted", "order_accepted"] * 2,
        "control_event",
        "order_rejected",
        "order_cancelled",  # cancels pass
        "order_filled",  # the exchange has it: halting does not take it back
        "pnl_snapshot",
    ]
    assert told[5].data.reason == "TRADING_HALTED: trading is HALTED by meera: drill"
    assert stage.trading_state is TradingState.HALTED
    assert len(stage.orders()) == 2


def test_a_refused_signal_stays_refused_when_it_comes_again(make: Any) -> None:
    stage = make.stage()
    cause = make.tick(0)
    signal = make.signal(cause)
    make.run(stage, [cause, make.command(Command.HALT), signal, make.command(Command.RESUME, n=1)])
    assert make.run(stage, [signal, make.tick(1)]) == []


def test_reducing_lets_exits_through(make: Any) -> None:
    stage = make.stage()
    first, second = make.tick(0), make.tick(1)
    make.run(stage, [first, make.signal(first), second, make.command(Command.REDUCE)])
    told = make.run(stage, [make.signal(second), make.signal(second, Side.SELL, intent=EXIT, n=1), make.tick(2)])
    assert kinds(told)[:1] == ["order_rejected"]
    assert kinds(told)[-2:] == ["order_filled", "pnl_snapshot"]
    assert stage.positions()[0].quantity == 0


def test_a_command_is_obeyed_once_and_told_once(make: Any) -> None:
    stage = make.stage()
    halt = make.command(Command.HALT)
    (told,) = make.run(stage, [halt, halt])
    assert (told.data.before, told.data.after, told.data.service) == (
        TradingState.ACTIVE,
        TradingState.HALTED,
        "trader.paper",
    )


def test_a_command_for_another_broker_is_refused(make: Any) -> None:
    halt = make.command(Command.HALT)
    data = type(halt.data)(command=Command.HALT, broker=BrokerId("other"), actor="m", reason="r")
    foreign = type(halt)(type(halt.envelope)(**{**_fields(halt.envelope), "data": data}))
    with pytest.raises(MisroutedError, match="other"):
        make.stage().decide(foreign)


def _fields(envelope: Any) -> dict[str, Any]:
    return {name: getattr(envelope, name) for name in envelope.__struct_fields__}


def test_an_exit_is_cut_to_what_is_held_when_it_is_matched(make: Any) -> None:
    stage = make.stage()
    first, second = make.tick(0), make.tick(1)
    make.run(stage, [first, make.signal(first, quantity=4), second])
    told = make.run(stage, [make.signal(second, Side.SELL, 10, intent=EXIT), make.tick(2)])
    assert kinds(told)[2:] == ["order_filled", "order_cancelled", "pnl_snapshot"]
    assert (told[2].data.fill.quantity, told[3].data.filled_quantity) == (4, 4)
    assert stage.positions()[0].quantity == 0
    assert stage.orders()[-1].status is OrderStatus.CANCELLED


def test_an_exit_never_opens(make: Any) -> None:
    stage = make.stage()
    cause = make.tick(0)
    resting = make.signal(cause, limit="90")
    told = make.run(stage, [cause, resting, make.signal(cause, Side.SELL, intent=EXIT, n=1), make.tick(1)])
    assert kinds(told)[-1] == "order_cancelled"
    assert told[-1].data.reason == "reduce-only: nothing is left to reduce"
    assert stage.positions() == ()


def test_a_reversal_is_an_exit_and_an_entry(make: Any) -> None:
    stage = make.stage()
    first, second = make.tick(0), make.tick(1)
    make.run(stage, [first, make.signal(first), second])
    reversal = [make.signal(second, Side.SELL, intent=EXIT), make.signal(second, Side.SELL, n=1)]
    told = make.run(stage, [*reversal, make.tick(2)])
    assert kinds(told).count("order_filled") == 2
    assert stage.positions()[0].quantity == -10


def test_an_instrument_that_is_not_loaded_is_refused(make: Any) -> None:
    stage = make.stage()
    cause = make.tick(0)
    instruments = dict(make.instruments)
    try:
        del make.instruments[cause.data.instrument]
        told = make.run(stage, [cause, make.signal(cause)])
    finally:
        make.instruments.update(instruments)
    assert kinds(told) == ["order_rejected"]
    assert told[0].data.reason == "INSTRUMENT_UNKNOWN: NSE:INFY is not loaded"


def test_the_timer_tells_profit_once_after_a_change(make: Any) -> None:
    stage = make.stage()
    cause = make.tick(0)
    assert make.run(stage, [make.timer(0)]) == []
    make.run(stage, [cause, make.signal(cause), make.tick(1)])
    assert make.run(stage, [make.timer(1)]) == []  # the fill's own snapshot said it
    (told,) = make.run(stage, [make.tick(2, 105), make.timer(2), make.timer(3)])
    assert told.type is EventType.PNL_SNAPSHOT
    assert told.envelope.ts == told.data.at == make.at(2000)
    assert told.data.unrealised == 50


def test_a_mark_of_what_is_not_held_is_no_change(make: Any) -> None:
    stage = make.stage()
    assert make.run(stage, [make.tick(0), make.tick(1, 105), make.timer(2)]) == []


def test_a_signal_that_comes_again_is_no_second_order(make: Any) -> None:
    stage = make.stage()
    cause, later = make.tick(0), make.tick(3)
    signal = make.signal(cause)
    make.run(stage, [cause, signal, make.tick(1), make.tick(2), later, make.signal(later), make.tick(4)])
    assert make.run(stage, [signal, make.tick(5)]) == []
    assert stage.positions()[0].quantity == 20


def test_an_old_signal_is_known_without_remembering_every_order(make: Any) -> None:
    stage = make.stage()
    ticks = [make.tick(n) for n in range(0, 10_000, 2)]
    for tick in ticks:
        make.run(stage, [tick, make.signal(tick), make.tick(tick.at.offset + 1)])
    assert len(stage.orders()) == 1_000
    assert make.run(stage, [make.signal(ticks[0]), make.tick(10_001)]) == []
    assert stage.positions()[0].quantity == 50_000


def test_a_tick_without_a_place_in_the_log_is_refused(make: Any) -> None:
    tick = make.tick(0)
    with pytest.raises(InvariantError, match="no place in the log"):
        make.stage().evolve(type(tick)(tick.envelope))


def test_a_snapshot_of_another_version_is_refused(make: Any) -> None:
    data = make.stage().snapshot().replace(b"\xa7version\x01", b"\xa7version\x63")
    with pytest.raises(InvariantError, match="version 99"):
        make.stage().restore(data)
