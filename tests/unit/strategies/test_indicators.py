"""Each incremental indicator agrees with a naive computation over the whole history, and survives bytes."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.ids import InstrumentId
from alphapanda.model.tick import Tick
from alphapanda.strategies.indicators import Donchian, Ema, Rsi, SessionVwap

PRICES = st.lists(st.floats(min_value=0.05, max_value=100_000), min_size=1, max_size=120)
PERIODS = st.integers(min_value=1, max_value=40)
OPEN = datetime(2025, 11, 17, 3, 45, tzinfo=UTC)


@given(PRICES, PERIODS)
def test_ema_is_the_weighted_sum_of_all_values(prices: list[float], period: int) -> None:
    ema = Ema(period)
    for price in prices:
        ema = ema.update(price)
    weight = 2 / (period + 1)
    weights = [(1 - weight) ** (len(prices) - 1)]
    weights += [weight * (1 - weight) ** (len(prices) - 1 - n) for n in range(1, len(prices))]
    assert ema.value == pytest.approx(math.fsum(w * p for w, p in zip(weights, prices, strict=True)), rel=1e-9)
    assert ema.is_ready == (len(prices) >= period)


def naive_rsi(prices: list[float], period: int) -> float:
    changes = [later - earlier for earlier, later in pairwise(prices)]
    gains, losses = [max(c, 0.0) for c in changes], [max(-c, 0.0) for c in changes]
    gain, loss = sum(gains[:period]) / period, sum(losses[:period]) / period
    for up, down in zip(gains[period:], losses[period:], strict=True):
        gain = (gain * (period - 1) + up) / period
        loss = (loss * (period - 1) + down) / period
    if gain == loss == 0:
        return 50.0
    return 100.0 if loss == 0 else 100 - 100 / (1 + gain / loss)


@given(
    st.lists(st.floats(min_value=0.05, max_value=100_000).map(lambda x: round(x, 2)), min_size=2, max_size=120),
    PERIODS,
)
def test_rsi_is_wilders(prices: list[float], period: int) -> None:
    rsi = Rsi(period)
    for price in prices:
        rsi = rsi.update(price)
    assert 0 <= rsi.value <= 100
    if len(prices) > period:
        assert rsi.is_ready
        assert rsi.value == pytest.approx(naive_rsi(prices, period), abs=1e-6)
    else:
        assert not rsi.is_ready


def test_rsi_of_a_published_example() -> None:
    """J. Welles Wilder's 14-day index over the closes that StockCharts publishes: 70.46 at the 15th close."""
    closes = [
        44.34,
        44.09,
        44.15,
        43.61,
        44.33,
        44.83,
        45.10,
        45.42,
        45.84,
        46.08,
        45.89,
        46.03,
        45.61,
        46.28,
        46.28,
    ]
    rsi = Rsi(14)
    for close in closes:
        rsi = rsi.update(close)
    assert rsi.value == pytest.approx(70.46, abs=0.01)
    assert rsi.update(46.00).value == pytest.approx(66.25, abs=0.01)


BARS = st.lists(
    st.tuples(st.integers(min_value=1, max_value=50), st.integers(min_value=0, max_value=10)),
    min_size=1,
    max_size=150,
)


@given(BARS, PERIODS)
def test_donchian_is_the_highest_and_the_lowest_of_the_window(bars: list[tuple[int, int]], period: int) -> None:
    channel = Donchian(period)
    for count, (low, height) in enumerate(bars, start=1):
        channel = channel.update(float(low + height), float(low))
        window = bars[max(0, count - period) : count]
        assert channel.upper == max(low + height for low, height in window)
        assert channel.lower == min(low for low, _ in window)
        assert channel.is_ready == (count >= period)
        assert len(channel.highs) <= period
        assert len(channel.lows) <= period


def test_donchian_is_empty_at_first() -> None:
    assert math.isnan(Donchian(3).upper)
    assert math.isnan(Donchian(3).lower)
    assert Donchian(3).update(4.0, 2.0).middle == 3.0


def tick(seconds: float, price: float, volume: int) -> Tick:
    return Tick(InstrumentId("NSE:X"), 1, OPEN + timedelta(seconds=seconds), price, volume=volume)


TRADES = st.lists(
    st.tuples(st.floats(min_value=1, max_value=50_000), st.integers(min_value=0, max_value=1_000_000)),
    min_size=1,
    max_size=100,
)


@given(TRADES, st.integers(min_value=0, max_value=10**9))
def test_vwap_and_its_deviation_are_the_weighted_ones(trades: list[tuple[float, int]], before: int) -> None:
    vwap, volume = SessionVwap().update(tick(0, 123.0, before)), before
    for n, (price, traded) in enumerate(trades, start=1):
        volume += traded
        vwap = vwap.update(tick(n, price, volume))
    total = sum(traded for _, traded in trades)
    assert vwap.volume == total
    if total:
        mean = math.fsum(p * v for p, v in trades) / total
        spread = math.fsum(v * (p - mean) ** 2 for p, v in trades) / total
        assert vwap.value == pytest.approx(mean, rel=1e-9)
        assert vwap.deviation == pytest.approx(math.sqrt(spread), rel=1e-6, abs=1e-6 * mean)
    else:
        assert not vwap.is_ready


def test_vwap_begins_anew_each_day_with_all_of_its_volume() -> None:
    vwap = SessionVwap().update(tick(0, 100, 1_000)).update(tick(1, 110, 1_500))
    assert (vwap.value, vwap.volume) == (110.0, 500)
    next_day = vwap.update(tick(24 * 3600, 50, 20))
    assert (next_day.value, next_day.volume) == (50.0, 20)
    assert next_day.update(tick(5, 999, 9_999)) == next_day


def test_vwap_ignores_volume_that_shrinks() -> None:
    vwap = SessionVwap().update(tick(0, 100, 10)).update(tick(1, 100, 30))
    assert vwap.update(tick(2, 500, 20)) == vwap
    assert vwap.update(tick(3, 100, 31)).volume == 21


@given(PRICES, PERIODS)
def test_every_indicator_survives_bytes_exactly(prices: list[float], period: int) -> None:
    indicators: list[msgspec.Struct] = []
    ema, rsi, channel, vwap = Ema(period), Rsi(period), Donchian(period), SessionVwap()
    for n, price in enumerate(prices):
        ema, rsi, channel = ema.update(price), rsi.update(price), channel.update(price, price)
        vwap = vwap.update(tick(n, price, n * 7))
    indicators += [ema, rsi, channel, vwap]
    for each in indicators:
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(each), type=type(each))
        assert repr(again) == repr(each)
