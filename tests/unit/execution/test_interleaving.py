"""However ticks, signals, restarts and history are interleaved, the orders and fills are the same bytes."""

from __future__ import annotations

import random
from collections import deque
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from alphapanda.model.envelope import Event
from alphapanda.model.kinds import Side, Validity
from alphapanda.model.order import client_order_id_of
from alphapanda.model.signal import Signal, SignalIntent
from alphapanda.serialization.codec import encode

NAMES = ("NSE:INFY", "NSE:TCS", "NSE:SBIN")
PARTITION = {"NSE:INFY": 0, "NSE:TCS": 0, "NSE:SBIN": 1}
STRATEGIES = ("ema", "rsi")
LATENCY_MS = 700


class Day:
    """A made-up stretch of market and what strategies wanted of it, from one seed."""

    def __init__(self, make: Any, seed: int, size: int = 60, *, only: Side | None = None) -> None:
        dice = random.Random(seed)
        self.only = only
        self.make = make
        self.ticks: dict[int, list[Event]] = {0: [], 1: []}
        self.signals: dict[tuple[str, str], list[Event]] = {(s, name): [] for s in STRATEGIES for name in NAMES}
        self.in_time: list[Event] = []
        for n in range(size):
            name = dice.choice(NAMES)
            partition = PARTITION[name]
            price = dice.randrange(1960, 2041) / 20
            quote = {} if dice.random() < 0.2 else {"bid": price - 0.05, "ask": price + 0.05}
            tick = make.tick(
                len(self.ticks[partition]),
                price if dice.random() > 0.03 else 0.0,
                ms=n * 400 - (2_000 if dice.random() < 0.05 else 0),
                instrument=name,
                partition=partition,
                **quote,
            )
            self.ticks[partition].append(tick)
            self.in_time.append(tick)
            for strategy in STRATEGIES:
                for k in range(dice.choice((0, 0, 0, 1, 2))):
                    signal = self._signal(dice, tick, strategy, k)
                    self.signals[strategy, name].append(signal)
                    self.in_time.append(signal)

    def _signal(self, dice: random.Random, tick: Event, strategy: str, n: int) -> Event:
        near = Decimal(str(round(dice.randrange(1960, 2041) / 20, 2)))
        intent = dice.choice((SignalIntent.ENTRY, SignalIntent.EXIT))
        side = dice.choice((Side.BUY, Side.SELL))
        if self.only is not None:
            side = self.only if intent is SignalIntent.ENTRY else self.only.opposite
        signal: Event = self.make.signal(
            tick,
            side,
            dice.randrange(1, 20),
            intent=intent,
            limit=None if dice.random() < 0.5 else str(near),
            validity=dice.choice((Validity.DAY, Validity.DAY, Validity.IOC)),
            strategy=strategy,
            n=n,
        )
        return signal

    @property
    def log(self) -> list[Event]:
        return [tick for ticks in self.ticks.values() for tick in ticks]

    def reference(self) -> dict[str, bytes]:
        return orders_of(self.make.run(self.make.stage(latency_ms=LATENCY_MS), self.in_time))


def orders_of(events: list[Event]) -> dict[str, bytes]:
    """The bytes of every event of an order, by id; each may be decided once."""
    found = [event for event in events if event.type.startswith("order_")]
    by_id: dict[str, bytes] = {event.id: encode(event.envelope) for event in found}
    assert len(by_id) == len(found)
    return by_id


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_market_entries_fill_at_the_first_tick_that_is_late_enough(make: Any, seed: int) -> None:
    day = Day(make, seed)
    told = make.run(make.stage(latency_ms=LATENCY_MS), day.in_time)
    fills = {event.data.client_order_id: event.data.fill for event in told if event.type == "order_filled"}
    for signals in day.signals.values():
        due = None
        for signal in signals:
            wanted = signal.data.signal
            # No order overtakes the one before it; the ticks here are out of order by less than a minute.
            reaches = wanted.tick.exchange_ts + timedelta(milliseconds=LATENCY_MS)
            due = reaches if due is None else max(due, reaches)
            if wanted.intent is SignalIntent.EXIT or wanted.limit_price is not None:
                continue
            fill = fills.get(client_order_id_of(signal.id))
            first = next((tick for tick in day.ticks[wanted.tick.partition] if _may_fill(tick, wanted, due)), None)
            if first is None:
                assert fill is None
            else:
                assert fill is not None
                assert (fill.tick.offset, fill.quantity) == (_offset(first), wanted.quantity)
                assert abs(fill.price - Decimal(repr(_touch(first, wanted)))) < Decimal("0.025")


def _may_fill(tick: Event, wanted: Signal, due: datetime) -> bool:
    return bool(
        tick.data.instrument == wanted.instrument
        and _offset(tick) > wanted.tick.offset
        and tick.data.exchange_ts >= due
        and _touch(tick, wanted) > 0
    )


def _touch(tick: Event, wanted: Signal) -> float:
    return float(tick.data.ask if wanted.side is Side.BUY else tick.data.bid)


def _offset(tick: Event) -> int:
    assert tick.at is not None
    return tick.at.offset


@given(seed=st.integers(0, 10_000), only=st.sampled_from(Side))
@settings(max_examples=60, deadline=None)
def test_exits_never_open_a_position(make: Any, seed: int, only: Side) -> None:
    day = Day(make, seed, only=only)
    held: dict[tuple[str, str], int] = {}
    for event in make.run(make.stage(latency_ms=LATENCY_MS), day.in_time):
        if event.type == "order_filled":
            fill = event.data.fill
            key = fill.strategy_id, fill.instrument
            held[key] = held.get(key, 0) + fill.signed_quantity
            assert held[key] * only.sign >= 0


class Interleaving(RuleBasedStateMachine):
    """Delivers a day's ticks and signals in any order that the log allows, with restarts in between."""

    make: Any

    @initialize(seed=st.integers(0, 1_000_000), kept=st.sampled_from((1, 3, 8, 1_000)))
    def begin(self, seed: int, kept: int) -> None:
        self.day = Day(self.make, seed, size=25)
        self.kept = kept
        self.stage = self._fresh()
        self.decided: list[Event] = []
        self.ticks = {partition: deque(ticks) for partition, ticks in self.day.ticks.items()}
        self.signals = {key: deque(signals) for key, signals in self.day.signals.items()}

    def _fresh(self) -> Any:
        return self.make.stage(latency_ms=LATENCY_MS, kept_ticks=self.kept)

    def _deliver(self, *events: Event) -> None:
        self.decided += self.make.run(self.stage, events)

    @rule(partition=st.sampled_from((0, 1)), count=st.integers(1, 6))
    def deliver_ticks(self, partition: int, count: int) -> None:
        queue = self.ticks[partition]
        for _ in range(min(count, len(queue))):
            self._deliver(queue.popleft())

    @rule(strategy=st.sampled_from(STRATEGIES), name=st.sampled_from(NAMES))
    def deliver_a_signal(self, strategy: str, name: str) -> None:
        queue = self.signals[strategy, name]
        if queue:
            self._deliver(queue.popleft())

    @rule()
    def restart(self) -> None:
        again = self._fresh()
        again.restore(self.stage.snapshot())
        assert again.snapshot() == self.stage.snapshot()
        self.stage = again

    @rule(partition=st.sampled_from((0, 1)), back=st.integers(1, 5))
    def read_again(self, partition: int, back: int) -> None:
        """Ticks that were read come once more."""
        ticks = self.day.ticks[partition]
        read = len(ticks) - len(self.ticks[partition])
        self._deliver(*ticks[max(0, read - back) : read])

    @precondition(lambda self: hasattr(self, "stage"))
    @rule()
    def pass_time(self) -> None:
        self._deliver(self.make.timer(0))

    @rule(step=st.integers(0, 10))
    def supply(self, step: int) -> None:
        for request in self.stage.missing_history():
            part = request.up_to(request.first_offset + step)
            ticks = [
                tick
                for tick in self.day.ticks[part.partition]
                if part.first_offset <= _offset(tick) <= part.last_offset
                and tick.data.instrument == part.instrument
            ]
            self.stage.supply_history(part, ticks)

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        for queue in (*self.ticks.values(), *self.signals.values()):
            self._deliver(*queue)
        while self.make.supply(self.stage, self.day.log):
            pass
        self._deliver(self.make.timer(0))
        assert orders_of(self.decided) == self.day.reference()
        in_order = self.make.stage(latency_ms=LATENCY_MS)
        self.make.run(in_order, self.day.in_time)
        assert {order.client_order_id: order for order in self.stage.orders()} == {
            order.client_order_id: order for order in in_order.orders()
        }
        assert [(p.strategy_id, p.instrument, p.quantity, p.bought, p.sold) for p in self.stage.positions()] == [
            (p.strategy_id, p.instrument, p.quantity, p.bought, p.sold) for p in in_order.positions()
        ]


def test_any_interleaving_gives_the_same_orders(make: Any) -> None:
    machine = type("InterleavingOfDay", (Interleaving,), {"make": make})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=80,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


@pytest.mark.parametrize("seed", range(20))
def test_signals_all_before_or_all_after_the_ticks(make: Any, seed: int) -> None:
    day = Day(make, seed, size=120)
    signals = [signal for signals in day.signals.values() for signal in signals]
    want = day.reference()
    assert orders_of(make.run(make.stage(latency_ms=LATENCY_MS), [*signals, *day.log])) == want
    assert orders_of(make.run(make.stage(latency_ms=LATENCY_MS), [*day.log, *signals])) == want
