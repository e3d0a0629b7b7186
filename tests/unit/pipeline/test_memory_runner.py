"""Feed to fills in one process: two runs are identical to the last byte, restored in the middle or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import islice

from alphapanda.execution.paper import PaperTraderStage
from alphapanda.ids import MARKET, BrokerId, SequenceIds, StrategyId, derive_event_id
from alphapanda.market.instruments import InstrumentTable
from alphapanda.market.simulation import MarketSimulation, SimulationConfig
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.control import Command, ControlCommand
from alphapanda.model.envelope import Event, EventEnvelope, trace_id_of
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.tick import Tick
from alphapanda.pipeline.compose import event_types
from alphapanda.pipeline.memory_runner import MemoryRunner, MemoryStage
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.risk.limits import RiskLimits
from alphapanda.risk.stage import RiskStage
from alphapanda.serialization.codec import decode, encode
from alphapanda.strategies.config import StrategyConfig
from alphapanda.strategies.loader import bind_strategies
from alphapanda.strategies.stage import StrategiesStage
from topics.catalogue import Catalogue
from topics.services import RISK

BROKERS = {BrokerId("paper"): TradingMode.PAPER, BrokerId("paper2"): TradingMode.PAPER}
TICKS = 6_000
CATALOGUE = Catalogue.load()
PARTITIONS = {str(spec.name): spec.partitions for spec in CATALOGUE.topics(BROKERS)}
CONFIG = StrategyConfig(
    id=StrategyId("fast"),
    class_path="alphapanda.strategies.ema_crossover:EmaCrossover",
    instruments=("NSE:*",),
    quantity=10,
    params={"fast": 5, "slow": 12},
)


def market() -> Iterator[EventEnvelope[Tick]]:
    simulation = SimulationConfig(seed=11)
    ids = SequenceIds(simulation.source)
    for number, tick in enumerate(islice(MarketSimulation(simulation).ticks(), TICKS)):
        event_id = ids.at(number)
        yield EventEnvelope(
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


def seats(limits: RiskLimits) -> list[MemoryStage]:
    instruments = InstrumentTable(SIMULATED_INSTRUMENTS)
    ticks = frozenset({(EventType.MARKET_TICK, MARKET)})
    made = [
        MemoryStage(
            "strategies", StrategiesStage(bind_strategies([CONFIG], None), BROKERS, instruments.get), ticks
        )
    ]
    for broker, mode in BROKERS.items():
        judged = frozenset((kind, broker) for kind in event_types(RISK.inputs_for(is_live=False), CATALOGUE))
        wanted = ticks | {(EventType.SIGNAL_VALIDATED, broker), (EventType.CONTROL_COMMAND, broker)}
        made.append(MemoryStage(f"risk.{broker}", RiskStage(broker, mode, limits, instruments), judged))
        trader = PaperTraderStage(broker, mode, instruments, timedelta(milliseconds=50))
        made.append(MemoryStage(f"trader.{broker}", trader, wanted, timer=True))
    return made


ORDERED = {
    1_500: Command.CANCEL,
    2_000: Command.FLATTEN,
    3_000: Command.REDUCE,
    3_001: Command.CANCEL,
    3_002: Command.FLATTEN,
    5_000: Command.RESUME,
}
"""What an operator commands every broker, before which tick."""


def commands(number: int, tick: EventEnvelope[Tick]) -> Iterator[EventEnvelope[ControlCommand]]:
    if number not in ORDERED:
        return
    for broker in BROKERS:
        event_id = derive_event_id("operator", broker, number)
        yield EventEnvelope(
            id=event_id,
            type=EventType.CONTROL_COMMAND,
            ts=tick.ts,
            key=broker,
            source="cli",
            broker=broker,
            correlation_id=event_id,
            trace_id=trace_id_of(event_id),
            data=ControlCommand(command=ORDERED[number], broker=broker, actor="meera", reason="drill"),
        )


def run(limits: RiskLimits, *, interrupt: bool = False, operated: bool = False) -> list[tuple[str, bytes]]:
    """Return everything that gets into the log, in order, with its place."""
    found: list[tuple[str, bytes]] = []

    def listen(event: Event) -> None:
        found.append((str(event.at), encode(event.envelope)))

    routes = Routes(CATALOGUE, None)
    stages = seats(limits)
    runner = MemoryRunner(stages, routes.topic, PARTITIONS, listen)
    for number, envelope in enumerate(market()):
        if operated:
            runner.feed(commands(number, envelope))
        runner.feed([envelope])
        if interrupt and number % 701 == 700:
            for seat in stages:
                seat.stage.restore(seat.stage.snapshot())
    return found


def test_two_runs_are_identical_when_no_limit_binds() -> None:
    limits = RiskLimits(max_orders_per_second=10_000, max_open_positions=1_000)
    first = run(limits)
    assert run(limits) == first
    assert sum(place.startswith("paper.orders.filled") for place, _ in first) > 50


def test_two_runs_are_identical_when_limits_bind() -> None:
    limits = RiskLimits(max_orders_per_second=1, max_open_positions=2, max_order_notional_rupees=Decimal(20_000))
    first = run(limits)
    assert run(limits) == first
    assert sum(place.startswith("paper.signals.rejected") for place, _ in first) > 50


def test_stages_restored_again_and_again_decide_the_same() -> None:
    limits = RiskLimits(max_open_positions=3)
    assert run(limits, interrupt=True) == run(limits)


def test_an_operators_commands_are_decided_the_same_restored_or_not() -> None:
    first = run(RiskLimits(), operated=True)
    assert run(RiskLimits(), operated=True, interrupt=True) == first
    for broker in BROKERS:
        told = [decode(EventType.PNL_SNAPSHOT, v) for p, v in first if p.startswith(f"{broker}.pnl.snapshots")]
        events = [decode(EventType.CONTROL_EVENT, v) for p, v in first if p.startswith(f"{broker}.control.events")]
        flattened = next(e.ts for e in events if e.data.command is Command.REDUCE)
        resumed = next(e.ts for e in events if e.data.command is Command.RESUME)
        exits = [e.data.done.exits for e in events if e.data.command is Command.FLATTEN and e.data.done]
        assert len(exits) == 2
        assert all(exits)
        # Reduced and flattened it is flat by the time it is resumed, and was not before.
        last = [one.data for one in told if one.data.at < resumed][-1]
        assert last.at > flattened
        assert {held.quantity for held in last.positions} == {0}
        assert any(held.quantity for one in told for held in one.data.positions)


def test_both_brokers_do_the_same_under_their_own_names() -> None:
    found = run(RiskLimits())
    ours = {kind: [(p, v) for p, v in found if p.startswith(f"{kind}.orders.filled")] for kind in BROKERS}
    assert len(ours[BrokerId("paper")]) == len(ours[BrokerId("paper2")]) > 0
    assert not {v for _, v in ours[BrokerId("paper")]} & {v for _, v in ours[BrokerId("paper2")]}
