"""What is replayed, or sent again, stands in each pane once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from alphapanda.model.records import Header, Record
from alphapanda.testing.seeded_market import BROKERS, SeededMarket
from tui.app import Dashboard
from tui.sources.log_source import in_order
from tui.store.store import Store
from tui.tables.operations import tail
from tui.theme.formatter import Formatter

Make = Callable[..., Dashboard]
Step = Callable[[Pilot[int]], Awaitable[None]]
LATER = 100_000


def all_records(market: SeededMarket) -> list[Record]:
    return in_order([record for held in market.log_access._held.values() for record in held])


def replayed(record: Record) -> Record:
    headers = (*record.headers, (Header.REPLAY_OF.value, b"id"))
    return Record(
        record.partition,
        record.offset + LATER,
        record.timestamp_ms + LATER,
        record.key,
        record.value,
        headers,
    )


def test_what_comes_again_changes_nothing(seeded_market: SeededMarket) -> None:
    store = Store(seeded_market.routes, BROKERS)
    records = [r for r in all_records(seeded_market) if not r.partition.topic.endswith(".dlq")]
    store.fold(records)
    signals, orders = dict(store.signals.rows), dict(store.orders.rows)
    verdicts = store.signals.allowed, store.signals.denied, dict(store.signals.denials)
    quotes, notes = dict(store.market.quotes), store.notes.added
    store.fold([replayed(record) for record in records])
    assert store.signals.rows == signals
    assert (store.signals.allowed, store.signals.denied, store.signals.denials) == verdicts
    assert store.orders.rows == orders
    assert store.orders.odd == 0
    assert store.market.quotes == quotes
    assert store.notes.added == notes


def test_the_tail_marks_a_replayed_record(seeded_market: SeededMarket, fmt: Formatter) -> None:
    record = next(r for r in all_records(seeded_market) if r.partition.topic == "paper.signals.raw")
    place = tail().by_key["place"]
    assert place.draw(record, fmt)[0] == f"0:{record.offset}"
    assert place.draw(replayed(record), fmt)[0] == f"↻ 0:{record.offset + LATER}"


async def test_a_failure_that_came_back_is_one_dead_letter(
    make: Make, own_market: SeededMarket, ready: Step, repaint: Step
) -> None:
    dead = next(r for r in all_records(own_market) if r.partition.topic == "market.ticks.dlq")
    assert dead.key is not None
    assert dead.value is not None
    own_market.log_access.write(
        dead.partition.topic, dead.partition.number, dead.timestamp_ms + 5, dead.key, dead.value, dead.headers
    )
    app = make(over=own_market)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("8", "tab")
        await repaint(pilot)
        assert app.table is not None
        assert app.table.spec.name == "letters"
        ids = [letter.id for letter in app.table.shown]
        assert len(ids) == len(set(ids)) > 0
        newest = app.table.shown[0].record.offset
        assert newest == own_market.log_access.end(dead.partition) - 1
        counts = [reason.count for reason in app.store.dead.reasons.values()]
        assert max(counts) > 1
        assert app.store.dead.unresolved == len(ids)
