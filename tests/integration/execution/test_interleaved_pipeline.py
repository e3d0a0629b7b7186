"""A simulated market through strategies, risk and the trader: late, interleaved, forgetful, the same trades."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterable
from datetime import timedelta
from itertools import islice

import pytest

from alphapanda.execution.paper import PaperTraderStage
from alphapanda.ids import MARKET, BrokerId, SequenceIds
from alphapanda.market.instruments import InstrumentTable
from alphapanda.market.simulation import MarketSimulation, SimulationConfig
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.envelope import Event, EventEnvelope, LogPosition, trace_id_of
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.stage import Stage, timer_event
from alphapanda.risk.limits import RiskLimits
from alphapanda.risk.stage import RiskStage
from alphapanda.serialization.codec import encode
from alphapanda.strategies.config import StrategyConfig, parse_strategies
from alphapanda.strategies.loader import bind_strategies
from alphapanda.strategies.stage import StrategiesStage

PAPER = BrokerId("paper")
PARTITIONS = 4
TABLE = InstrumentTable(SIMULATED_INSTRUMENTS)
LOOSE = RiskLimits(max_orders_per_second=100_000, max_open_positions=100_000)


def strategies() -> tuple[StrategyConfig, ...]:
    classes = ("ema_crossover:EmaCrossover", "donchian_breakout:DonchianBreakout", "vwap_reversion:VwapReversion")
    return parse_strategies(
        {
            "strategies": {
                f"s{n}": {"class": f"alphapanda.strategies.{name}", "instruments": ["NSE:*"], "quantity": 10}
                for n, name in enumerate(classes)
            }
        }
    )


@pytest.fixture(scope="module")
def ticks() -> list[Event]:
    ids, ends, events = SequenceIds("simulated"), Counter[int](), []
    for n, tick in enumerate(islice(MarketSimulation(SimulationConfig()).ticks(), 6_000)):
        partition = tick.instrument_token % PARTITIONS
        event_id = ids.at(n)
        envelope = EventEnvelope(
            id=event_id,
            type=EventType.MARKET_TICK,
            ts=tick.exchange_ts,
            key=str(tick.instrument_token),
            source="feed",
            broker=MARKET,
            correlation_id=event_id,
            trace_id=trace_id_of(event_id),
            data=tick,
        )
        events.append(Event(envelope, LogPosition("market.ticks", partition, ends[partition])))
        ends[partition] += 1
    return events


def take(stage: Stage, event: Event) -> list[Event]:
    outputs = list(stage.decide(event))
    stage.evolve(event)
    for output in outputs:
        stage.evolve(output)
    return outputs


class Desk:
    """Risk and a trader that hear of each other's events at once."""

    def __init__(self, kept_ticks: int) -> None:
        self.risk = RiskStage(PAPER, TradingMode.PAPER, LOOSE, TABLE)
        self.trader = PaperTraderStage(
            PAPER, TradingMode.PAPER, TABLE, timedelta(milliseconds=50), kept_ticks=kept_ticks
        )
        self.kept_ticks = kept_ticks
        self.orders: dict[str, bytes] = {}

    def tell(self, outputs: Iterable[Event]) -> None:
        for output in outputs:
            self.risk.evolve(output)
            if output.type is not EventType.PNL_SNAPSHOT:
                assert output.id not in self.orders
                self.orders[output.id] = encode(output.envelope)

    def tick(self, tick: Event) -> None:
        self.tell(take(self.trader, tick))

    def signal(self, signal: Event) -> None:
        for verdict in take(self.risk, signal):
            if verdict.type is EventType.SIGNAL_VALIDATED:
                self.tell(take(self.trader, verdict))

    def supply(self, log: list[Event]) -> int:
        requests = self.trader.missing_history()
        for wanted in requests:
            found = [e for e in log if e.at and e.at.partition == wanted.partition]
            reach = range(wanted.first_offset, wanted.last_offset + 1)
            found = [e for e in found if e.data.instrument == wanted.instrument and e.at and e.at.offset in reach]
            self.trader.supply_history(wanted, found)
        return len(requests)

    def restart(self) -> None:
        states = self.risk.snapshot(), self.trader.snapshot()
        again = Desk(self.kept_ticks)
        again.risk.restore(states[0])
        again.trader.restore(states[1])
        self.risk, self.trader = again.risk, again.trader


@pytest.fixture(scope="module")
def straight(ticks: list[Event]) -> tuple[Desk, list[Event]]:
    """Every event with all that follows from it, before the next; and the signals there were."""
    stage = StrategiesStage(bind_strategies(strategies(), None), {PAPER: TradingMode.PAPER}, TABLE.get)
    desk, signals = Desk(100_000), []
    for tick in ticks:
        wanted = take(stage, tick)
        desk.tick(tick)
        for signal in wanted:
            signals.append(signal)
            desk.signal(signal)
    return desk, signals


def test_there_is_something_to_compare(straight: tuple[Desk, list[Event]]) -> None:
    desk, signals = straight
    assert len(signals) > 100
    assert desk.trader.pnl(signals[-1].envelope.ts).fills > 100


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kept_ticks", [40, 100_000])
def test_however_it_is_interleaved_the_trades_are_the_same(
    ticks: list[Event], straight: tuple[Desk, list[Event]], seed: int, kept_ticks: int
) -> None:
    want, signals = straight
    dice = random.Random(seed)
    desk = Desk(kept_ticks)
    partitions = [deque(e for e in ticks if e.at and e.at.partition == n) for n in range(PARTITIONS)]
    by_strategy: dict[str, deque[Event]] = {}
    for signal in signals:
        by_strategy.setdefault(signal.envelope.key, deque()).append(signal)
    sources = [(queue, desk.tick) for queue in partitions] + [(q, desk.signal) for q in by_strategy.values()]
    asked = 0
    while sources:
        source = dice.choice(sources)
        queue, deliver = source
        for _ in range(min(len(queue), dice.randint(1, 400 if deliver == desk.tick else 25))):
            deliver(queue.popleft())
        if dice.random() < 0.05:
            desk.restart()
        if dice.random() < 0.5:
            asked += desk.supply(ticks)
        if not queue:
            sources.remove(source)
    while found := desk.supply(ticks):
        asked += found
    desk.tell(take(desk.trader, timer_event(ticks[-1].envelope.ts, "trader.paper")))
    assert desk.orders == want.orders
    assert asked > 0
    theirs = {(p.strategy_id, p.instrument): p for p in want.trader.positions()}
    for position in desk.trader.positions():
        assert position == theirs[position.strategy_id, position.instrument]
