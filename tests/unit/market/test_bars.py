"""Time bars agree with a naive grouping, and keep the documented policy."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.ids import InstrumentId
from alphapanda.market import bars
from alphapanda.market.bars import Bar, BarState, bar_bounds
from alphapanda.model.tick import Tick

INFY = InstrumentId("NSE:INFY")
OPEN = datetime(2025, 11, 17, 3, 45, tzinfo=UTC)
"""09:15 IST."""


def tick(seconds: float, price: float, volume: int = 0) -> Tick:
    return Tick(
        instrument=INFY,
        instrument_token=1,
        exchange_ts=OPEN + timedelta(seconds=seconds),
        last_price=price,
        volume=volume,
    )


def build(ticks: Iterable[Tick], seconds: int) -> tuple[list[Bar], BarState | None]:
    state: BarState | None = None
    closed: list[Bar] = []
    for each in ticks:
        state, bar = bars.step(state, each, seconds)
        if bar is not None:
            closed.append(bar)
    return closed, state


def test_a_bar_has_open_high_low_close_volume_and_closes_with_the_first_tick_after_its_end() -> None:
    ticks = [tick(0, 100, 50), tick(10, 105, 60), tick(20, 95, 75), tick(59.999999, 101, 90), tick(60, 102, 100)]
    closed, state = build(ticks, 60)
    expected = Bar(INFY, OPEN, OPEN + timedelta(minutes=1), 100.0, 105.0, 95.0, 101.0, volume=40, ticks=4)
    assert closed == [expected]
    assert state is not None
    assert bars.close(state, INFY).open == 102.0
    assert bars.close(state, INFY).volume == 10
    assert closed[0].last_price == closed[0].close


def test_intervals_without_ticks_give_no_bars() -> None:
    closed, _ = build([tick(0, 1), tick(600, 2), tick(660, 3)], 60)
    assert [bar.start for bar in closed] == [OPEN, OPEN + timedelta(minutes=10)]


def test_hourly_bars_begin_with_the_session_and_none_crosses_midnight() -> None:
    assert bar_bounds(OPEN + timedelta(minutes=90), 3600) == (OPEN + timedelta(hours=1), OPEN + timedelta(hours=2))
    before = OPEN - timedelta(minutes=5)
    assert bar_bounds(before, 3600) == (OPEN - timedelta(hours=1), OPEN)
    midnight = datetime(2025, 11, 17, 18, 30, tzinfo=UTC)
    assert bar_bounds(midnight - timedelta(minutes=1), 3600)[1] == midnight
    assert bar_bounds(midnight, 3600)[0] == midnight


def test_a_late_tick_never_reopens_a_bar_but_its_volume_counts() -> None:
    ticks = [tick(0, 100, 10), tick(61, 101, 20), tick(30, 999, 30), tick(62, 102, 25), tick(120, 1, 40)]
    closed, _ = build(ticks, 60)
    assert [bar.high for bar in closed] == [100.0, 102.0]
    assert closed[1].late == 1
    assert closed[1].volume == 20
    assert sum(bar.volume for bar in closed) == 20


def test_a_tick_out_of_order_inside_the_bar_is_used_as_it_comes() -> None:
    closed, _ = build([tick(10, 100), tick(5, 110), tick(60, 1)], 60)
    assert (closed[0].open, closed[0].high, closed[0].close) == (100.0, 110.0, 110.0)


def test_volume_begins_at_zero_on_a_new_day() -> None:
    next_day = 24 * 3600
    ticks = [tick(0, 1, 1000), tick(30, 1, 1500), tick(next_day, 1, 200), tick(next_day + 60, 1, 250)]
    closed, _ = build(ticks, 60)
    assert [bar.volume for bar in closed] == [500, 200]


def test_time_that_went_back_begins_anew_after_a_run_of_very_late_ticks() -> None:
    ahead = [tick(7200, 100, 10)]
    again = [tick(n, 50 + n, 100 + n) for n in range(bars.REWIND_RUN + 60)]
    closed, state = build([*ahead, *again], 60)
    assert state is not None
    assert state.start == OPEN + timedelta(minutes=1)
    assert [bar.start for bar in closed] == [OPEN]
    assert closed[0].open == 50 + bars.REWIND_RUN - 1


def test_single_very_late_ticks_change_nothing() -> None:
    ticks = [t for n in range(40) for t in (tick(7200 + n, 100), tick(n, 1))]
    closed, state = build([*ticks, tick(7260, 100)], 60)
    assert [(bar.low, bar.late) for bar in closed] == [(100.0, 40)]
    assert state is not None


STEPS = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=200, allow_nan=False),
        st.floats(min_value=1, max_value=1e5, allow_nan=False),
        st.integers(min_value=0, max_value=10_000),
    ),
    min_size=1,
    max_size=60,
)


@given(STEPS, st.sampled_from([1, 7, 60, 300, 3600]))
def test_ordered_ticks_give_the_bars_of_a_naive_grouping(
    steps: list[tuple[float, float, int]], seconds: int
) -> None:
    ticks, at, volume = [], 0.0, 0
    for gap, price, traded in steps:
        at, volume = at + gap, volume + traded
        ticks.append(tick(at, price, volume))
    closed, state = build(ticks, seconds)
    assert state is not None
    built = [*closed, bars.close(state, INFY)]

    groups: dict[datetime, list[Tick]] = {}
    for each in ticks:
        number = (each.exchange_ts - OPEN) // timedelta(seconds=seconds)
        groups.setdefault(OPEN + number * timedelta(seconds=seconds), []).append(each)
    assert [bar.start for bar in built] == list(groups)
    for bar, group in zip(built, groups.values(), strict=True):
        prices = [each.last_price for each in group]
        assert (bar.open, bar.high, bar.low, bar.close) == (prices[0], max(prices), min(prices), prices[-1])
        assert bar.ticks == len(group)
    assert sum(bar.volume for bar in built) == ticks[-1].volume - ticks[0].volume


@given(STEPS, st.randoms(use_true_random=False))
def test_any_order_of_ticks_gives_bars_that_go_forward_and_lose_no_tick(
    steps: list[tuple[float, float, int]], shuffle: object
) -> None:
    ticks = [tick(gap, price, traded) for gap, price, traded in steps]
    getattr(shuffle, "shuffle")(ticks)  # noqa: B009
    closed, state = build(ticks, 7)
    assert state is not None
    built = [*closed, bars.close(state, INFY)]
    assert all(earlier.end <= later.start for earlier, later in pairwise(built))
    assert sum(bar.ticks + bar.late for bar in built) == len(ticks)
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in built)
    assert all(bar.volume >= 0 for bar in built)


def test_a_bar_in_progress_survives_bytes() -> None:
    _, state = build([tick(0, 100.1, 5), tick(61, 100.2, 9), tick(5, 1)], 60)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=BarState) == state


@pytest.mark.parametrize("seconds", [1, 60, bars.MAX_BAR_SECONDS])
def test_bounds_hold_the_moment(seconds: int) -> None:
    for minutes in range(0, 24 * 60, 17):
        moment = OPEN + timedelta(minutes=minutes)
        start, end = bar_bounds(moment, seconds)
        assert start <= moment < end
