"""A record that was sent again stands in the log twice: who folds the log shows it once, a tail twice."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import msgspec
import pytest

from alphapanda.model.envelope import EventEnvelope, LogPosition
from alphapanda.model.records import Header, Outgoing

pytestmark = pytest.mark.kafka

Chains = Any
Call = Any


@pytest.fixture
async def replayed(chains: Chains) -> dict[str, EventEnvelope[Any]]:
    """A whole chain, each record of it sent again for one group after the next, and another chain."""
    tick = chains.tick()
    cause: LogPosition = await chains.put("market.ticks", tick)
    events: dict[str, EventEnvelope[Any]] = {}
    for name, event in chains.whole(chains.decide(tick, cause)):
        topic = chains.topic(name)
        original = chains.record(topic, event, cause)
        (cause,) = await chains.log.append([original])
        again = (*original.headers, *sent_again(topic))
        await chains.log.append([Outgoing(topic, original.key, original.value, again)])
        events[name] = event
    for name, event in chains.whole(chains.decide(chains.tick(), LogPosition("market.ticks", 0, 0))):
        await chains.put(chains.topic(name), event)
    return events


def sent_again(topic: str) -> tuple[tuple[str, bytes], ...]:
    return (
        (Header.REPLAY_OF.value, f"{topic}.dlq:0:0".encode()),
        (Header.REPLAY_GROUP.value, b"somebody"),
        (Header.REPLAY_COUNT.value, b"1"),
    )


async def test_signals_lists_it_once(call: Call, replayed: dict[str, EventEnvelope[Any]]) -> None:
    ended = await call("signals", "--json")
    assert ended.code == 0, ended.err
    rows = ended.json()["items"]
    ids = [row["event"]["id"] for row in rows]
    assert len(rows) == 2
    assert ids[0] == replayed["signals.validated"].id
    newest = await call("signals", "--json", "--limit", "1")
    assert [row["event"]["id"] for row in newest.json()["items"]] == ids[1:]


async def test_signals_goes_on_without_what_was_shown(
    chains: Chains, environ: dict[str, str], replayed: dict[str, EventEnvelope[Any]]
) -> None:
    words = ("-m", "commands.main", "signals", "--watch", "--json")
    child = await asyncio.create_subprocess_exec(
        sys.executable, *words, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert child.stdout is not None
        shown = [msgspec.json.decode(await child.stdout.readline()) for _ in range(2)]
        topic = chains.topic("signals.validated")
        copy = chains.record(topic, replayed["signals.validated"])
        await chains.log.append([Outgoing(topic, copy.key, copy.value, (*copy.headers, *sent_again(topic)))])
        news = chains.judge(chains.decide(chains.tick(), LogPosition("market.ticks", 0, 0)))
        await chains.put(topic, news)
        shown.append(msgspec.json.decode(await child.stdout.readline()))
    finally:
        child.terminate()
        await child.wait()
    first, _, last = (row["event"]["id"] for row in shown)
    assert (first, last) == (replayed["signals.validated"].id, news.id)


async def test_tail_shows_both(chains: Chains, call: Call, replayed: dict[str, EventEnvelope[Any]]) -> None:
    topic = chains.topic("orders.filled")
    ended = await call("topics", "tail", topic, "--range", "oldest", "-o", "jsonl")
    ids = [line["value"]["id"] for line in ended.lines()]
    assert ids[:2] == [replayed["orders.filled"].id] * 2
    assert len(ids) == 3


async def test_why_tells_it_once(call: Call, replayed: dict[str, EventEnvelope[Any]]) -> None:
    ended = await call("why", replayed["orders.submitted"].data.order.client_order_id, "--json")
    (decision,) = ended.json()["decisions"]
    (branch,) = decision["branches"]
    assert [hop["event_id"] for hop in branch["hops"]] == [event.id for event in replayed.values()]
    assert [hop["offset"] for hop in branch["hops"]] == [0] * 6, "its first place counts"
