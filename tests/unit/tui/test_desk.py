"""Folds of the log: orders in any order, lag in seconds, days, dead letters, floods and sources."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from alphapanda.clock import ManualClock
from alphapanda.model.order import OrderStatus
from alphapanda.model.records import Partition, Record
from alphapanda.testing.memory_log_access import MemoryLogAccess
from alphapanda.testing.seeded_market import BROKERS, SeededMarket
from topics.errors import AlphaPandaError
from tui.render.ring import RowGap
from tui.sources.handle import LinkState, SourceHandle
from tui.sources.log_source import FAR_BEHIND, LogFollower, in_order
from tui.sources.retry import run_with_retry
from tui.store.money import DayLine
from tui.store.store import Store
from tui.store.topics import SHOWN_BYTES, Topics
from tui.theme.formatter import Formatter, coarse_span, span, to_ms

START = datetime(2026, 1, 5, 3, 50, tzinfo=UTC)


def all_records(market: SeededMarket) -> list[Record]:
    return in_order([record for held in market.log_access._held.values() for record in held])


def test_the_same_market_gives_the_same_desk(seeded_market: SeededMarket) -> None:
    desks = []
    for _ in range(2):
        store = Store(seeded_market.routes, BROKERS)
        store.fold(all_records(seeded_market))
        desks.append(store)
    assert desks[0].orders.rows == desks[1].orders.rows
    assert desks[0].money.brokers == desks[1].money.brokers
    assert desks[0].undecodable == 0
    assert desks[0].orders.odd == 0


def test_topics_may_be_read_in_any_order(seeded_market: SeededMarket) -> None:
    records = [r for r in all_records(seeded_market) if ".orders." in r.partition.topic]
    straight, odd = Store(seeded_market.routes, BROKERS), Store(seeded_market.routes, BROKERS)
    straight.fold(records)
    for first in range(0, len(records), 40):  # within a window, later topics first
        window = records[first : first + 40]
        odd.fold(sorted(window, key=lambda r: r.partition.topic))
    assert {k: r.order.status for k, r in odd.orders.rows.items()} == {
        k: r.order.status for k, r in straight.orders.rows.items()
    }
    assert {r.order.status for r in odd.orders.rows.values()} == {OrderStatus.FILLED}


def test_bytes_that_are_no_event_are_counted_and_shown(seeded_market: SeededMarket) -> None:
    store = Store(seeded_market.routes, BROKERS)
    partition = Partition("paper.orders.filled", 0)
    store.fold([Record(partition, 0, to_ms(START), b"k", b"not json")])
    assert store.undecodable == 1
    assert len(store.topics.tails["paper.orders.filled"]) == 1


def test_a_huge_record_is_cut_and_says_so(seeded_market: SeededMarket) -> None:
    store = Store(seeded_market.routes, BROKERS)
    store.fold([Record(Partition("market.ticks", 0), 0, to_ms(START), b"k", b"x" * 10_000_000)])
    (held,) = store.topics.tails["market.ticks"]
    assert isinstance(held, Record)
    assert len(held.value or b"") == SHOWN_BYTES
    assert held.header("(cut)") is not None


def test_lag_is_told_in_records_and_in_seconds() -> None:
    topics, partition = Topics(), Partition("market.ticks", 0)
    for offset in range(10):
        topics.mark(partition, offset, to_ms(START + timedelta(seconds=offset)))
    now = START + timedelta(seconds=12)
    topics.fold_ends({partition: 10}, {partition: 0}, {"g": {partition: 4}}, now)
    (lag,) = topics.rows["market.ticks"].lags
    assert (lag.records, lag.seconds) == (6, 8.0)
    topics.fold_ends({partition: 10}, {partition: 0}, {"g": {partition: 10}}, now)
    (lag,) = topics.rows["market.ticks"].lags
    assert (lag.records, lag.seconds) == (0, 0.0)


def test_a_day_is_one_line_in_bounded_memory() -> None:
    line = DayLine()
    for second in range(20_000):
        line.add(START + timedelta(seconds=second), float(second))
    assert len(line.points) <= 2_049
    assert line.points[0][1] < 60
    assert line.points[-1][1] == 19_999.0
    assert line.points == sorted(line.points)
    line.add(START + timedelta(days=1), 5.0)
    assert [value for _, value in line.points] == [5.0]


def test_a_point_that_comes_late_finds_its_place() -> None:
    line = DayLine()
    for second in (10, 2, 4, 3):
        line.add(START + timedelta(seconds=second), float(second))
    assert [value for _, value in line.points] == [2.0, 3.0, 4.0, 10.0]


def test_dead_letters_are_grouped_by_reason(seeded_market: SeededMarket) -> None:
    store = Store(seeded_market.routes, BROKERS)
    store.fold(all_records(seeded_market))
    reasons = store.dead.reasons
    assert sum(reason.count for reason in reasons.values()) == store.dead.seen == len(store.dead.rows) > 0
    assert {code for _, code, _ in reasons} <= {"decode", "handler-timeout"}


async def test_a_flood_is_passed_over_and_the_gap_is_shown(seeded_market: SeededMarket) -> None:
    clock = ManualClock(START)
    log_access = MemoryLogAccess({"market.ticks": 1}, kept=100_000)
    source, handle = LogFollower(log_access, clock), SourceHandle("Kafka", Store(seeded_market.routes), clock)
    task = asyncio.ensure_future(source.run(handle))
    for _ in range(100):
        await asyncio.sleep(0.01)
        if handle.link is LinkState.UP:
            break
    for _ in range(3 * FAR_BEHIND):
        log_access.write("market.ticks", 0, to_ms(START), b"k", b"{}")
    for _ in range(300):
        await asyncio.sleep(0.01)
        if handle.store.skipped:
            break
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert handle.store.skipped > FAR_BEHIND
    gaps = [row for row in handle.store.topics.tails["market.ticks"] if isinstance(row, RowGap)]
    assert sum(gap.count for gap in gaps) == handle.store.skipped


async def test_a_source_is_tried_for_ever(seeded_market: SeededMarket) -> None:
    clock, tries = ManualClock(START), 0

    class Flaky:
        name = "Flaky"

        async def run(self, handle: SourceHandle) -> None:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise AlphaPandaError("It is not there.", hint="Run: alphapanda up")
            if tries == 2:
                raise ZeroDivisionError("a bug of ours")
            if tries == 3:
                raise asyncio.CancelledError  # as a client's lost request does
            handle.up()
            await asyncio.Event().wait()

    handle = SourceHandle("Flaky", Store(seeded_market.routes), clock)
    task = asyncio.ensure_future(run_with_retry(Flaky(), handle, clock))
    faults = []
    for _ in range(200):
        await asyncio.sleep(0.005)
        if handle.fault is not None and handle.fault.message not in faults:
            faults.append(handle.fault.message)
            handle.again.set()
        if handle.link is LinkState.UP:
            break
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert faults == ["It is not there.", "ZeroDivisionError: a bug of ours", "The connection was lost."]
    assert tries == 4


async def test_deleted_topics_are_forgotten(own_market: SeededMarket) -> None:
    clock = ManualClock(START)
    store = Store(own_market.routes, BROKERS)
    handle = SourceHandle("Kafka", store, clock)
    source = LogFollower(own_market.log_access, clock)
    task = asyncio.ensure_future(source.run(handle))
    for _ in range(200):
        await asyncio.sleep(0.01)
        if store.topics.rows:
            break
    assert "paper.orders.expired" in store.topics.rows
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    own_market.log_access.remove_topic("paper.orders.expired")
    task = asyncio.ensure_future(source.run(handle))
    for _ in range(300):
        await asyncio.sleep(0.01)
        if "paper.orders.expired" not in store.topics.rows:
            break
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "paper.orders.expired" not in store.topics.rows
    assert handle.fault is None


@pytest.mark.parametrize(
    ("seconds", "text", "rough"),
    [
        (0.44, "0.4s", "0.4s"),
        (12.9, "12s", "10s"),
        (245, "4m 05s", "4m"),
        (11_520, "3h 12m", "3h"),
        (187_200, "2d 4h", "2d"),
    ],
)
def test_durations(seconds: float, text: str, rough: str) -> None:
    assert span(seconds) == text
    assert coarse_span(seconds) == rough


def test_signs_and_arrows_stand_beside_colour(fmt: Formatter) -> None:
    from decimal import Decimal

    assert fmt.gain(Decimal("1234567.5")) == ("+₹12,34,567.50 ▲", fmt.palette.up)
    assert fmt.gain(Decimal(-5)) == ("−₹5.00 ▼", fmt.palette.down)
    assert fmt.gain(Decimal(0))[0] == "₹0.00  "
    assert fmt.money(Decimal(12345678), compact=True) == "₹1.23 Cr"
