"""The chain behind an id in a log of a million records: it is whole, and little was read to find it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.ids import BrokerId, SequenceIds
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.tiers import running
from alphapanda.kafka.batch_reader import open_batch_reader
from alphapanda.kafka.client import KafkaOptions, open_log, open_read_log
from alphapanda.kafka.partitioner import partition_of
from alphapanda.kafka.tick_writer import TICKS_TOPIC, TickWriter, TickWriterOptions, open_tick_writer
from alphapanda.market.simulation import MarketSimulation, SimulationConfig
from alphapanda.model.envelope import EventEnvelope, LogPosition
from alphapanda.model.records import Outgoing
from alphapanda.model.tick import Tick, TickFrame
from alphapanda.operations.trace.missing import GroupPositions
from alphapanda.operations.trace.report import TraceReport, TraceStep
from alphapanda.operations.trace.search import FIRST_STEP, LogSearch
from alphapanda.operations.trace.trace import Tracer
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.settings import EmbeddedSettings
from topics.catalogue import Catalogue, Overlay

BROKER = "paper"
SOURCE = "long log"
FRAME = 2_000
CHAIN = [TraceStep.SIGNAL, TraceStep.RISK, TraceStep.ORDER, TraceStep.REPORT, TraceStep.FILL, TraceStep.PNL]
TICK_LOOKS = 20
"""A tick is found by halving: at most so many frames of ticks are looked into, however long the log is."""

SHARE = 0.1
KAFKA = pytest.mark.kafka


@dataclass(frozen=True)
class Asked:
    """An id that an operator may ask for.

    Attributes:
        what: of what it is.
        where: in the log.
        id: the id.
    """

    what: str
    where: str
    id: str


@dataclass
class LongLog:
    """Writes ticks and, among them, chains of trading, each with its place and its causes, as the daemons do.

    Attributes:
        chains: makes events.
        ids: of the ticks.
        partitions: of the ticks' topic.
    """

    chains: Any
    ids: SequenceIds
    partitions: int
    asked: list[Asked] = field(default_factory=list)
    _ends: Counter[tuple[str, int]] = field(default_factory=Counter)

    async def write(self, writer: TickWriter, records: int, share: float) -> None:
        """Write so many records, of which `share` belong to chains."""
        ticks = MarketSimulation(SimulationConfig()).ticks()
        per_frame = max(1, round(FRAME * share / (1 - share) / len(CHAIN)))
        frames = round(records / (FRAME + per_frame * len(CHAIN)))
        named = {0: "oldest", frames // 2: "middle", frames - 1: "newest"}
        for number in range(frames):
            frame = TickFrame(number * FRAME, tuple(islice(ticks, FRAME)))
            await writer.write(frame)
            out: list[Outgoing] = []
            for place, (tick, at) in enumerate(islice(self._placed(frame), FRAME)):
                if place < per_frame:
                    out += self._chain(tick, at, named.get(number) if place == 0 else None)
            await self.chains.log.append(out)
        await writer.drain()

    def _placed(self, frame: TickFrame) -> Iterator[tuple[EventEnvelope[Tick], LogPosition]]:
        for place, tick in enumerate(frame.ticks):
            partition = partition_of(str(tick.instrument_token).encode(), self.partitions)
            offset = self._ends[TICKS_TOPIC, partition]
            self._ends[TICKS_TOPIC, partition] += 1
            self.chains.ids, self.chains.count = self.ids, frame.first + place
            event = self.chains.tick(tick.last_price)
            yield event, LogPosition(TICKS_TOPIC, partition, offset)

    def _chain(self, tick: EventEnvelope[Tick], at: LogPosition, where: str | None) -> list[Outgoing]:
        events = dict(self.chains.whole(self.chains.decide(tick, at)))
        places = {name: LogPosition(self.chains.topic(name), 0, self._end(name)) for name in events}
        causes = {
            "signals.raw": at,
            "signals.validated": places["signals.raw"],
            "orders.submitted": places["signals.validated"],
            "orders.accepted": places["signals.validated"],
            "orders.filled": at,  # a paper order is filled on a tick
            "pnl.snapshots": at,
        }
        if where is not None:
            of = {
                "order id": events["orders.submitted"].data.order.client_order_id,
                "fill id": events["orders.filled"].id,
                "trade id": events["orders.filled"].data.fill.trade_id,
                "signal id": events["signals.validated"].id,
                "decision id": events["signals.raw"].data.decision_id,
                "tick id": tick.id,
            }
            self.asked += [Asked(what, where, one) for what, one in of.items()]
        return [self.chains.record(self.chains.topic(name), event, causes[name]) for name, event in events.items()]

    def _end(self, name: str) -> int:
        end = self._ends[name, 0]
        self._ends[name, 0] += 1
        return end


async def write_long_log(toolkit: Any, servers: str, records: int, share: float) -> list[Asked]:
    """Write a log of so many records, of which `share` belong to chains, and return ids to ask for.

    Args:
        toolkit: the neighbouring `conftest`.
        servers: Kafka's, without any topic of ours.
        records: how many.
        share: 0 to 1.
    """
    await toolkit.make_topics(servers, BROKER)
    ids = SequenceIds(SOURCE)
    async with (
        open_log(KafkaOptions(servers, "long.log")) as log,
        open_tick_writer(TickWriterOptions(servers), ids, SystemClock()) as writer,
    ):
        long_log = LongLog(toolkit.Chains(BROKER, log, ids), ids, writer.partitions)
        await long_log.write(writer, records, share)
        return long_log.asked


@KAFKA
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "records",
    [50_000, pytest.param(1_000_000, marks=pytest.mark.conformance)],  # a million take a minute to write
)
async def test_a_chain_in_a_long_log_is_found_whole_and_little_is_read(
    tmp_path: Path, toolkit: Any, records: int
) -> None:
    tier = EmbeddedTier(EmbeddedSettings(), Deployment(tmp_path), SystemClock())
    async with running(tier) as endpoints:
        options = KafkaOptions(endpoints.bootstrap_servers, "test.why.long")
        for one in await write_long_log(toolkit, endpoints.bootstrap_servers, records, SHARE):
            story, read = await told(options, one.id)
            (decision,) = story.decisions
            (branch,) = decision.branches
            assert [hop.step for hop in branch.hops] == CHAIN, one
            assert story.is_whole, one
            assert decision.tick is not None, one
            assert_little_is_read(one, read, chains=records * SHARE / len(CHAIN))


def assert_little_is_read(asked: Asked, read: Counter[str], chains: float) -> None:
    """Ticks are gone to, never searched; a topic of decisions is looked through for an id and for what follows."""
    ticks = read.pop(TICKS_TOPIC)
    assert ticks <= (TICK_LOOKS if asked.what == "tick id" else 1) * FRAME, (asked, ticks)
    most = FIRST_STEP if asked.where == "newest" else chains
    assert max(read.values()) <= 2 * most + FRAME, (asked, read)
    assert read["paper.pnl.snapshots"] <= most + FRAME, (asked, read)


async def told(options: KafkaOptions, asked: str) -> tuple[TraceReport, Counter[str]]:
    """Return the story of an id and how many records of each topic were looked through for it."""
    catalogue = Catalogue.load(Overlay())

    async def places() -> GroupPositions:
        return GroupPositions({})

    async with open_read_log(options) as log:
        topics = sorted({str(spec.name) for spec in catalogue.topics([BROKER])} & await log.topics())
        async with open_batch_reader(options, topics, log.beginnings) as reader:
            search = LogSearch(log, reader)
            story = await Tracer(search, Routes(catalogue, None), [BrokerId(BROKER)], topics, places).report(asked)
            return story, search.read
