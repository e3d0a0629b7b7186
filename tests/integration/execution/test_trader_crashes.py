"""The trader in the durable runner, killed at any step, its writes torn, its ticks forgotten: the same orders."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapanda.execution.paper import PaperTraderStage
from alphapanda.ids import MARKET, BrokerId, SequenceIds, StrategyId, derive_event_id
from alphapanda.market.instruments import InstrumentTable
from alphapanda.market.simulation import MarketSimulation, SimulationConfig
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.envelope import Event, EventEnvelope, trace_id_of
from alphapanda.model.kinds import ORDER_EVENTS, EventType, OrderType, Side, TradingMode
from alphapanda.model.records import Outgoing, Partition, envelope_headers
from alphapanda.model.signal import Signal, SignalIntent, SignalValidated
from alphapanda.model.stage import Snapshot
from alphapanda.model.tick import Tick, TickRef
from alphapanda.pipeline.kafka_runner import StageRunner
from alphapanda.pipeline.runner_config import BatchStep, RunnerSpec
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.serialization.codec import decode, encode
from alphapanda.telemetry.log import SilentLogger
from alphapanda.testing.memory_log import MemoryLog, MemorySnapshots, SoleOwnership
from daemons.trader.paper import HistorySupplier
from topics.catalogue import Catalogue

PAPER = BrokerId("paper")
TICKS, VALIDATED, COMMANDS = "market.ticks", "paper.signals.validated", "paper.control.commands"
KINDS = (*sorted(ORDER_EVENTS), EventType.PNL_SNAPSHOT, EventType.CONTROL_EVENT)
TABLE = InstrumentTable(SIMULATED_INSTRUMENTS)
SIZE = 400


class Crash(BaseException):
    """The process is gone."""


class QuickClock:
    """Every look at it is later, so that whatever is due after a time is due soon."""

    def __init__(self) -> None:
        self._looks = 0

    def now(self) -> datetime:
        self._looks += 1
        return datetime(2026, 1, 5, tzinfo=UTC) + timedelta(seconds=self._looks)

    def monotonic(self) -> float:
        self._looks += 1
        return self._looks / 5


class Meter:
    """Counts nothing."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_args: None


def new_log() -> MemoryLog:
    routes = Routes(Catalogue.load(), PAPER)
    topics = {TICKS: 3, VALIDATED: 1, COMMANDS: 1} | {routes.topic(kind, PAPER): 1 for kind in KINDS}
    return MemoryLog(topics | {f"{name}.dlq": count for name, count in topics.items()}, QuickClock())


def outgoing(topic: str, envelope: EventEnvelope[Any]) -> Outgoing:
    return Outgoing(topic, envelope.key.encode(), encode(envelope), envelope_headers(envelope))


def new_stage(kept_ticks: int) -> PaperTraderStage:
    return PaperTraderStage(PAPER, TradingMode.PAPER, TABLE, timedelta(seconds=1), kept_ticks=kept_ticks)


@dataclass
class Day:
    """What is written into the log, and what the orders are when all comes in time."""

    ticks: list[Outgoing] = field(default_factory=list)
    signals: list[Outgoing] = field(default_factory=list)
    orders: dict[str, bytes] = field(default_factory=dict)
    positions: tuple[Any, ...] = ()


@pytest.fixture(scope="module")
def day() -> Day:
    made, log, stage, dice = Day(), new_log(), new_stage(100_000), random.Random(7)
    ids = SequenceIds("simulated")
    for n, tick in enumerate(islice(MarketSimulation(SimulationConfig()).ticks(), SIZE)):
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
        made.ticks.append(outgoing(TICKS, envelope))
        event = Event(envelope, log.write(made.ticks[-1]))
        _drive(stage, event, made.orders)
        if dice.random() < 0.15:
            signal = _signal(event, tick, dice)
            made.signals.append(outgoing(VALIDATED, signal))
            _drive(stage, Event(signal, log.write(made.signals[-1])), made.orders)
    made.positions = stage.positions()
    assert len(made.orders) > 100
    return made


def _signal(cause: Event, tick: Tick, dice: random.Random) -> EventEnvelope[SignalValidated]:
    assert cause.at is not None
    event_id = derive_event_id(cause.id, "validated")
    known = TABLE.get(tick.instrument)
    limit = (
        known.price_of(tick.last_price * dice.choice((0.9995, 1.0005))) if known and dice.random() < 0.4 else None
    )
    signal = Signal(
        decision_id=event_id,
        strategy_id=StrategyId(dice.choice(("ema", "rsi"))),
        broker=PAPER,
        trading_mode=TradingMode.PAPER,
        instrument=tick.instrument,
        instrument_token=tick.instrument_token,
        side=dice.choice((Side.BUY, Side.SELL)),
        quantity=dice.randrange(1, 9),
        intent=dice.choice((SignalIntent.ENTRY, SignalIntent.EXIT)),
        order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        limit_price=limit,
        tick=TickRef(cause.id, cause.at.partition, cause.at.offset, tick.exchange_ts, tick.last_price),
    )
    return EventEnvelope(
        id=event_id,
        type=EventType.SIGNAL_VALIDATED,
        ts=tick.exchange_ts,
        key=signal.strategy_id,
        source="risk.paper",
        broker=PAPER,
        correlation_id=event_id,
        causation_id=cause.id,
        trace_id=trace_id_of(event_id),
        data=SignalValidated(signal=signal),
    )


def _drive(stage: PaperTraderStage, event: Event, orders: dict[str, bytes]) -> None:
    outputs = list(stage.decide(event))
    stage.evolve(event)
    for output in outputs:
        stage.evolve(output)
        if output.type in ORDER_EVENTS:
            orders[output.id] = encode(output.envelope)


class TornLog:
    """A log whose `left`-th write is cut: of each topic a prefix arrives, then the process is gone."""

    def __init__(self, log: MemoryLog, left: int, dice: random.Random) -> None:
        self._log = log
        self._left = left
        self._dice = dice

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, batch: Sequence[Outgoing]) -> Any:
        self._left -= 1
        if self._left != 0:
            return await self._log.append(batch)
        for topic in sorted({one.topic for one in batch}):
            of_topic = [one for one in batch if one.topic == topic]
            await self._log.append(of_topic[: self._dice.randint(0, len(of_topic))])
        raise Crash


class Life:
    """One process of the trader, until it crashes or has nothing left to do."""

    def __init__(self, log: MemoryLog, snapshots: MemorySnapshots, kept_ticks: int) -> None:
        self.log = log
        self.snapshots = snapshots
        self.stage = new_stage(kept_ticks)
        self._steps_left = 0
        self._torn: Any = log

    def dying_at(self, step: int) -> Life:
        self._steps_left = step
        return self

    def torn_at(self, write: int, dice: random.Random) -> Life:
        self._torn = TornLog(self.log, write, dice)
        return self

    def _on_step(self, _step: BatchStep) -> None:
        self._steps_left -= 1
        if self._steps_left == 0:
            raise Crash

    async def live(self) -> None:
        stop, routes = asyncio.Event(), Routes(Catalogue.load(), PAPER)
        runner = StageRunner(
            spec=RunnerSpec(
                group="paper.trader",
                broker=PAPER,
                inputs=(VALIDATED, TICKS, COMMANDS),
                outputs=tuple((kind, PAPER) for kind in KINDS),
                timer=True,
            ),
            stage=self.stage,
            log=self._torn,
            ownership=SoleOwnership([Partition(VALIDATED, 0)]),
            snapshots=self.snapshots,
            routes=routes,
            clock=QuickClock(),
            meter=Meter(),
            logger=SilentLogger(),
            on_degraded=lambda _reason: None,
            before_batch=HistorySupplier(self.log, routes, self.stage, TICKS),
            on_step=self._on_step,
            poll_s=0.001,
        )

        async def work() -> None:
            try:
                await runner.run(stop, lambda: None, lambda: None)
            except Crash:
                stop.set()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work())
            tasks.create_task(self._watch(runner, stop))

    async def _watch(self, runner: StageRunner, stop: asyncio.Event) -> None:
        """Stop it once all was read, nothing is missing and some further batches wrote nothing."""
        quiet, before = 0, -1
        while not stop.is_set() and quiet < 30:
            await asyncio.sleep(0.001)
            ends = await self.log.ends(await self.log.partitions([TICKS, VALIDATED]))
            written = sum(len(self.log.records(name)) for name in self.log._counts)
            inputs = getattr(runner, "_inputs", None)
            done = inputs is not None and all(inputs.positions.get(p, 0) >= end for p, end in ends.items())
            is_quiet = done and written == before and not self.stage.missing_history()
            quiet, before = quiet + 1 if is_quiet else 0, written
        stop.set()


class Writer:
    """Writes a day's ticks and signals into a log, either ahead of the other by chance."""

    def __init__(self, day: Day, log: MemoryLog, dice: random.Random) -> None:
        self._queues = (list(reversed(day.ticks)), list(reversed(day.signals)))
        self._log = log
        self._dice = dice

    @property
    def has_more(self) -> bool:
        return any(self._queues)

    def write(self) -> None:
        for queue in self._queues:
            for _ in range(min(len(queue), self._dice.randint(0, 150))):
                self._log.write(queue.pop())


def decided(log: MemoryLog) -> dict[str, bytes]:
    """Every event of an order that is in the log, which may hold it once."""
    found: dict[str, bytes] = {}
    for kind in ORDER_EVENTS:
        for record in log.records(Routes(Catalogue.load(), PAPER).topic(kind, PAPER)):
            assert record.value is not None
            event_id = decode(kind, record.value).id
            assert event_id not in found
            found[event_id] = record.value
    return found


@given(
    seed=st.integers(0, 1_000_000),
    lives=st.lists(st.tuples(st.sampled_from(("step", "tear")), st.integers(1, 30), st.booleans()), max_size=5),
    kept_ticks=st.sampled_from((5, 60, 100_000)),
)
@settings(max_examples=25, deadline=None)
def test_the_orders_are_the_same(day: Day, seed: int, lives: list[tuple[str, int, bool]], kept_ticks: int) -> None:
    dice, log, snapshots = random.Random(seed), new_log(), MemorySnapshots()
    writer = Writer(day, log, dice)

    async def scenario() -> Life:
        for how, when, forget in lives:
            writer.write()
            life = Life(log, snapshots, kept_ticks)
            await (life.dying_at(when) if how == "step" else life.torn_at(when, dice)).live()
            if forget:
                snapshots.last = None
        while writer.has_more:
            writer.write()
            if dice.random() < 0.5:
                await Life(log, snapshots, kept_ticks).live()
        last = Life(log, snapshots, kept_ticks)
        await last.live()
        return last

    last = asyncio.run(scenario())
    assert decided(log) == day.orders
    mine = {(p.strategy_id, p.instrument): (p.quantity, p.bought, p.sold) for p in last.stage.positions()}
    assert mine == {(p.strategy_id, p.instrument): (p.quantity, p.bought, p.sold) for p in day.positions}
    assert isinstance(snapshots.last, Snapshot)
    again = new_stage(kept_ticks)
    again.restore(snapshots.last.state)
    assert again.positions() == last.stage.positions()
