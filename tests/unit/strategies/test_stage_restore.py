"""A snapshot is the whole state: who restores it decides the same ever after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alphapanda.errors import InvariantError
from alphapanda.ids import BrokerId, InstrumentId, StrategyId
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import TradingMode
from alphapanda.strategies import saved
from alphapanda.strategies.config import StrategyConfig
from alphapanda.strategies.loader import bind_strategies
from alphapanda.strategies.stage import StrategiesStage

LONG, SHORT, RAISE, IDLE = 200.0, 50.0, 666.0, 100.0
INFY = InstrumentId("NSE:INFY")
Brokers = Mapping[BrokerId, TradingMode]

MOVES = st.lists(
    st.tuples(
        st.sampled_from(["NSE:INFY", "NSE:TCS", "NSE:SBIN"]),
        st.integers(min_value=-20, max_value=20),
        st.floats(min_value=0.0, max_value=9.0),
        st.integers(min_value=0, max_value=500),
    ),
    min_size=20,
    max_size=300,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES, data=st.data())
def test_after_any_tick_a_restored_stage_decides_as_the_one_that_ran_on(
    configs: Sequence[StrategyConfig],
    two_brokers: Brokers,
    make_tick: Any,
    feed: Any,
    run: Any,
    moves: list[tuple[str, int, float, int]],
    data: st.DataObject,
) -> None:
    times = accumulate(gap for _, _, gap, _ in moves)
    prices = accumulate((move for _, move, _, _ in moves), initial=1000)
    volumes = accumulate(volume for *_, volume in moves)
    events = feed(
        make_tick(at, price + move / 7, name, volume)
        for (name, move, _, _), at, price, volume in zip(moves, times, prices, volumes, strict=False)
    )
    cut = data.draw(st.integers(min_value=0, max_value=len(events)))
    strategies = bind_strategies(configs, None)
    ran_on, restored = StrategiesStage(strategies, two_brokers), StrategiesStage(strategies, two_brokers)
    run(ran_on, events[:cut])
    image = ran_on.snapshot()
    restored.restore(image)
    assert restored.notes == ()
    assert restored.snapshot() == image
    assert run(restored, events[cut:]) == run(ran_on, events[cut:])
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
    lane = was.lanes[INFY]
    instance = replace(lane.instances[StrategyId("obedient")], state=state)
    broken = replace(lane, instances={StrategyId("obedient"): instance})
    stage = StrategiesStage([bind(params=obedient_params(warm_up=1), code="1")], paper)
    stage.restore(saved.encode(replace(was, lanes={INFY: broken})))
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
    other = saved.SavedStage(format=99, strategies={}, lanes={})
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
