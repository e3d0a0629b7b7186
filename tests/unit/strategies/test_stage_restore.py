"""A snapshot is the whole state: who restores it decides the same ever after."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alphapanda.errors import InvariantError
from alphapanda.ids import BrokerId, InstrumentId, StrategyId
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import TradingMode
from alphapanda.model.tick import Tick
from alphapanda.strategies import saved
from alphapanda.strategies.config import StrategyConfig, parse_strategies
from alphapanda.strategies.loader import bind_strategies
from alphapanda.strategies.stage import StrategiesStage

LONG, SHORT, RAISE, IDLE = 200.0, 50.0, 666.0, 100.0
INFY = InstrumentId("NSE:INFY")
Brokers = Mapping[BrokerId, TradingMode]

QUICK: dict[str, dict[str, Any]] = {
    "ema": {"params": {"fast": 2, "slow": 5}},
    "rsi": {"params": {"period": 3}, "bar_seconds": 5},
    "donchian": {"params": {"entry": 4, "exit": 2}, "bar_seconds": 10, "square_off": "09:25"},
    "vwap": {"params": {"band": 1.0, "min_band_bps": 1.0, "stop": 2.0, "warm_up_ticks": 5}},
}
"""Parameters that give each of the four something to do within some hundred ticks."""


def random_ticks(make_tick: Any, seed: int) -> list[Tick]:
    """Return a random walk of three instruments, some of its ticks out of order."""
    rng, ticks, seconds = random.Random(seed), [], 0.0
    prices = dict.fromkeys(("NSE:INFY", "NSE:TCS", "NSE:SBIN"), 1000.0)
    volumes = dict.fromkeys(prices, 0)
    for _ in range(600):
        name = rng.choice(tuple(prices))
        seconds += rng.random() * 2.5
        prices[name] += rng.gauss(0, 1)
        volumes[name] += rng.randrange(500)
        late = rng.choice((0.0, 0.0, 0.0, 30.0))
        ticks.append(make_tick(seconds - late, prices[name], name, volumes[name]))
    return ticks


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(min_value=0, max_value=2**32), cut=st.integers(min_value=0, max_value=500))
def test_after_any_tick_a_restored_stage_decides_as_the_one_that_ran_on(
    configs: Sequence[StrategyConfig],
    two_brokers: Brokers,
    make_tick: Any,
    feed: Any,
    run: Any,
    seed: int,
    cut: int,
) -> None:
    tables = {
        config.id: {"class": config.class_path, "instruments": ["*"], "quantity": 3, **QUICK[config.id]}
        for config in configs
    }
    strategies = bind_strategies(parse_strategies({"strategies": tables}), None)
    events = feed(random_ticks(make_tick, seed))
    ran_on, restored = StrategiesStage(strategies, two_brokers), StrategiesStage(strategies, two_brokers)
    run(ran_on, events[:cut])
    image = ran_on.snapshot()
    restored.restore(image)
    assert restored.notes == ()
    assert restored.snapshot() == image
    expected = run(ran_on, events[cut:])
    assert run(restored, events[cut:]) == expected
    assume({event.data.strategy_id for event in expected} >= {"ema", "rsi", "vwap"})  # else it shows little
    assert restored.snapshot() == ran_on.snapshot()


def test_a_restore_replaces_all_that_was(bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any) -> None:
    empty = StrategiesStage([bind()], paper).snapshot()
    stage = StrategiesStage([bind()], paper)
    run(stage, feed([make_tick(0, LONG), make_tick(1, RAISE)]))
    stage.restore(empty)
    assert stage.snapshot() == empty
    assert (stage.fenced, stage.failures, stage.holding(StrategyId("obedient"), INFY)) == ({}, {}, None)


def test_the_log_is_followed_where_it_decided_otherwise(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any, strategy_id: StrategyId
) -> None:
    """Settled inputs are folded with what the log holds of them: no signal in the log, nothing held."""
    events = feed([make_tick(0, LONG), make_tick(1, IDLE), make_tick(2, LONG)])
    stage = StrategiesStage([bind()], paper)
    for event in events[:2]:
        stage.evolve(event)
    held = stage.holding(strategy_id, INFY)
    assert held is not None
    assert held.quantity == 0
    assert len(run(stage, events[2:])) == 1


def test_copies_for_further_brokers_are_folded_once_in_any_order(
    bind: Any, two_brokers: Brokers, make_tick: Any, feed: Any, run: Any, strategy_id: StrategyId
) -> None:
    events = feed([make_tick(0, LONG), make_tick(1, SHORT)])
    outputs = run(StrategiesStage([bind()], two_brokers), events)
    torn = sorted(outputs, key=lambda e: (e.data.tick.offset, e.data.broker))
    stage = StrategiesStage([bind()], two_brokers)
    for event in [events[0], *torn[:2], events[1], *torn[2:], *torn[2:]]:
        stage.evolve(event)
    held = stage.holding(strategy_id, INFY)
    assert held is not None
    assert held.quantity == -10


@pytest.fixture
def holding_image(bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any, obedient_params: Any) -> bytes:
    stage = StrategiesStage([bind(params=obedient_params(warm_up=1), code="1")], paper)
    run(stage, feed([make_tick(0, IDLE), make_tick(1, LONG)]))
    return stage.snapshot()


def test_other_parameters_begin_anew_and_keep_what_is_held(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any, obedient_params: Any, holding_image: bytes
) -> None:
    stage = StrategiesStage([bind(params=obedient_params(warm_up=2), code="1")], paper)
    stage.restore(holding_image)
    assert stage.notes == ("obedient on NSE:INFY was configured otherwise: it warms up anew and keeps +10",)
    outputs = run(stage, feed(make_tick(n, SHORT) for n in range(2, 5)))
    assert [(e.data.tick.offset, e.data.intent.value) for e in outputs] == [(2, "EXIT"), (2, "ENTRY")]


def test_what_is_held_where_nobody_works_any_more_is_said(bind: Any, paper: Brokers, holding_image: bytes) -> None:
    stage = StrategiesStage([bind(instruments=["NSE:TCS"])], paper)
    stage.restore(holding_image)
    (note,) = stage.notes
    assert "held +10 NSE:INFY" in note


@pytest.mark.parametrize("state", [None, b"\x01", b""])
def test_a_state_that_cannot_be_read_begins_anew(
    bind: Any, paper: Brokers, obedient_params: Any, holding_image: bytes, state: bytes | None
) -> None:
    was = saved.decode(holding_image)
    lane = was.groups[INFY]
    instance = replace(lane.instances[StrategyId("obedient")], state=state)
    broken = replace(lane, instances={StrategyId("obedient"): instance})
    stage = StrategiesStage([bind(params=obedient_params(warm_up=1), code="1")], paper)
    stage.restore(saved.encode(replace(was, groups={INFY: broken})))
    assert "its state cannot be read" in stage.notes[0]
    held = stage.holding(StrategyId("obedient"), INFY)
    assert held is not None
    assert held.quantity == 10


def test_a_fence_outlives_a_restart_until_the_source_changes(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any
) -> None:
    events = feed([make_tick(0, RAISE), make_tick(1, LONG)])
    stage = StrategiesStage([bind(code="1")], paper)
    run(stage, events[:1])
    image = stage.snapshot()

    same = StrategiesStage([bind(code="1")], paper)
    same.restore(image)
    assert same.fenced.keys() == {"obedient"}
    assert "still fenced off" in same.notes[0]
    assert run(same, events[1:]) == []

    changed = StrategiesStage([bind(code="2")], paper)
    changed.restore(image)
    assert changed.fenced == {}
    assert changed.failures == {"obedient": 1}
    assert "its fence is lifted" in changed.notes[0]
    assert len(run(changed, events[1:])) == 1


def test_a_failure_between_its_tick_and_its_alert_is_in_the_snapshot(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any
) -> None:
    (event,) = feed([make_tick(0, RAISE)])
    stage, after = StrategiesStage([bind()], paper), StrategiesStage([bind()], paper)
    (alert,) = stage.decide(event)
    stage.evolve(event)
    after.restore(stage.snapshot())
    assert after.fenced == {}
    after.evolve(alert)
    assert after.fenced.keys() == {"obedient"}


def test_foreign_bytes_are_refused(bind: Any, paper: Brokers) -> None:
    stage = StrategiesStage([bind()], paper)
    with pytest.raises(InvariantError, match="cannot be read"):
        stage.restore(b"\x00")
    other = saved.SavedStage(format=99, strategies={}, groups={})
    with pytest.raises(InvariantError, match="format 99"):
        stage.restore(saved.encode(other))


def test_a_snapshot_does_not_depend_on_the_order_in_which_instruments_were_seen(
    bind: Any, paper: Brokers, make_tick: Any, feed: Any, run: Any
) -> None:
    events: list[Event] = feed(make_tick(n, LONG, i) for n, i in enumerate(["NSE:B", "NSE:A", "NSE:C"]))
    one, other = StrategiesStage([bind()], paper), StrategiesStage([bind()], paper)
    run(one, events)
    run(other, reversed(events))
    assert one.snapshot() == other.snapshot()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(min_value=0, max_value=2**32), settled=st.integers(min_value=0, max_value=600))
def test_folding_settled_ticks_with_what_the_log_holds_of_them_leads_to_the_same_state(
    bind: Any,
    obedient_on_bars: Any,
    two_brokers: Brokers,
    make_tick: Any,
    feed: Any,
    run: Any,
    seed: int,
    settled: int,
) -> None:
    """As recovery does without a snapshot: settled inputs are never decided, their logged outputs are folded."""
    rng = random.Random(seed)
    prices = [rng.choice([IDLE, IDLE, LONG, SHORT, 150.0]) for _ in range(600)]
    prices[rng.randrange(600)] = RAISE
    events = feed(make_tick(n, price, rng.choice(["NSE:INFY", "NSE:TCS"])) for n, price in enumerate(prices))
    bound = [bind("ticks", square_off="09:22"), bind("bars", obedient_on_bars, bar_seconds=7)]
    ran, recovered = StrategiesStage(bound, two_brokers), StrategiesStage(bound, two_brokers)
    for event in events[:settled]:
        outputs = run(ran, [event])
        recovered.evolve(event)
        for output in outputs:
            recovered.evolve(output)
    assert recovered.snapshot() == ran.snapshot()
    assert run(recovered, events[settled:]) == run(ran, events[settled:])
    assert ran.fenced.keys() >= {"ticks"}
