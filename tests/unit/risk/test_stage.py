"""Which signals pass, which are denied and why, and what is remembered of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import InvariantError
from alphapanda.model.control import Command
from alphapanda.model.kinds import EventType, OrderType, Side, TradingMode, TradingState, Validity
from alphapanda.model.signal import DenialCode, SignalIntent
from alphapanda.risk.checks import CHECKS
from alphapanda.serialization.codec import decode, encode

EXIT = SignalIntent.EXIT
PASSED = EventType.SIGNAL_VALIDATED
DENIED = EventType.SIGNAL_REJECTED


def codes(events: list[Any]) -> list[str]:
    return [event.data.code if event.type is DENIED else "passed" for event in events]


def test_a_good_signal_passes_with_every_check_told(make: Any) -> None:
    raw = make.signal()
    (verdict,) = make.run(make.stage(), [raw])
    assert verdict.type is PASSED
    assert verdict.data.signal == raw.data
    assert len(verdict.data.checks) == len(CHECKS)
    assert len({result.check for result in verdict.data.checks}) == len(CHECKS)
    assert (verdict.envelope.key, verdict.envelope.source) == ("ema", "risk.paper")
    assert (verdict.envelope.ts, verdict.envelope.causation_id) == (raw.envelope.ts, raw.id)


@pytest.mark.parametrize(
    ("signal", "limits", "code", "failed"),
    [
        ({"order_type": OrderType.STOP_MARKET}, {}, DenialCode.ORDER_UNSUPPORTED,
         ("order_form", "SL-M DAY", "MARKET or LIMIT, DAY or IOC")),
        ({"validity": Validity.TTL}, {}, DenialCode.ORDER_UNSUPPORTED,
         ("order_form", "MARKET TTL", "MARKET or LIMIT, DAY or IOC")),
        ({"instrument": "NSE:NONE"}, {}, DenialCode.INSTRUMENT_UNKNOWN,
         ("instrument", "NSE:NONE (0)", "a loaded instrument")),
        ({"token": 77}, {}, DenialCode.INSTRUMENT_UNKNOWN,
         ("instrument", "NSE:INFY (77)", "a loaded instrument")),
        ({"quantity": 0}, {}, DenialCode.QUANTITY_INVALID, ("quantity", "0 units", "> 0, in lots of 1 units")),
        ({"quantity": -5}, {}, DenialCode.QUANTITY_INVALID, ("quantity", "-5 units", "> 0, in lots of 1 units")),
        ({"quantity": 100, "instrument": "NSE:NIFTYFUT"}, {}, DenialCode.QUANTITY_INVALID,
         ("quantity", "100 units", "> 0, in lots of 75 units")),
        ({"quantity": 11}, {"max_order_quantity_units": 10}, DenialCode.QUANTITY_EXCEEDS_MAX,
         ("max_order_quantity", "11 units", "10 units")),
        ({"price": 0.0}, {}, DenialCode.PRICE_MISSING, ("reference_price", "₹0.0", "> ₹0")),
        ({"price": 0.01}, {}, DenialCode.PRICE_MISSING, ("reference_price", "₹0.01", "> ₹0")),
        ({"limit": "100.03"}, {}, DenialCode.PRICE_INVALID,
         ("limit_price", "₹100.03", "> ₹0, a multiple of ₹0.05")),
        ({"limit": "0"}, {}, DenialCode.PRICE_INVALID, ("limit_price", "₹0", "> ₹0, a multiple of ₹0.05")),
        ({"limit": "NaN"}, {}, DenialCode.PRICE_INVALID, ("limit_price", "₹NaN", "> ₹0, a multiple of ₹0.05")),
        ({"order_type": OrderType.LIMIT}, {}, DenialCode.PRICE_INVALID,
         ("limit_price", "none", "> ₹0, a multiple of ₹0.05")),
        ({"limit": "100", "order_type": OrderType.MARKET}, {}, DenialCode.PRICE_INVALID,
         ("limit_price", "₹100", "none")),
        ({"ms": 6_000, "tick_ms": 999}, {"max_tick_age_ms": 5_000}, DenialCode.TICK_STALE,
         ("tick_age", "5001 ms", "5000 ms")),
        ({"quantity": 11}, {"max_order_notional_rupees": Decimal(1000)}, DenialCode.NOTIONAL_EXCEEDS_MAX,
         ("max_order_notional", "₹1100.00", "₹1000")),
        ({"limit": "105.05"}, {"price_collar_bps": 500}, DenialCode.PRICE_OUTSIDE_COLLAR,
         ("price_collar", "505.00 bps", "500 bps")),
        ({"limit": "94.95"}, {"price_collar_bps": 500}, DenialCode.PRICE_OUTSIDE_COLLAR,
         ("price_collar", "505.00 bps", "500 bps")),
        ({"side": Side.SELL, "intent": EXIT}, {}, DenialCode.EXIT_WITHOUT_POSITION,
         ("reduce_only", "SELL against 0 units", "a position on the other side")),
    ],
)  # fmt: skip
def test_a_bad_signal_is_denied_with_the_value_and_the_limit(
    make: Any, signal: dict[str, Any], limits: dict[str, Any], code: DenialCode, failed: tuple[str, str, str]
) -> None:
    (verdict,) = make.run(make.stage(**limits), [make.signal(**signal)])
    assert verdict.type is DENIED
    assert verdict.data.code is code
    assert (verdict.data.failed.check, verdict.data.failed.value, verdict.data.failed.limit) == failed
    assert verdict.data.message.endswith(".")
    assert decode(DENIED, encode(verdict.envelope)).data.code is code


@pytest.mark.parametrize(
    ("signal", "limits"),
    [
        ({"quantity": 10}, {"max_order_quantity_units": 10}),
        ({"quantity": 10}, {"max_order_notional_rupees": Decimal(1000)}),
        ({"limit": "105"}, {"price_collar_bps": 500}),
        ({"limit": "95"}, {"price_collar_bps": 500}),
        ({"ms": 6_000, "tick_ms": 1_000}, {"max_tick_age_ms": 5_000}),
        ({"quantity": 150, "instrument": "NSE:NIFTYFUT"}, {}),
        ({"validity": Validity.IOC, "limit": "100"}, {}),
    ],
)
def test_at_the_limit_it_passes(make: Any, signal: dict[str, Any], limits: dict[str, Any]) -> None:
    assert codes(make.run(make.stage(**limits), [make.signal(**signal)])) == ["passed"]


def test_the_notional_is_that_of_the_limit_price_where_there_is_one(make: Any) -> None:
    stage = make.stage(max_order_notional_rupees=Decimal(1000))
    told = make.run(stage, [make.signal(limit="100.05"), make.signal(1, limit="99.95")])
    assert codes(told) == [DenialCode.NOTIONAL_EXCEEDS_MAX, "passed"]


def test_an_exit_is_cut_to_what_was_validated(make: Any) -> None:
    told = make.run(make.stage(), [make.signal(0, quantity=4), make.signal(1, Side.SELL, 10, intent=EXIT)])
    assert codes(told) == ["passed", "passed"]
    assert told[1].data.signal.quantity == 4
    assert codes(make.run(make.stage(), [make.signal(2, Side.BUY, 10, intent=EXIT)])) != ["passed"]


def test_an_exit_on_the_same_side_reduces_nothing(make: Any) -> None:
    told = make.run(make.stage(), [make.signal(0), make.signal(1, Side.BUY, intent=EXIT)])
    assert codes(told) == ["passed", DenialCode.EXIT_WITHOUT_POSITION]


def test_size_limits_never_hold_a_position_open(make: Any) -> None:
    stage = make.stage(max_order_quantity_units=10, max_order_notional_rupees=Decimal(1100))
    told = make.run(
        stage, [make.signal(0), make.signal(1), make.signal(2, Side.SELL, 20, intent=EXIT, price=500.0)]
    )
    assert codes(told) == ["passed"] * 3
    assert told[2].data.signal.quantity == 20


@pytest.mark.parametrize(
    ("kind", "filled", "left"),
    [
        (EventType.ORDER_CANCELLED, 3, 3),
        (EventType.ORDER_EXPIRED, 0, None),
        (EventType.ORDER_REJECTED, 0, None),
        (EventType.ORDER_FILLED, 10, 10),
    ],
)
def test_what_orders_left_undone_is_not_held(make: Any, kind: EventType, filled: int, left: int | None) -> None:
    stage = make.stage()
    (entry,) = make.run(stage, [make.signal()])
    order = make.order(entry, kind, filled)
    make.run(stage, [order, order])  # twice changes nothing
    (verdict,) = make.run(stage, [make.signal(1, Side.SELL, 10, intent=EXIT)])
    if left is None:
        assert verdict.data.code is DenialCode.EXIT_WITHOUT_POSITION
    else:
        assert verdict.data.signal.quantity == left


def test_a_cancelled_exit_gives_back_what_it_was_to_reduce(make: Any) -> None:
    stage = make.stage()
    _, leaving = make.run(stage, [make.signal(0), make.signal(1, Side.SELL, intent=EXIT)])
    make.run(stage, [make.order(leaving, EventType.ORDER_CANCELLED, 4)])
    (verdict,) = make.run(stage, [make.signal(2, Side.SELL, intent=EXIT)])
    assert verdict.data.signal.quantity == 6


def test_a_modified_quantity_counts(make: Any) -> None:
    stage = make.stage()
    (entry,) = make.run(stage, [make.signal()])
    make.run(stage, [make.order(entry, EventType.ORDER_FILLED, 2)])
    make.run(stage, [make.order(entry, EventType.ORDER_MODIFIED, quantity=6)])
    make.run(stage, [make.order(entry, EventType.ORDER_CANCELLED, 2, quantity=6)])
    (verdict,) = make.run(stage, [make.signal(1, Side.SELL, intent=EXIT)])
    assert verdict.data.signal.quantity == 2


def test_halted_denies_all_and_says_by_whom(make: Any) -> None:
    stage = make.stage()
    make.run(stage, [make.signal()])
    (obeyed, *told) = make.run(
        stage, [make.command(Command.HALT), make.signal(1), make.signal(2, Side.SELL, intent=EXIT)]
    )
    assert obeyed.type is EventType.CONTROL_EVENT
    assert codes(told) == [DenialCode.TRADING_HALTED] * 2
    assert told[0].data.failed.value == "HALTED by meera: drill"
    assert stage.trading_state is TradingState.HALTED


def test_reducing_passes_exits_and_resume_passes_all(make: Any) -> None:
    stage = make.stage()
    make.run(stage, [make.signal(), make.command(Command.REDUCE)])
    told = make.run(stage, [make.signal(1), make.signal(2, Side.SELL, 5, intent=EXIT)])
    assert codes(told) == [DenialCode.TRADING_REDUCING, "passed"]
    make.run(stage, [make.command(Command.RESUME, n=1)])
    assert codes(make.run(stage, [make.signal(3)])) == ["passed"]


def test_a_command_that_comes_again_is_not_obeyed_again(make: Any) -> None:
    stage = make.stage()
    halt, resume = make.command(Command.HALT), make.command(Command.RESUME, n=1)
    assert len(make.run(stage, [halt, resume, halt])) == 2
    assert stage.trading_state is TradingState.ACTIVE


def test_other_services_do_not_switch_this_one(make: Any) -> None:
    stage, other = make.stage(), make.stage()
    (obeyed,) = make.run(other, [make.command(Command.HALT)])
    theirs = type(obeyed.data)(
        **{n: getattr(obeyed.data, n) for n in obeyed.data.__struct_fields__} | {"service": "x"}
    )
    states = []
    for event in (make.event(EventType.CONTROL_EVENT, theirs, "theirs"), obeyed):
        stage.evolve(event)
        states.append(stage.trading_state)
    assert states == [TradingState.ACTIVE, TradingState.HALTED]


def test_a_like_entry_within_the_window_is_a_duplicate(make: Any) -> None:
    stage = make.stage(duplicate_window_ms=1_000)
    told = make.run(
        stage,
        [
            make.signal(0, ms=0),
            make.signal(1, ms=999),
            make.signal(2, ms=1_000),
            make.signal(3, quantity=11, ms=1_001),
        ],
    )
    assert codes(told) == ["passed", DenialCode.SIGNAL_DUPLICATE, "passed", "passed"]
    assert told[1].data.failed.value == "999 ms after its like"


def test_after_something_else_a_like_entry_is_none(make: Any) -> None:
    stage = make.stage(max_orders_per_second=100)
    told = make.run(
        stage,
        [
            make.signal(0, ms=0),
            make.signal(1, Side.SELL, ms=10, intent=EXIT),
            make.signal(2, ms=20),
            make.signal(3, ms=30, strategy="rsi"),
            make.signal(3, ms=30, instrument="NSE:TCS"),
        ],
    )
    assert codes(told) == ["passed"] * 5


def test_a_window_of_zero_is_off(make: Any) -> None:
    told = make.run(make.stage(duplicate_window_ms=0), [make.signal(0, ms=0), make.signal(1, ms=0)])
    assert codes(told) == ["passed", "passed"]


def test_the_rate_is_of_any_second_and_lets_exits_through(make: Any) -> None:
    stage = make.stage(max_orders_per_second=2, duplicate_window_ms=0)
    told = make.run(
        stage,
        [
            make.signal(0, ms=0),
            make.signal(1, ms=900),
            make.signal(2, ms=999),
            make.signal(3, Side.SELL, ms=999, intent=EXIT),
            make.signal(4, ms=1_000),
            make.signal(5, ms=2_000),
        ],
    )
    rate = DenialCode.RATE_EXCEEDS_MAX
    assert codes(told) == ["passed", "passed", rate, "passed", rate, "passed"]


def test_positions_are_counted_by_strategy_and_instrument(make: Any) -> None:
    stage = make.stage(max_open_positions=2)
    signals = [
        make.signal(0),
        make.signal(0, strategy="rsi", ms=5_000),
        make.signal(0, instrument="NSE:TCS", ms=6_000),
        make.signal(1, quantity=3),  # adds to what is open
        make.signal(2, Side.SELL, 20, intent=EXIT),
        make.signal(3, instrument="NSE:TCS"),
    ]
    assert codes(make.run(stage, signals)) == [
        *("passed", "passed", DenialCode.POSITIONS_EXCEED_MAX, "passed", "passed", "passed")
    ]


def test_an_older_tick_than_the_last_signals_is_stale(make: Any) -> None:
    stage = make.stage(max_tick_age_ms=5_000)
    told = make.run(stage, [make.signal(0, ms=20_000), make.signal(1, ms=10_000)])
    assert codes(told) == ["passed", DenialCode.TICK_STALE]


def test_how_far_the_feed_has_run_matters_for_real_money_only(make: Any) -> None:
    for mode, code in ((TradingMode.PAPER, "passed"), (TradingMode.LIVE, DenialCode.TICK_STALE)):
        stage = make.stage(mode=mode)
        told = make.run(stage, [make.tick(0), make.tick(60_000), make.tick(30_000), make.signal(0)])
        assert codes(told) == [code]


def test_a_signal_is_judged_once(make: Any) -> None:
    stage = make.stage()
    both = [make.signal(0, Side.BUY, n=0), make.signal(0, Side.SELL, n=1)]
    assert len(make.run(stage, both)) == 2
    assert make.run(stage, both) == []
    assert len(make.run(stage, [make.signal(5)])) == 1
    assert make.run(stage, both) == []


def test_the_verdict_has_one_id_whatever_it_is(make: Any) -> None:
    signal = make.signal(quantity=20)
    (passed,) = make.stage().decide(signal)
    (denied,) = make.stage(max_order_quantity_units=10).decide(signal)
    assert passed.id == denied.id


def test_a_snapshot_of_another_version_is_refused(make: Any) -> None:
    data = make.stage().snapshot().replace(b"\xa7version\x01", b"\xa7version\x63")
    with pytest.raises(InvariantError, match="version 99"):
        make.stage().restore(data)


ENDS = tuple(EventType(f"order_{end}") for end in ("filled", "cancelled", "rejected", "expired"))
wishes = st.tuples(
    st.integers(0, 3_000),
    st.sampled_from(Side),
    st.integers(1, 40),
    st.sampled_from(SignalIntent),
    st.sampled_from(("ema", "rsi")),
    st.sampled_from(("NSE:INFY", "NSE:TCS")),
    st.sampled_from(
        (None, *(EventType(f"order_{end}") for end in ("filled", "cancelled", "rejected", "expired")))
    ),
)


def story(make: Any, drawn: list[Any]) -> list[Any]:
    """Raw signals with rising ticks, and the names of what becomes of their orders."""
    ms = 0
    events = []
    for offset, (gap, side, quantity, intent, strategy, instrument, end) in enumerate(drawn):
        ms += gap
        signal = make.signal(
            offset, side, quantity, ms=ms, intent=intent, strategy=strategy, instrument=instrument
        )
        events.append((signal, end))
    return events


@given(drawn=st.lists(wishes, max_size=25), cut=st.integers(0, 25))
def test_a_restored_stage_decides_the_same(make: Any, drawn: list[Any], cut: int) -> None:
    limits = {"max_order_quantity_units": 30, "max_open_positions": 2, "max_orders_per_second": 3}
    one = make.stage(**limits)
    other = make.stage(**limits)
    for n, (signal, end) in enumerate(story(make, drawn)):
        if n == cut:
            fresh = make.stage(**limits)
            fresh.restore(other.snapshot())
            other = fresh
        told = make.run(one, [signal])
        assert make.run(other, [signal]) == told
        if end is not None and told[0].type is PASSED:
            done = told[0].data.signal.quantity if end is EventType.ORDER_FILLED else 0
            order = make.order(told[0], end, done)
            make.run(one, [order])
            make.run(other, [order])
        assert other.snapshot() == one.snapshot()


@given(drawn=st.lists(wishes, max_size=30))
def test_validated_exits_never_take_more_than_what_was_validated(make: Any, drawn: list[Any]) -> None:
    stage = make.stage(max_orders_per_second=1_000, duplicate_window_ms=0, max_open_positions=1_000)
    held: dict[tuple[str, str], int] = {}
    for signal, end in story(make, drawn):
        before = stage.snapshot()
        verdicts = list(stage.decide(signal))
        assert stage.snapshot() == before  # deciding changes nothing
        (verdict,) = make.run(stage, [signal])
        assert [verdict] == verdicts
        if verdict.type is DENIED:
            assert verdict.data.code is DenialCode.EXIT_WITHOUT_POSITION
            continue
        passed = verdict.data.signal
        key = passed.strategy_id, passed.instrument
        now = held.get(key, 0) + passed.side.sign * passed.quantity
        if passed.intent is EXIT:
            assert now * held[key] >= 0
            assert abs(now) < abs(held[key])
        if end in {EventType.ORDER_CANCELLED, EventType.ORDER_REJECTED, EventType.ORDER_EXPIRED}:
            make.run(stage, [make.order(verdict, end)])
        else:
            held[key] = now
