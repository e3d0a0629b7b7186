"""The shipped strategies decide where a reader of their documentation expects it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.ids import InstrumentId
from alphapanda.market.bars import Bar
from alphapanda.model.tick import Tick
from alphapanda.strategies.base import NOTHING, Decision, Holding, Stance, Strategy
from alphapanda.strategies.bundled.donchian_breakout import DonchianBreakout, DonchianBreakoutParams
from alphapanda.strategies.bundled.ema_crossover import EmaCrossover, EmaCrossoverParams
from alphapanda.strategies.bundled.rsi_reversion import RsiReversion, RsiReversionParams
from alphapanda.strategies.bundled.vwap_reversion import VwapReversion, VwapReversionParams
from alphapanda.strategies.indicators import Ema

OPEN = datetime(2025, 11, 17, 3, 45, tzinfo=UTC)
X = InstrumentId("NSE:X")
HELD = {Stance.LONG: 1, Stance.FLAT: 0, Stance.SHORT: -1}


def ticks_of(prices: Iterable[float], volume: int = 100) -> list[Tick]:
    return [
        Tick(X, 1, OPEN + timedelta(seconds=n), price, volume=(n + 1) * volume) for n, price in enumerate(prices)
    ]


def follow(strategy: Strategy[Any, Any], ticks: Sequence[Tick]) -> list[tuple[int, Decision]]:
    """Return (number of the tick, decision) of each change of stance, the holding following at once."""
    state, holding = strategy.initial(), NOTHING
    changes: list[tuple[int, Decision]] = []
    for n, tick in enumerate(ticks):
        state, decision = strategy.on_tick(state, tick, holding)
        if decision is not None and decision.stance is not holding.stance and n >= strategy.warm_up:
            changes.append((n, decision))
            holding = Holding(HELD[decision.stance], tick.last_price, tick.exchange_ts)
    return changes


def stances(changes: Iterable[tuple[int, Decision]]) -> list[Stance]:
    return [decision.stance for _, decision in changes]


PRICES = st.lists(st.integers(min_value=900, max_value=1100).map(float), min_size=30, max_size=120)


@given(PRICES)
def test_ema_crossover_decides_exactly_where_two_emas_cross(prices: list[float]) -> None:
    strategy = EmaCrossover(EmaCrossoverParams(fast=3, slow=10))
    fast, slow, side, expected = Ema(3), Ema(10), 0, []
    for n, price in enumerate(prices):
        fast, slow = fast.update(price), slow.update(price)
        now = (fast.value > slow.value) - (fast.value < slow.value) or side
        if side and now != side and n >= 10:
            expected.append((n, Stance.LONG if now > 0 else Stance.SHORT))
        side = now
    state, found = strategy.initial(), []
    for n, tick in enumerate(ticks_of(prices)):
        state, decision = strategy.on_tick(state, tick, NOTHING)
        if decision is not None and n >= strategy.warm_up:
            found.append((n, decision.stance))
    assert found == expected


def test_ema_crossover_says_what_it_saw_and_enters_a_trend_only_when_told() -> None:
    rising = ticks_of(range(100, 140))
    assert follow(EmaCrossover(EmaCrossoverParams(fast=3, slow=10)), rising) == []
    ((number, decision),) = follow(EmaCrossover(EmaCrossoverParams(fast=3, slow=10, enter_on_trend=True)), rising)
    assert (number, decision) == (10, Decision(Stance.LONG, "EMA 3 is above EMA 10"))
    turning = ticks_of([*range(100, 130), *range(130, 100, -1)])
    ((_, crossed),) = follow(EmaCrossover(EmaCrossoverParams(fast=3, slow=10)), turning)
    assert crossed == Decision(Stance.SHORT, "EMA 3 crossed below EMA 10")


def test_ema_crossover_needs_the_gap_that_it_was_told() -> None:
    prices = [1000.0] * 12 + [1000.1, 999.9] * 20
    wide = EmaCrossoverParams(fast=3, slow=10, min_gap_bps=5)
    assert len(follow(EmaCrossover(EmaCrossoverParams(fast=3, slow=10)), ticks_of(prices))) > 5
    assert follow(EmaCrossover(wide), ticks_of(prices)) == []
    swing = ticks_of([*prices, *range(990, 960, -1), *range(960, 1000)])
    assert stances(follow(EmaCrossover(wide), swing)) == [Stance.LONG]


def test_bars_closes_give_what_ticks_of_the_same_prices_give() -> None:
    prices = [100 + (n * 7919 % 23) / 3 for n in range(200)]
    for strategy in (EmaCrossover(EmaCrossoverParams(fast=3, slow=8)), RsiReversion(RsiReversionParams(period=5))):
        by_tick: Any = strategy.initial()
        by_bar: Any = strategy.initial()
        for tick in ticks_of(prices):
            price, at = tick.last_price, tick.exchange_ts
            bar = Bar(X, at, at + timedelta(seconds=1), price, price, price, price, 1, 1)
            by_tick, said = strategy.on_tick(by_tick, tick, NOTHING)
            by_bar, said_too = strategy.on_bar(by_bar, bar, NOTHING)
            assert said_too == said
        assert by_bar == by_tick


def test_rsi_reversion_buys_the_fall_sells_the_rise_and_leaves_in_the_middle() -> None:
    prices = [100, 101, 100, 101, 100, 101, 95, 90, 85, 90, 95, 100, 105, 110, 112, 108, 104, 100]
    changes = follow(RsiReversion(RsiReversionParams(period=4)), ticks_of(prices))
    assert stances(changes) == [Stance.LONG, Stance.FLAT, Stance.SHORT, Stance.FLAT]
    assert changes[0][1].reason.startswith("RSI 4 fell to ")


def test_donchian_breakout_enters_a_break_and_leaves_on_the_shorter_channel() -> None:
    prices = [100, 101, 99, 100, 101, 100, 102, 103, 104, 103, 100, 90]
    changes = follow(DonchianBreakout(DonchianBreakoutParams(entry=5, exit=2)), ticks_of(prices))
    assert [(n, d.stance) for n, d in changes] == [(6, Stance.LONG), (10, Stance.FLAT), (11, Stance.SHORT)]
    assert changes[0][1].reason == "102 broke the 5-high 101"


def test_donchian_on_bars_compares_closes_with_highs_and_lows() -> None:
    strategy = DonchianBreakout(DonchianBreakoutParams(entry=2, exit=1))
    state = strategy.initial()
    said = []
    for high, low, close in [(105, 95, 100), (106, 96, 100), (120, 99, 106), (108, 100, 107)]:
        bar = Bar(X, OPEN, OPEN + timedelta(minutes=1), 100, high, low, close, 1, 1)
        state, decision = strategy.on_bar(state, bar, NOTHING)
        said.append(decision)
    assert said[2:] == [None, None]
    _, decision = strategy.on_bar(state, Bar(X, OPEN, OPEN, 100, 130, 100, 121, 1, 1), NOTHING)
    assert decision == Decision(Stance.LONG, "121 broke the 2-high 120")


def test_vwap_reversion_fades_and_leaves_at_the_average() -> None:
    prices = [100, 101, 99, 100, 101, 99, 100, 110, 105, 100, 90]
    strategy = VwapReversion(VwapReversionParams(band=2, warm_up_ticks=5))
    changes = follow(strategy, ticks_of(prices))
    assert [(n, d.stance) for n, d in changes] == [(7, Stance.SHORT), (9, Stance.FLAT), (10, Stance.LONG)]


def test_vwap_reversion_stops_and_waits_until_the_price_was_back() -> None:
    calm = [100 + (n % 3 - 1) * 0.5 for n in range(60)]
    prices = [*calm, 101, 103, 103.2, 103.1, 100.1, 104]
    params = VwapReversionParams(band=2, stop=4, warm_up_ticks=20)
    changes = follow(VwapReversion(params), ticks_of(prices))
    assert [(n, d.stance) for n, d in changes] == [
        (60, Stance.SHORT),
        (61, Stance.FLAT),
        (65, Stance.SHORT),
    ]
    assert changes[1][1].reason.startswith("stop: +")


@pytest.mark.parametrize(
    ("params", "values"),
    [
        (EmaCrossoverParams, {"fast": 9, "slow": 9}),
        (RsiReversionParams, {"oversold": 60}),
        (DonchianBreakoutParams, {"entry": 5, "exit": 6}),
        (VwapReversionParams, {"band": 2.0, "stop": 2.0}),
    ],
)
def test_parameters_that_contradict_one_another_are_refused(
    params: type[msgspec.Struct], values: dict[str, Any]
) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(values, params)
