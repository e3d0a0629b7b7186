from collections import defaultdict
from datetime import date, time
from decimal import Decimal
from itertools import islice, pairwise
from statistics import correlation, fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapanda.clock import to_ist
from alphapanda.errors import UsageError
from alphapanda.market.calendar import CLOSING_FROM, OPENING_AUCTION, SESSION_SECONDS
from alphapanda.market.simulation import IntradayCurve, MarketSimulation, SimulationConfig
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.tick import Tick
from alphapanda.serialization.codec import encode

QUIET = SimulationConfig(ticks_per_second=1.0)


def ticks(config: SimulationConfig, first: int, count: int) -> list[Tick]:
    return list(islice(MarketSimulation(config).ticks(first), count))


@pytest.fixture(scope="module")
def session() -> list[Tick]:
    simulation = MarketSimulation(QUIET)
    return list(islice(simulation.ticks(), simulation.ticks_per_session))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    once = [encode(tick) for tick in ticks(QUIET, 0, 500)]
    assert once == [encode(tick) for tick in ticks(QUIET, 0, 500)]
    other = SimulationConfig(seed=43, ticks_per_second=1.0)
    assert once != [encode(tick) for tick in ticks(other, 0, 500)]
    assert other.source != QUIET.source


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 60_000))
def test_any_tick_can_be_reached_without_those_before_it(number: int) -> None:
    simulation = MarketSimulation(QUIET)
    assert next(simulation.ticks(number)) == next(
        islice(simulation.ticks(max(0, number - 50)), min(number, 50), None)
    )


def test_sessions_follow_each_other_over_weekends() -> None:
    simulation = MarketSimulation(SimulationConfig(start=date(2026, 1, 9), ticks_per_second=1.0))
    size = simulation.ticks_per_session
    last, first = islice(simulation.ticks(size - 1), 2)
    assert to_ist(last.exchange_ts).date() == date(2026, 1, 9)
    assert to_ist(first.exchange_ts).date() == date(2026, 1, 12)
    assert first.exchange_ts >= simulation.session(1).opens
    assert first.volume == first.last_quantity or first.volume == 2 * first.last_quantity


def test_the_first_ticks_show_every_instrument_once_within_two_seconds() -> None:
    first = ticks(SimulationConfig(), 0, len(SIMULATED_INSTRUMENTS))
    assert {tick.instrument for tick in first} == {each.id for each in SIMULATED_INSTRUMENTS}
    assert (first[-1].exchange_ts - first[0].exchange_ts).total_seconds() < 2


def test_time_and_volume_never_go_back_and_the_totals_are_right(session: list[Tick]) -> None:
    assert all(after.exchange_ts >= before.exchange_ts for before, after in pairwise(session))
    by_instrument: dict[str, list[Tick]] = defaultdict(list)
    for tick in session:
        by_instrument[tick.instrument].append(tick)
    for own in by_instrument.values():
        assert all(after.volume > before.volume for before, after in pairwise(own))
        prices = [tick.last_price for tick in own]
        last = own[-1].ohlc
        assert last is not None
        assert (last.open, last.high, last.low) == (prices[0], max(prices), min(prices))
        assert last.low <= own[-1].average_price <= last.high


def test_prices_lie_on_the_grid_and_books_are_in_order(session: list[Tick]) -> None:
    grids = {each.id: each.tick_size for each in SIMULATED_INSTRUMENTS}
    lots = {each.id: each.lot_size for each in SIMULATED_INSTRUMENTS}
    for tick in session[::7]:
        levels = (*tick.bids, *tick.asks)
        for price in (tick.last_price, *(level.price for level in levels)):
            assert Decimal(repr(price)) % grids[tick.instrument] == 0
        assert len(tick.bids) == len(tick.asks) == 5
        assert all(better.price > worse.price for better, worse in pairwise(tick.bids))
        assert all(better.price < worse.price for better, worse in pairwise(tick.asks))
        assert tick.bid < tick.ask
        assert tick.last_price in (tick.bid, tick.ask)
        assert all(level.quantity > 0 and level.quantity % lots[tick.instrument] == 0 for level in levels)
        assert tick.last_quantity % lots[tick.instrument] == 0


def test_returns_of_different_shares_are_correlated() -> None:
    simulation = MarketSimulation(SimulationConfig(ticks_per_second=4.0))
    minutes: dict[str, dict[int, float]] = defaultdict(dict)
    for tick in islice(simulation.ticks(), simulation.ticks_per_session):
        minutes[tick.instrument][int(tick.exchange_ts.timestamp()) // 300] = tick.last_price

    def returns(instrument: str) -> list[float]:
        prices = [price for _, price in sorted(minutes[instrument].items())]
        return [after / before - 1.0 for before, after in pairwise(prices)]

    index = returns("NFO:NIFTY26DECFUT")
    others = [each.id for each in SIMULATED_INSTRUMENTS if each.exchange == "NSE"]
    found = [correlation(index, returns(name)) for name in others]
    assert fmean(found) > 0.3
    assert max(found) < 0.99


def test_a_session_is_busiest_at_its_ends() -> None:
    counts = IntradayCurve.of(12.0).counts
    assert len(counts) == SESSION_SECONDS
    opening, noon, closing = (fmean(counts[at : at + 900]) for at in (0, 10_000, SESSION_SECONDS - 900))
    assert opening > closing > 1.5 * noon
    assert sum(counts) == round(12.0 * SESSION_SECONDS)


def test_auctions_frame_the_session_when_asked_for() -> None:
    config = SimulationConfig(ticks_per_second=1.0, auctions=True)
    simulation = MarketSimulation(config)
    whole = list(islice(simulation.ticks(), simulation.ticks_per_session))
    count = len(SIMULATED_INSTRUMENTS)
    assert {to_ist(tick.exchange_ts).time() for tick in whole[:count]} == {OPENING_AUCTION}
    assert {to_ist(tick.exchange_ts).time() for tick in whole[-count:]} == {CLOSING_FROM}
    assert to_ist(whole[count].exchange_ts).time() >= time(9, 15)
    assert next(simulation.ticks(5)) == whole[5]
    assert config.source != QUIET.source


def test_prices_stay_believable_over_years() -> None:
    simulation = MarketSimulation(QUIET)
    far = ticks(QUIET, simulation.ticks_per_session * 750, 14)
    start = {each.instrument: each.last_price for each in ticks(QUIET, 0, 14)}
    assert all(0.4 < tick.last_price / start[tick.instrument] < 2.5 for tick in far)


def test_a_simulation_without_instruments_or_ticks_is_refused() -> None:
    with pytest.raises(UsageError):
        SimulationConfig(who=())
    with pytest.raises(UsageError):
        SimulationConfig(ticks_per_second=0.1)
