"""Risk and a trader under fire: ticks, signals, operators' commands; processes killed, writes torn at any step.

However often they die, in the end each command was obeyed once by each, each order ended once, nothing was decided
in two ways, and whoever reads the log from its beginning knows the same.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from alphapanda.clock import SystemClock
from alphapanda.execution.paper import PaperTraderStage
from alphapanda.ids import MARKET, BrokerId, EventId, InstrumentId, StrategyId, derive_event_id
from alphapanda.model.control import Command, ControlCommand, Scope
from alphapanda.model.envelope import EventEnvelope, LogPosition, trace_id_of
from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import EventType, OrderType, Side, TradingMode
from alphapanda.model.records import Outgoing, envelope_headers
from alphapanda.model.signal import Signal, SignalIntent
from alphapanda.model.tick import Tick, TickRef
from alphapanda.pipeline.compose import event_types
from alphapanda.pipeline.kafka_runner import StageRunner
from alphapanda.pipeline.runner_config import RunnerSpec
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.risk.limits import RiskLimits
from alphapanda.risk.stage import RiskStage
from alphapanda.serialization.codec import decode, encode
from alphapanda.telemetry.log import SilentLogger
from alphapanda.testing.memory_log import MemoryLog, MemorySnapshots, SoleOwnership
from daemons.trader.paper import HistorySupplier
from topics.catalogue import Catalogue
from topics.services import RISK, TRADER

PAPER = BrokerId("paper")
CATALOGUE = Catalogue.load()
READS = event_types(RISK.inputs_for(is_live=False), CATALOGUE)
RISK_WRITES = event_types(RISK.writes, CATALOGUE)
TRADER_WRITES = event_types(TRADER.writes, CATALOGUE)
ROUTES = Routes(CATALOGUE, PAPER)
INSTRUMENTS = {
    InstrumentId(f"NSE:{symbol}"): Instrument(exchange="NSE", tradingsymbol=symbol, instrument_token=token)
    for token, symbol in enumerate(("INFY", "TCS"), start=1)
}
STRATEGIES = ("ema", "rsi")
LIMITS = RiskLimits(max_orders_per_second=10_000, max_tick_age_ms=10**9, duplicate_window_ms=0)
ENDS = (EventType.ORDER_CANCELLED, EventType.ORDER_REJECTED, EventType.ORDER_EXPIRED)


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Death:
    """How a process dies: at its n-th step, or in a write of which a part arrives."""

    step: int = 0
    tear: int | None = None

    def at_step(self, _step: object) -> None:
        self.step -= 1
        if self.step == 0:
            raise Crash


class TornLog:
    """A log on which the first write may be cut: of each topic a prefix arrives, then the process is gone."""

    def __init__(self, log: MemoryLog, keep: int | None) -> None:
        self._log = log
        self._keep = keep

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, outgoing: Sequence[Outgoing]) -> list[LogPosition]:
        if self._keep is None:
            return await self._log.append(outgoing)
        for shift, topic in enumerate(sorted({one.topic for one in outgoing})):
            of_topic = [one for one in outgoing if one.topic == topic]
            await self._log.append(of_topic[: (self._keep >> (4 * shift)) % (len(of_topic) + 1)])
        raise Crash


def topic_of(kind: EventType) -> str:
    return ROUTES.topic(kind, PAPER)


@dataclass
class Arena:
    """The log, what was put into it, and the snapshots of both services."""

    dice: random.Random
    kept_ticks: int
    log: MemoryLog = field(init=False)
    snapshots: dict[str, MemorySnapshots] = field(default_factory=lambda: {"risk": MemorySnapshots()})
    newest: dict[InstrumentId, TickRef] = field(default_factory=dict)
    count: int = 0
    commands: list[EventId] = field(default_factory=list)

    def __post_init__(self) -> None:
        topics = {str(spec.name): min(spec.partitions, 2) for spec in CATALOGUE.topics([PAPER])}
        self.log = MemoryLog(topics, SystemClock())
        self.snapshots["trader"] = MemorySnapshots()

    # ------------------------------------------------------------------ inputs
    def put(self, kind: EventType, data: Any, key: str) -> tuple[EventEnvelope[Any], LogPosition]:
        self.count += 1
        event_id = derive_event_id("arena", kind, self.count)
        at = START + timedelta(milliseconds=400 * self.count)
        if kind is EventType.MARKET_TICK:
            data = Tick(data[0], INSTRUMENTS[data[0]].instrument_token, at, data[1])
        envelope = EventEnvelope(
            id=event_id,
            type=kind,
            ts=at,
            key=key,
            source="arena",
            broker=MARKET if kind is EventType.MARKET_TICK else PAPER,
            correlation_id=event_id,
            trace_id=trace_id_of(event_id),
            data=data,
        )
        topic = ROUTES.topic(kind, envelope.broker)
        return envelope, self.log.write(
            Outgoing(topic, key.encode(), encode(envelope), envelope_headers(envelope))
        )

    def tick(self) -> None:
        name = self.dice.choice(list(INSTRUMENTS))
        price = self.dice.randrange(1960, 2041) / 20
        envelope, at = self.put(EventType.MARKET_TICK, (name, price), str(INSTRUMENTS[name].instrument_token))
        self.newest[name] = TickRef(envelope.id, at.partition, at.offset, envelope.ts, price)

    def signal(self) -> None:
        name = self.dice.choice(list(INSTRUMENTS))
        tick = self.newest.get(name)
        if tick is None:
            return
        near = Decimal(self.dice.randrange(1960, 2041)) / 20
        limit = None if self.dice.random() < 0.4 else near
        strategy = self.dice.choice(STRATEGIES)
        signal = Signal(
            decision_id=derive_event_id("arena", "decision", self.count),
            strategy_id=StrategyId(strategy),
            broker=PAPER,
            trading_mode=TradingMode.PAPER,
            instrument=name,
            instrument_token=INSTRUMENTS[name].instrument_token,
            side=self.dice.choice(list(Side)),
            quantity=self.dice.randrange(1, 20),
            intent=self.dice.choice((SignalIntent.ENTRY, SignalIntent.ENTRY, SignalIntent.EXIT)),
            order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
            limit_price=limit,
            tick=tick,
        )
        self.put(EventType.SIGNAL_RAW, signal, strategy)

    def command(self, command: Command, scope: Scope | None = None) -> None:
        data = ControlCommand(command=command, broker=PAPER, actor="meera", reason="drill", scope=scope)
        self.commands.append(self.put(EventType.CONTROL_COMMAND, data, PAPER)[0].id)

    def some(self, count: int) -> None:
        for _ in range(count):
            what = self.dice.random()
            if what < 0.5:
                self.tick()
            elif what < 0.85:
                self.signal()
            elif what < 0.97:
                strategy = self.dice.choice((None, *map(StrategyId, STRATEGIES)))
                scope = Scope(strategy_id=strategy, instrument=self.dice.choice((None, *INSTRUMENTS)))
                self.command(self.dice.choice((Command.CANCEL, Command.FLATTEN)), scope)
            else:
                self.command(self.dice.choice((Command.HALT, Command.REDUCE, Command.RESUME)))

    # ------------------------------------------------------------------ processes
    def stage(self, service: str) -> Any:
        if service == "risk":
            return RiskStage(PAPER, TradingMode.PAPER, LIMITS, INSTRUMENTS)
        latency = timedelta(milliseconds=700)
        return PaperTraderStage(PAPER, TradingMode.PAPER, INSTRUMENTS, latency, kept_ticks=self.kept_ticks)

    async def live(self, service: str, death: Death | None = None) -> Any:
        """Run a service until it dies, or has nothing left to do; return its stage."""
        stage, stop = self.stage(service), asyncio.Event()
        death = replace(death) if death else None  # it counts its steps down
        log: Any = TornLog(self.log, death.tear if death else None)
        kinds, writes = (READS, RISK_WRITES) if service == "risk" else (TRADES, TRADER_WRITES)
        owned = topic_of(kinds[0])
        decoding = Routes(CATALOGUE, PAPER)
        runner = StageRunner(
            spec=RunnerSpec(
                group=f"{PAPER}.{service}",
                broker=PAPER,
                inputs=tuple(ROUTES.topic(kind, PAPER) for kind in kinds),
                outputs=tuple((kind, PAPER) for kind in writes),
                timer=service == "trader",
            ),
            stage=stage,
            log=log,
            ownership=SoleOwnership(await self.log.partitions([owned])),
            snapshots=self.snapshots[service],
            routes=decoding,
            clock=SystemClock(),
            meter=NoMeter(),
            logger=SilentLogger(),
            on_degraded=lambda _reason: None,
            on_step=death.at_step if death and death.step else lambda _step: None,
            poll_s=0.001,
        )
        if service == "trader":
            runner.before_batch = HistorySupplier(
                log, decoding, stage, ROUTES.topic(EventType.MARKET_TICK, MARKET)
            )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_until_dead(runner, stop))
            tasks.create_task(self._until_quiet(runner, kinds, stop))
        return stage

    async def _until_quiet(self, runner: StageRunner, kinds: Sequence[EventType], stop: asyncio.Event) -> None:
        topics = [ROUTES.topic(kind, PAPER) for kind in kinds]
        still = 0
        while not stop.is_set():
            ends = await self.log.ends(await self.log.partitions(topics))
            positions = getattr(runner, "_inputs", None)
            is_done = positions is not None and all(positions.positions[p] >= end for p, end in ends.items())
            still = still + 1 if is_done else 0
            if still > QUIET_ROUNDS:
                stop.set()
            await asyncio.sleep(0)

    async def settle(self) -> dict[str, Any]:
        """Run both, one after the other, until nothing new is written."""
        while True:
            before = self.written
            stages = {service: await self.live(service) for service in ("risk", "trader")}
            if self.written == before:
                return stages

    @property
    def written(self) -> int:
        return sum(len(self.events(kind)) for kind in {*RISK_WRITES, *TRADER_WRITES} - {EventType.PNL_SNAPSHOT})

    def events(self, kind: EventType) -> list[EventEnvelope[Any]]:
        return [decode(kind, record.value or b"") for record in self.log.records(topic_of(kind))]


START = SystemClock().now().replace(2025, 11, 17, 4, 0, 0, 0)
QUIET_ROUNDS = 8
TRADES = (EventType.SIGNAL_VALIDATED, EventType.MARKET_TICK, EventType.CONTROL_COMMAND)


class NoMeter:
    """Counts nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


async def _until_dead(runner: StageRunner, stop: asyncio.Event) -> None:
    try:
        await runner.run(stop, lambda: None, lambda: None)
    except Crash:
        stop.set()


TOLD_AGAIN = frozenset({EventType.ORDER_FILLED, EventType.ORDER_CANCELLED, EventType.ORDER_EXPIRED})
"""What became of an order whose ticks had to be read again: when a write is torn between its fill and its end, the
next life may tell both once more, under the same ids and in the same words. Whoever reads drops what it knows."""


def check(arena: Arena, *, has_deaths: bool = True) -> None:
    for kind in {*RISK_WRITES, *TRADER_WRITES} - {EventType.PNL_SNAPSHOT}:
        events = arena.events(kind)
        known = {event.id: event for event in events}
        if has_deaths and kind in TOLD_AGAIN:
            assert all(event == known[event.id] for event in events), f"{kind} says two things under one id"
        else:
            assert len(events) == len(known), f"{kind} has an event twice"
    obeyed = Counter((e.data.command_id, e.data.service) for e in arena.events(EventType.CONTROL_EVENT))
    wanted = {(c, s) for c in arena.commands for s in ("risk.paper", "trader.paper")}
    assert set(obeyed.values()) <= {1}
    assert set(obeyed) == wanted
    done = {e.data.client_order_id for e in arena.events(EventType.ORDER_FILLED) if e.data.leaves_quantity == 0}
    ended = {(e.id, e.data.client_order_id) for kind in ENDS for e in arena.events(kind)}
    ends = Counter(order_id for _, order_id in ended)
    assert set(ends.values()) <= {1}
    assert not done & set(ends)
    for event in arena.events(EventType.CONTROL_EVENT):
        if event.data.done is not None and event.data.service == "risk.paper":
            caused = [
                e for e in arena.events(EventType.SIGNAL_VALIDATED) if e.causation_id == event.data.command_id
            ]
            assert len(caused) == event.data.done.exits


deaths = st.lists(
    st.one_of(
        st.none(),
        st.builds(lambda n: Death(step=n), st.integers(1, 25)),
        st.builds(lambda n: Death(tear=n), st.integers(0, 4095)),
    ),
    min_size=2,
    max_size=8,
)


@given(
    seed=st.integers(0, 100_000),
    deaths=deaths,
    forget=st.sets(st.tuples(st.integers(0, 7), st.sampled_from(("risk", "trader"))), max_size=3),
    kept=st.sampled_from((2, 10, 1_000)),
    chunk=st.integers(5, 60),
)
@example(
    seed=3125,
    deaths=[None, None, None, Death(step=1), None, None, None, Death(tear=2345)],
    forget={(7, "trader"), (0, "risk"), (0, "trader")},
    kept=2,
    chunk=16,
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_they_recover_to_the_same_decisions(
    seed: int, deaths: list[Death | None], forget: set[tuple[int, str]], kept: int, chunk: int
) -> None:
    asyncio.run(scenario(Arena(random.Random(seed), kept), deaths, forget, chunk))


async def scenario(arena: Arena, deaths: list[Death | None], forget: set[tuple[int, str]], chunk: int) -> None:
    has_deaths = any(deaths) or bool(forget)
    for number, death in enumerate(deaths):
        arena.some(chunk)
        service = "risk" if number % 2 == 0 else "trader"
        if (number, service) in forget:
            arena.snapshots[service].last = None
        await arena.live(service, death)
    await arena.settle()
    check(arena, has_deaths=has_deaths)

    # A broker that is made flat is flat.
    arena.command(Command.REDUCE)
    arena.command(Command.CANCEL)
    await arena.settle()
    arena.command(Command.FLATTEN)
    await arena.settle()
    for _ in range(20):
        arena.tick()
    stages = await arena.settle()
    check(arena, has_deaths=has_deaths)
    assert [held for held in stages["trader"].positions() if held.quantity] == []
    assert [order for order in stages["trader"].orders() if not order.status.is_closed] == []

    # Who reads the log from its beginning knows the same.
    for service, stage in stages.items():
        arena.snapshots[service].last = None
        again = await arena.live(service)
        if service == "trader":
            assert again.positions() == stage.positions()
            assert again.orders() == stage.orders()
        assert again.trading_state is stage.trading_state
    check(arena, has_deaths=has_deaths)


@pytest.mark.parametrize("seed", range(6))
def test_without_any_death(seed: int) -> None:
    asyncio.run(scenario(Arena(random.Random(seed), 1_000), [None] * 8, set(), 40))
