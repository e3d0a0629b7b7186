"""A market made by hand, a strategy that does what the price says, and a runner of a dozen lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from alphapanda.ids import MARKET, BrokerId, InstrumentId, SequenceIds, StrategyId
from alphapanda.market.bars import Bar
from alphapanda.model.envelope import Event, EventEnvelope, LogPosition, trace_id_of
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.tick import Tick
from alphapanda.strategies.base import Decision, Holding, Stance, Strategy
from alphapanda.strategies.config import StrategyConfig, parse_strategies
from alphapanda.strategies.loader import BoundStrategy
from alphapanda.strategies.stage import StrategiesStage

OPEN = datetime(2025, 11, 17, 3, 45, tzinfo=UTC)
"""09:15 IST."""
LONG_AT, SHORT_AT, FLAT_AT, RAISE_AT = 200.0, 50.0, 150.0, 666.0

MakeTick = Callable[..., Tick]
Feed = Callable[[Iterable[Tick]], list[Event]]
Run = Callable[[StrategiesStage, Iterable[Event]], list[Event]]
Bind = Callable[..., BoundStrategy]


class ObedientParams(msgspec.Struct, frozen=True):
    """None that matter."""

    warm_up: int = 0
    limit: float | None = None


class ObedientState(msgspec.Struct, frozen=True, gc=False):
    """How much it has seen."""

    ticks: int = 0
    bars: int = 0
    held: int = 0


class Obedient(Strategy[ObedientParams, ObedientState]):
    """Long at 200, short at 50, flat at 150; raises at 666."""

    @property
    def warm_up(self) -> int:
        return self.params.warm_up

    def initial(self) -> ObedientState:
        return ObedientState()

    def on_tick(
        self, state: ObedientState, tick: Tick, holding: Holding, /
    ) -> tuple[ObedientState, Decision | None]:
        return ObedientState(state.ticks + 1, state.bars, holding.quantity), self._obey(tick.last_price)

    def _obey(self, price: float) -> Decision | None:
        if price == RAISE_AT:
            raise ZeroDivisionError("the price of the beast")
        stances = {LONG_AT: Stance.LONG, SHORT_AT: Stance.SHORT, FLAT_AT: Stance.FLAT}
        stance = stances.get(price)
        return None if stance is None else Decision(stance, f"told to be {stance}", self.params.limit)


class ObedientOnBars(Obedient):
    """The same on bars' closes; counts ticks too."""

    def on_tick(
        self, state: ObedientState, _tick: Tick, holding: Holding, /
    ) -> tuple[ObedientState, Decision | None]:
        return ObedientState(state.ticks + 1, state.bars, holding.quantity), None

    def on_bar(self, state: ObedientState, bar: Bar, holding: Holding, /) -> tuple[ObedientState, Decision | None]:
        return ObedientState(state.ticks, state.bars + 1, holding.quantity), self._obey(bar.close)


@pytest.fixture
def make_tick() -> MakeTick:
    def make(seconds: float, price: float, instrument: str = "NSE:INFY", volume: int = 0) -> Tick:
        return Tick(
            instrument=InstrumentId(instrument),
            instrument_token=sum(instrument.encode()),
            exchange_ts=OPEN + timedelta(seconds=seconds),
            last_price=price,
            volume=volume,
        )

    return make


@pytest.fixture
def feed() -> Feed:
    def events(ticks: Iterable[Tick]) -> list[Event]:
        ids = SequenceIds("test")
        made = []
        for n, tick in enumerate(ticks):
            envelope: EventEnvelope[Any] = EventEnvelope(
                id=ids.at(n),
                type=EventType.MARKET_TICK,
                ts=tick.exchange_ts,
                key=str(tick.instrument_token),
                source="feed",
                broker=MARKET,
                correlation_id=ids.at(n),
                trace_id=trace_id_of(ids.at(n)),
                data=tick,
            )
            made.append(Event(envelope, LogPosition("market.ticks", tick.instrument_token % 3, n)))
        return made

    return events


@pytest.fixture
def run() -> Run:
    def through(stage: StrategiesStage, events: Iterable[Event]) -> list[Event]:
        outputs: list[Event] = []
        for event in events:
            decided = list(stage.decide(event))
            stage.evolve(event)
            for output in decided:
                stage.evolve(output)
            outputs += decided
        return outputs

    return through


@pytest.fixture
def bind() -> Bind:
    def bound(
        name: str = "obedient",
        kind: type[Obedient] = Obedient,
        params: ObedientParams | None = None,
        *,
        code: str = "",
        **keys: Any,
    ) -> BoundStrategy:
        table = {"class": "tests:Obedient", "instruments": ["NSE:*"], "quantity": 10, **keys}
        (config,) = parse_strategies({"strategies": {name: table}})
        fingerprint = repr((kind.__name__, params, config.bar_seconds))
        strategy = kind(params or ObedientParams())
        return BoundStrategy(config=config, strategy=strategy, fingerprint=fingerprint, code=code)

    return bound


@pytest.fixture
def obedient_on_bars() -> type[Obedient]:
    return ObedientOnBars


@pytest.fixture
def obedient_params() -> type[ObedientParams]:
    return ObedientParams


@pytest.fixture
def paper() -> Mapping[BrokerId, TradingMode]:
    return {BrokerId("paper"): TradingMode.PAPER}


@pytest.fixture
def two_brokers() -> Mapping[BrokerId, TradingMode]:
    return {BrokerId("paper"): TradingMode.PAPER, BrokerId("zerodha"): TradingMode.SHADOW}


@pytest.fixture
def configs() -> Sequence[StrategyConfig]:
    """The four that ship, with parameters that fit a quarter of an hour of ticks."""
    shipped = "alphapanda.strategies"
    document: dict[str, dict[str, Any]] = {
        "ema": {
            "class": f"{shipped}.ema_crossover:EmaCrossover",
            "params": {"fast": 5, "slow": 20, "min_gap_bps": 0.5},
        },
        "rsi": {
            "class": f"{shipped}.rsi_reversion:RsiReversion",
            "params": {"period": 8},
            "bar_seconds": 10,
        },
        "donchian": {
            "class": f"{shipped}.donchian_breakout:DonchianBreakout",
            "params": {"entry": 10, "exit": 5},
            "bar_seconds": 15,
        },
        "vwap": {
            "class": f"{shipped}.vwap_reversion:VwapReversion",
            "params": {"band": 1.5, "min_band_bps": 1.0, "stop": 3.0, "warm_up_ticks": 30},
        },
    }
    tables = {name: {"instruments": ["*"], "quantity": 10, **table} for name, table in document.items()}
    return parse_strategies({"strategies": tables})


@pytest.fixture
def strategy_id() -> StrategyId:
    return StrategyId("obedient")
