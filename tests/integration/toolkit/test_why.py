"""Chains on a real Kafka, found again by any of their ids; what is missing is named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from alphapanda.errors import DecodeError, UsageError
from alphapanda.ids import BrokerId
from alphapanda.kafka.batch_reader import open_batch_reader
from alphapanda.kafka.client import KafkaOptions, open_read_log
from alphapanda.model.envelope import EventEnvelope, LogPosition
from alphapanda.model.records import Offsets, Partition, Record
from alphapanda.operations.trace.missing import GroupPositions
from alphapanda.operations.trace.report import TraceReport, TraceStep
from alphapanda.operations.trace.search import LogSearch
from alphapanda.operations.trace.trace import Tracer
from alphapanda.pipeline.delivery import dead_letter
from alphapanda.pipeline.topic_routing import Routes
from topics.catalogue import Catalogue, Overlay
from topics.dead_letters import FailedStage

pytestmark = pytest.mark.kafka

Chains = Any


@asynccontextmanager
async def tracing(
    options: KafkaOptions, broker: str, committed: dict[str, Offsets] | None = None
) -> AsyncIterator[Tracer]:
    catalogue = Catalogue.load(Overlay())

    async def places() -> GroupPositions:
        return GroupPositions(committed or {})

    async with open_read_log(options) as log:
        topics = sorted({str(spec.name) for spec in catalogue.topics([broker])} & await log.topics())
        async with open_batch_reader(options, topics, log.beginnings) as reader:
            search = LogSearch(log, reader)
            yield Tracer(search, Routes(catalogue, None), [BrokerId(broker)], topics, places)


async def tell(options: KafkaOptions, broker: str, asked: str, **more: Any) -> TraceReport:
    async with tracing(options, broker, **more) as tracer:
        return await tracer.report(asked)


async def a_chain(chains: Chains, steps: int = 6) -> dict[str, EventEnvelope[Any]]:
    """Write a tick and the first `steps` of what follows from it."""
    for _ in range(3):
        await chains.put("market.ticks", chains.tick())
    tick = chains.tick()
    cause: LogPosition = await chains.put("market.ticks", tick)
    events = {"market.ticks": tick}
    for name, event in chains.whole(chains.decide(tick, cause))[:steps]:
        cause = await chains.put(chains.topic(name), event, cause)
        events[name] = event
    return events


def steps_of(story: TraceReport) -> list[TraceStep]:
    (decision,) = story.decisions
    (branch,) = decision.branches
    return [hop.step for hop in branch.hops]


WHOLE = [TraceStep.SIGNAL, TraceStep.RISK, TraceStep.ORDER, TraceStep.REPORT, TraceStep.FILL, TraceStep.PNL]


def raw_event(name: str) -> Callable[[dict[str, EventEnvelope[Any]]], str]:
    return lambda events: events[name].id


@pytest.mark.parametrize(
    ("is_what", "id_of"),
    [
        ("client order id", lambda e: e["orders.submitted"].data.order.client_order_id),
        ("venue order id", lambda e: e["orders.accepted"].data.venue_order_id),
        ("trade id", lambda e: e["orders.filled"].data.fill.trade_id),
        ("decision id", lambda e: e["signals.raw"].data.decision_id),
        ("event: signal_raw", raw_event("signals.raw")),
        ("event: signal_validated", raw_event("signals.validated")),
        ("event: order_submitted", raw_event("orders.submitted")),
        ("event: order_filled", raw_event("orders.filled")),
        ("event: pnl_snapshot", raw_event("pnl.snapshots")),
        ("event: market_tick", raw_event("market.ticks")),
    ],
)
async def test_any_id_leads_to_the_whole_chain(
    chains: Chains, options: KafkaOptions, is_what: str, id_of: Callable[[dict[str, EventEnvelope[Any]]], str]
) -> None:
    await a_chain(chains)
    events = await a_chain(chains)
    await a_chain(chains)
    story = await tell(options, chains.broker, id_of(events))
    assert story.is_what == is_what
    assert steps_of(story) == WHOLE
    (decision,) = story.decisions
    assert decision.tick is not None
    assert decision.tick.event_id == events["market.ticks"].id
    hops = decision.branches[0].hops
    assert [hop.event_id for hop in hops] == [event.id for name, event in events.items() if name != "market.ticks"]
    assert all(hop.hop_ms is not None and hop.hop_ms >= 0 for hop in hops)
    assert [hop.total_ms for hop in hops] == sorted(hop.total_ms or 0 for hop in hops)
    assert [check.passed for check in hops[1].checks] == [True] * 14
    assert story.is_whole


async def test_profit_is_told_as_what_the_fill_did_to_it(chains: Chains, options: KafkaOptions) -> None:
    await a_chain(chains)
    events = await a_chain(chains)
    story = await tell(options, chains.broker, events["orders.filled"].id)
    profit = story.decisions[0].branches[0].hops[-1]
    assert profit.title == "net +₹12.50 → +₹12.50 (₹0.00 charges)"
    assert "NSE:INFY of ema: 10 → 10 @ 1,500.05" in profit.notes[0]
    assert "positions" not in profit.data
    assert profit.data["position"]["instrument"] == "NSE:INFY"


async def test_a_denial_shows_the_check_that_failed_and_lacks_nothing(
    chains: Chains, options: KafkaOptions
) -> None:
    tick = chains.tick()
    at = await chains.put("market.ticks", tick)
    raw = chains.decide(tick, at)
    cause = await chains.put(chains.topic("signals.raw"), raw, at)
    denied = chains.judge(raw, denied=True)
    await chains.put(chains.topic("signals.rejected"), denied, cause)
    story = await tell(options, chains.broker, denied.id)
    assert steps_of(story) == [TraceStep.SIGNAL, TraceStep.RISK]
    failed = story.decisions[0].branches[0].hops[-1].checks[-1]
    assert (failed.check, failed.value, failed.limit, failed.passed) == (
        "max_order_quantity",
        "10 units",
        "5 units",
        False,
    )
    assert story.is_whole


@pytest.mark.parametrize(
    ("steps", "committed", "missing", "pending", "words"),
    [
        (1, {}, TraceStep.RISK, True, "has never committed anything"),
        (1, {"risk": 0}, TraceStep.RISK, True, "has not read"),
        (1, {"risk": 1}, TraceStep.RISK, False, "has read past"),
        (2, {"trader": 0}, TraceStep.ORDER, True, "has not read"),
        (2, {"trader": 1}, TraceStep.ORDER, False, "has read past"),
        (3, {}, TraceStep.REPORT, True, "nothing was heard"),
        (4, {}, TraceStep.FILL, True, "10 units wait"),
        (5, {}, TraceStep.PNL, False, "no profit snapshot"),
    ],
)
async def test_the_missing_hop_is_named(
    chains: Chains,
    options: KafkaOptions,
    steps: int,
    committed: dict[str, int],
    missing: TraceStep,
    pending: bool,
    words: str,
) -> None:
    events = await a_chain(chains, steps)
    topics = {"risk": "signals.raw", "trader": "signals.validated"}
    places = {
        f"{chains.broker}.{group}": {Partition(chains.topic(topics[group]), 0): offset}
        for group, offset in committed.items()
    }
    story = await tell(options, chains.broker, events["signals.raw"].id, committed=places)
    (gap,) = story.decisions[0].branches[0].gaps
    assert (gap.step, gap.pending) == (missing, pending)
    assert words in gap.why
    assert story.is_whole is pending


async def test_a_dead_letter_is_why_there_is_no_verdict(chains: Chains, options: KafkaOptions) -> None:
    events = await a_chain(chains, 1)
    raw = events["signals.raw"]
    out = chains.record(chains.topic("signals.raw"), raw)
    record = Record(Partition(out.topic, 0), 0, 0, out.key, out.value, out.headers)
    letter = dead_letter(
        record,
        DecodeError("It is too strange."),
        group=f"{chains.broker}.risk",
        stage=FailedStage.HANDLE,
        attempts=1,
        now=raw.ts,
        version="0",
    )
    await chains.log.append([letter])
    story = await tell(options, chains.broker, raw.id)
    (gap,) = story.decisions[0].branches[0].gaps
    assert gap.step is TraceStep.RISK
    assert "dead letters" in gap.why
    assert "It is too strange." in gap.why
    assert not story.is_whole


async def test_a_tick_that_led_to_nothing_says_so(chains: Chains, options: KafkaOptions) -> None:
    tick = chains.tick()
    at = await chains.put("market.ticks", tick)
    partition = Partition(at.topic, at.partition)
    read = {"alphapanda.strategies": {partition: at.offset + 1}}
    story = await tell(options, chains.broker, tick.id, committed=read)
    assert story.tick is not None
    assert story.tick.position == at
    assert (list(story.decisions), list(story.gaps)) == ([], [])
    late = await tell(options, chains.broker, tick.id, committed={"alphapanda.strategies": {partition: at.offset}})
    (gap,) = late.gaps
    assert (gap.step, gap.pending) == (TraceStep.SIGNAL, True)


async def test_a_tick_shows_every_decision_on_it_and_the_fills_it_was_matched_with(
    chains: Chains, options: KafkaOptions
) -> None:
    tick = chains.tick()
    at = await chains.put("market.ticks", tick)
    for n in range(2):
        for name, event in chains.whole(chains.decide(tick, at, n)):
            await chains.put(chains.topic(name), event, at)
    story = await tell(options, chains.broker, tick.id)
    assert len(story.decisions) == 2
    assert [hop.step for hop in story.others] == [TraceStep.FILL, TraceStep.FILL]
    assert story.is_whole


async def test_an_event_written_twice_is_told_once(chains: Chains, options: KafkaOptions) -> None:
    events = await a_chain(chains)
    await chains.put(chains.topic("orders.filled"), events["orders.filled"])
    story = await tell(options, chains.broker, events["orders.filled"].id)
    assert steps_of(story) == WHOLE


async def test_without_the_headers_of_causes_the_chain_is_found_all_the_same(
    chains: Chains, options: KafkaOptions
) -> None:
    tick = chains.tick()
    at = await chains.put("market.ticks", tick)
    events = dict(chains.whole(chains.decide(tick, at)))
    for name, event in events.items():
        await chains.put(chains.topic(name), event)
    story = await tell(options, chains.broker, events["orders.filled"].data.fill.trade_id)
    assert steps_of(story) == WHOLE


async def test_an_audit_that_mentions_an_id_does_not_stand_for_it(chains: Chains, options: KafkaOptions) -> None:
    from alphapanda.clock import SystemClock
    from alphapanda.model.control import Outcome
    from alphapanda.pipeline.message_producer import MessageProducer

    events = await a_chain(chains)
    order_id = events["orders.submitted"].data.order.client_order_id
    producer = MessageProducer(chains.log, "test", SystemClock())
    await producer.audit("me", "looked", order_id, outcome=Outcome.DONE)
    story = await tell(options, chains.broker, order_id)
    assert story.is_what == "client order id"
    assert steps_of(story) == WHOLE


async def test_bytes_that_are_no_event_are_told_as_such(chains: Chains, options: KafkaOptions) -> None:
    from alphapanda.model.records import Outgoing

    marker = f"marker-{chains.broker}"
    await chains.log.append([Outgoing(chains.topic("orders.filled"), b"k", f'{{"x": "{marker}"'.encode())])
    story = await tell(options, chains.broker, marker)
    (hop,) = story.others
    assert "cannot be decoded" in hop.title


@pytest.mark.parametrize("asked", ["12345678-efb6-8609-804c-111111111111", "019ab000-efb6-7609-804c-111111111111"])
async def test_an_unknown_id_is_an_error(chains: Chains, options: KafkaOptions, asked: str) -> None:
    with pytest.raises(UsageError, match="Nothing in the log has the id"):
        await tell(options, chains.broker, asked)


async def test_the_command_line_shows_documents_and_exit_codes(chains: Chains, call: Any) -> None:
    events = await a_chain(chains)
    whole = await call("why", events["orders.submitted"].data.order.client_order_id, "--json")
    assert whole.code == 0, whole.err
    document = whole.json()
    assert (document["kind"], document["schema_version"], document["whole"]) == ("why", 1, True)
    (decision,) = document["decisions"]
    assert [hop["step"] for hop in decision["branches"][0]["hops"]] == [step.value for step in WHOLE]
    assert decision["tick"]["topic"] == "market.ticks"

    text = await call("trace", events["orders.filled"].id)
    assert text.code == 0, text.err
    assert "✓ check_13  13 units (limit 100 units)" in text.out.decode()

    gone = await a_chain(chains, 5)
    partly = await call("why", gone["signals.raw"].id)
    assert partly.code == 3, partly.err
    assert "MISSING: no profit snapshot" in partly.out.decode()

    unknown = await call("why", "12345678-efb6-8609-804c-111111111111")
    assert (unknown.code, unknown.out) == (2, b"")
    assert "Nothing in the log has the id" in unknown.err
