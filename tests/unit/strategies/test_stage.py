"""The stage: who gets which signal, what is held, when strategies are silent, and what a raising one does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from alphapanda.ids import SYSTEM, BrokerId, InstrumentId, StrategyId, derive_event_id
from alphapanda.model.control import Severity
from alphapanda.model.envelope import Event
from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import EventType, OrderType, Product, Side, TradingMode
from alphapanda.model.signal import Signal, SignalIntent
from alphapanda.model.stage import Stage, timer_event
from alphapanda.serialization.codec import decode, encode
from alphapanda.strategies.base import NOTHING, Decision, Stance
from alphapanda.strategies.stage import FENCED, StrategiesStage

LONG, SHORT, FLAT, RAISE, IDLE = 200.0, 50.0, 150.0, 666.0, 100.0
INFY, TCS = InstrumentId("NSE:INFY"), InstrumentId("NSE:TCS")

Brokers = Mapping[BrokerId, TradingMode]


def briefly(outputs: list[Event]) -> list[tuple[str, str, int, str]]:
    """Return (broker, intent, signed quantity, instrument) of each signal."""
    signals = [event.data for event in outputs if event.type is EventType.SIGNAL_RAW]
    return [(s.broker, s.intent.value, s.side.sign * s.quantity, s.instrument) for s in signals]


def test_it_is_a_stage(bind: Any, paper: Brokers) -> None:
    stage: Stage = StrategiesStage([bind()], paper)
    assert list(stage.decide(timer_event(datetime(2025, 11, 17, 4, tzinfo=UTC), "strategies"))) == []


def test_one_decision_reaches_every_active_broker_with_one_decision_id(
    bind: Any, two_brokers: Brokers, make_tick: Any, feed: Any, run: Any
) -> None:
    events = feed([make_tick(0, IDLE), make_tick(1, LONG)])
    outputs = run(StrategiesStage([bind()], two_brokers), events)
    assert briefly(outputs) == [("paper", "ENTRY", 10, INFY), ("zerodha", "ENTRY", 10, INFY)]
    cause = events[1]
    expected = derive_event_id(cause.id, f"decision/obedient/{INFY}", 0)
    assert len({event.id for event in outputs}) == 2
    for event in outputs:
        envelope, signal = event.envelope, event.data
        assert isinstance(signal, Signal)
        assert signal.decision_id == envelope.correlation_id == expected
        assert (envelope.key, envelope.source, envelope.broker) == ("obedient", "strategies", signal.broker)
        assert (envelope.causation_id, envelope.ts) == (cause.id, cause.envelope.ts)
        assert signal.trading_mode is two_brokers[signal.broker]
        assert (signal.tick.event_id, signal.tick.partition, signal.tick.offset) == (
            cause.id,
            cause.at.partition,
            cause.at.offset,
        )
        assert signal.reason == "told to be long"
        assert decode(EventType.SIGNAL_RAW, encode(envelope)) == envelope


def test_a_strategy_trades_at_its_own_brokers_alone(
    bind: Any, two_brokers: Brokers, make_tick: Any, feed: Any, run: Any
) -> None:
    bound = [bind("a", brokers=["zerodha"]), bind("b", brokers=["paper"]), bind("c", brokers=["elsewhere"])]
    stage = StrategiesStage(bound, two_brokers)
    outputs = run(stage, feed([make_tick(0, LONG)]))
    assert [(e.data.strategy_id, e.data.broker) for e in outputs] == [("a", "zerodha"), ("b", "paper")]
    assert stage.holding(StrategyId("c"), INFY) is None


def test_a_reversal_is_an_exit_and_then_an_entry(
    bind: Any, two_brokers: Brokers, make_tick: Any, feed: Any, run: Any, strategy_id: StrategyId
) -> None:
    stage = StrategiesStage([bind()], two_brokers)
    events = feed([make_tick(0, LONG), make_tick(1, SHORT)])
    first, second = run(stage, events[:1]), run(stage, events[1:])
    assert briefly(first) == [("paper", "ENTRY", 10, INFY), ("zerodha", "ENTRY", 10, INFY)]
    assert briefly(second) == [
        ("paper", "EXIT", -10, INFY),
        ("zerodha", "EXIT", -10, INFY),
        ("paper", "ENTRY", -10, INFY),
        ("zerodha", "ENTRY", -10, INFY),
    ]
    assert len({e.data.decision_id for e in second}) == 2
    held = stage.holding(strategy_id, INFY)
    assert held is not None
    assert (held.quantity, held.entry_price, held.entered_at) == (-10, SHORT, events[1].data.exchange_ts)


def test_wanting_what_is_held_says_nothing_and_flat_only_closes(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any, strategy_id: StrategyId
) -> None:
    prices = [FLAT, LONG, LONG, IDLE, FLAT, FLAT]
    stage = StrategiesStage([bind()], paper)
    outputs = run(stage, feed([make_tick(n, price) for n, price in enumerate(prices)]))
    assert briefly(outputs) == [("paper", "ENTRY", 10, INFY), ("paper", "EXIT", -10, INFY)]
    assert stage.holding(strategy_id, INFY) == NOTHING


def test_each_instrument_has_an_instance_of_its_own(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any, strategy_id: StrategyId
) -> None:
    stage = StrategiesStage([bind(instruments=["NSE:INFY", "NSE:T*"])], paper)
    ticks = [make_tick(0, LONG), make_tick(1, SHORT, TCS), make_tick(2, LONG, "NSE:SBIN")]
    assert briefly(run(stage, feed(ticks))) == [("paper", "ENTRY", 10, INFY), ("paper", "ENTRY", -10, TCS)]
    assert stage.holding(strategy_id, InstrumentId("NSE:SBIN")) is None


@pytest.mark.parametrize(
    ("direction", "prices", "expected"),
    [
        ("long", [LONG, SHORT, SHORT], [("ENTRY", 10), ("EXIT", -10)]),
        ("short", [LONG, SHORT, LONG], [("ENTRY", -10), ("EXIT", 10)]),
    ],
)
def test_a_direction_turns_the_other_side_into_flat(
    bind: Any,
    paper: Brokers,
    make_tick: Any,
    feed: Any,
    run: Any,
    direction: str,
    prices: list[float],
    expected: list[tuple[str, int]],
) -> None:
    stage = StrategiesStage([bind(direction=direction)], paper)
    outputs = run(stage, feed([make_tick(n, price) for n, price in enumerate(prices)]))
    assert [(intent, change) for _, intent, change, _ in briefly(outputs)] == expected


def test_a_warm_up_swallows_decisions_but_not_state(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any, obedient_params: Any
) -> None:
    stage = StrategiesStage([bind(params=obedient_params(warm_up=2))], paper)
    outputs = run(stage, feed([make_tick(0, LONG), make_tick(1, LONG), make_tick(2, LONG)]))
    assert [event.data.tick.offset for event in outputs] == [2]


def test_bars_are_given_when_they_close_and_warm_up_counts_bars(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any, obedient_on_bars: Any, obedient_params: Any
) -> None:
    bound = bind(kind=obedient_on_bars, params=obedient_params(warm_up=1), bar_seconds=60)
    ticks = [make_tick(0, LONG), make_tick(60, LONG), make_tick(90, LONG), make_tick(125, SHORT)]
    outputs = run(StrategiesStage([bound], paper), feed(ticks))
    assert [(e.data.tick.offset, e.data.side) for e in outputs] == [(3, Side.BUY)]


def test_limit_prices_are_put_on_the_grid_and_only_entries_have_them(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any, obedient_params: Any
) -> None:
    infy = Instrument(exchange="NSE", tradingsymbol="INFY", instrument_token=1, tick_size=Decimal("0.05"))
    stage = StrategiesStage(
        [bind(params=obedient_params(limit=199.98), product="NRML")], paper, {infy.id: infy}.get
    )
    outputs = run(stage, feed([make_tick(0, LONG), make_tick(1, FLAT)]))
    assert [(e.data.order_type, e.data.limit_price, e.data.product) for e in outputs] == [
        (OrderType.LIMIT, Decimal("200.00"), Product.NRML),
        (OrderType.MARKET, None, Product.NRML),
    ]


def test_square_off_makes_flat_and_opens_nothing_until_the_next_day(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any
) -> None:
    at = 6 * 3600 + 5 * 60  # 15:20 IST is 6 h 5 min after 09:15
    ticks = [
        make_tick(0, LONG),
        make_tick(at - 1, IDLE),
        make_tick(at, IDLE),
        make_tick(at + 1, LONG),
        make_tick(24 * 3600, SHORT),
    ]
    outputs = run(StrategiesStage([bind(square_off="15:20")], paper), feed(ticks))
    assert [(e.data.tick.offset, e.data.intent, e.data.side) for e in outputs] == [
        (0, SignalIntent.ENTRY, Side.BUY),
        (2, SignalIntent.EXIT, Side.SELL),
        (4, SignalIntent.ENTRY, Side.SELL),
    ]
    assert outputs[1].data.reason == "square-off at 15:20 IST"


def test_a_strategy_that_raises_is_fenced_off_alerted_and_counted_and_the_others_run_on(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any
) -> None:
    bound = [bind("bad", instruments=["NSE:INFY", "NSE:TCS"], quantity=7), bind("good", instruments=["NSE:TCS"])]
    stage = StrategiesStage(bound, paper)
    events = feed([make_tick(0, LONG), make_tick(1, RAISE), make_tick(2, SHORT), make_tick(3, LONG, TCS)])
    before = run(stage, events[:2])
    (alert,) = [event for event in before if event.type is EventType.ALERT_RAISED]
    assert (alert.envelope.broker, alert.envelope.key, alert.envelope.source) == (
        SYSTEM,
        "strategies",
        "strategies",
    )
    assert (alert.data.severity, alert.data.code) == (Severity.CRITICAL, FENCED)
    assert "Strategy bad is fenced off: on NSE:INFY it raised ZeroDivisionError('the price of the beast')" in (
        alert.data.message
    )
    assert "conftest.py:" in alert.data.message
    assert "It holds +7 there" in alert.data.message
    assert decode(EventType.ALERT_RAISED, encode(alert.envelope)) == alert.envelope
    assert stage.failures == {"bad": 1}
    assert stage.fenced.keys() == {"bad"}
    after = run(stage, events[2:])
    assert [(e.data.strategy_id, e.data.instrument) for e in after] == [("good", TCS)]


def test_a_fenced_strategy_is_still_squared_off(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any
) -> None:
    stage = StrategiesStage([bind(square_off="09:20")], paper)
    ticks = [
        make_tick(0, LONG),
        make_tick(1, RAISE),
        make_tick(2, IDLE),
        make_tick(300, IDLE),
        make_tick(301, IDLE),
    ]
    signals = [e for e in run(stage, feed(ticks)) if e.type is EventType.SIGNAL_RAW]
    assert [(e.data.tick.offset, e.data.intent) for e in signals] == [
        (0, SignalIntent.ENTRY),
        (3, SignalIntent.EXIT),
    ]


def test_a_failure_whose_alert_is_not_in_the_log_does_not_fence(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any
) -> None:
    """Settled inputs are folded without being decided: the fence follows the log, and is loud when it is new."""
    stage = StrategiesStage([bind()], paper)
    events = feed([make_tick(0, RAISE), make_tick(1, LONG), make_tick(2, RAISE)])
    stage.evolve(events[0])
    assert stage.fenced == {}
    outputs = run(stage, events[1:])
    assert [event.type for event in outputs] == [EventType.SIGNAL_RAW, EventType.ALERT_RAISED]
    assert stage.fenced.keys() == {"obedient"}


@pytest.mark.parametrize(
    "returned",
    [
        None,
        (1, None),
        ("state", Decision(Stance.LONG, "x")),
        (None, "long"),
        (None, Decision(Stance.LONG, 3)),  # type: ignore[arg-type]
        (None, Decision("long", "x")),  # type: ignore[arg-type]
        (None, Decision(Stance.LONG, "x", float("nan"))),
        (None, Decision(Stance.LONG, "x", -1.0)),
    ],
)
def test_what_a_strategy_must_not_return_fences_it(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any, returned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = bind()

    def on_tick(_self: object, state: object, *_: object) -> object:
        return (state, returned[1]) if isinstance(returned, tuple) and returned[0] is None else returned

    monkeypatch.setattr(type(bound.strategy), "on_tick", on_tick)
    (alert,) = run(StrategiesStage([bound], paper), feed([make_tick(0, IDLE)]))
    assert alert.data.code == FENCED


def test_deciding_changes_nothing(
    bind: Any, two_brokers: Brokers, make_tick: Any, feed: Any, run: Any, obedient_on_bars: Any
) -> None:
    bound = [bind("ticks"), bind("bars", obedient_on_bars, bar_seconds=5), bind("off", square_off="09:16")]
    events = feed([make_tick(n, p, i) for n, p in enumerate([LONG, IDLE, SHORT, FLAT] * 20) for i in (INFY, TCS)])
    stage, plain = StrategiesStage(bound, two_brokers), StrategiesStage(bound, two_brokers)
    for position, event in enumerate(events):
        before = stage.snapshot()
        first = list(stage.decide(event))
        assert list(stage.decide(event)) == first
        for other in events[position : position + 3]:
            list(stage.decide(other))
        assert stage.snapshot() == before
        stage.evolve(event)
        for output in first:
            stage.evolve(output)
        assert run(plain, [event]) == first
        assert stage.snapshot() == plain.snapshot()


def test_a_tick_that_is_not_in_the_log_is_left_alone(bind: Any, paper: Brokers, make_tick: Any, feed: Any) -> None:
    (event,) = feed([make_tick(0, LONG)])
    stage = StrategiesStage([bind()], paper)
    empty = stage.snapshot()
    outside = Event(event.envelope)
    assert list(stage.decide(outside)) == []
    stage.evolve(outside)
    assert stage.snapshot() == empty


def test_how_partitions_interleave_changes_no_decision(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any, obedient_on_bars: Any
) -> None:
    bound = [bind("ticks"), bind("bars", obedient_on_bars, bar_seconds=3)]
    events = feed([make_tick(n, p, i) for n, p in enumerate([LONG, SHORT, FLAT] * 10) for i in (INFY, TCS)])
    mixed = run(StrategiesStage(bound, paper), events)
    by_instrument = sorted(events, key=lambda e: e.data.instrument)
    apart = run(StrategiesStage(bound, paper), by_instrument)
    assert sorted(e.id for e in mixed) == sorted(e.id for e in apart)
    assert len(mixed) > 20
