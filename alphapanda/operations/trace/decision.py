"""One decision, followed through the log: back by the causes that records name, forward by the decision's id.

Back: every record of ours names its input (`ap-cause`), so each step is one read. Forward: all that follows
carries the decision's id and was written after the signal; a window of time is searched, a larger one only if
something is missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from alphapanda.ids import MARKET, BrokerId
from alphapanda.model.envelope import LogPosition
from alphapanda.model.kinds import EventType
from alphapanda.model.order import OrderFilled
from alphapanda.model.position import PnlSnapshot
from alphapanda.model.records import TIMER_CAUSE, Header, Partition, Record
from alphapanda.model.signal import Signal
from alphapanda.operations.trace.identity import signal_in
from alphapanda.operations.trace.missing import GroupPositions, branch_gaps
from alphapanda.operations.trace.report import (
    BrokerTrace,
    DecisionTrace,
    DecodedRecord,
    MissingEvent,
    TraceSpan,
    TraceStep,
)
from alphapanda.operations.trace.search import LogSearch
from alphapanda.operations.trace.spans import pnl_span, read_record, span_of, step_of, timed
from alphapanda.pipeline.topic_routing import Routes

WINDOWS_MS: tuple[int | None, ...] = (2_000, 30_000, 600_000, None)
"""How much time after the signal is searched: at first, if something is missing, and at last up to the end."""

_MAX_CAUSES = 8
_VERDICTS = (EventType.SIGNAL_VALIDATED, EventType.SIGNAL_REJECTED)
_PNL_BATCHES = 16

TopicsOf = Callable[[BrokerId], Collection[str]]
Ask = Callable[[], Awaitable[GroupPositions]]


@dataclass(slots=True)
class DecisionTracer:
    """Follows decisions.

    Attributes:
        search: of the log.
        routes: for topics and decoding.
        topics_of: the topics of a broker that are there: signals, orders, profit, dead letters.
        ask_places: asks how far the groups have come; it is asked once, and only if something is missing.
    """

    search: LogSearch
    routes: Routes
    topics_of: TopicsOf
    ask_places: Ask
    _places: GroupPositions | None = None
    _founds: dict[str, list[DecodedRecord]] = field(default_factory=dict)

    async def trace(self, decision_id: str, anchor: Record, brokers: Sequence[BrokerId]) -> DecisionTrace:
        """Return the decision that `anchor` belongs to, as far as it went to `brokers`."""
        raw = await self._raw_signal(decision_id, anchor)
        start_ms = (raw or await self._verdict(decision_id, anchor)).timestamp_ms
        founds: dict[BrokerId, list[DecodedRecord]] = {}
        since_ms = start_ms
        for window in WINDOWS_MS:
            until_ms = None if window is None else start_ms + window
            await self._gather(decision_id, brokers, since_ms, until_ms, founds)
            since_ms = until_ms or since_ms
            if founds and all(self._is_whole(broker, found) for broker, found in founds.items()):
                break
        tick, gaps = await self._tick(founds, raw)
        branches = [await self._branch(broker, founds[broker], tick) for broker in brokers if broker in founds]
        return DecisionTrace(decision_id, tick, gaps, tuple(branches))

    async def _raw_signal(self, decision_id: str, anchor: Record) -> Record | None:
        """Return the signal that a record follows from: by its causes, else by looking for it."""
        record, broker = anchor, self._broker_of(anchor)
        raw_topic = self.routes.topic(EventType.SIGNAL_RAW, broker)
        for _ in range(_MAX_CAUSES):
            if record.partition.topic == raw_topic:
                return record
            position = cause_of(record)
            cause = None if position is None else await self.search.at(position)
            if cause is None or cause.header(Header.CORRELATION_ID) != decision_id.encode():
                break
            record = cause
        spans = await self.search.spans([raw_topic], until_ms=anchor.timestamp_ms + 1)
        hits = await self.search.backward(decision_id, spans)
        return hits[0] if hits else None

    async def _verdict(self, decision_id: str, anchor: Record) -> Record:
        """Return risk's record of a decision without a signal, as an operator's is; without one `anchor`."""
        broker = self._broker_of(anchor)
        topics = [self.routes.topic(kind, broker) for kind in _VERDICTS]
        spans = await self.search.spans(topics, until_ms=anchor.timestamp_ms + 1)
        hits = await self.search.backward(decision_id, spans)
        return hits[0] if hits else anchor

    async def _commands(self, broker: BrokerId, founds: Sequence[DecodedRecord]) -> list[DecodedRecord]:
        """Return the operator's commands that records follow from."""
        topic = self.routes.topic(EventType.CONTROL_COMMAND, broker)
        places = {cause for found in founds if (cause := cause_of(found.record)) and cause.topic == topic}
        records = [await self.search.at(place) for place in sorted(places)]
        return [read_record(self.routes, record) for record in records if record is not None]

    async def _gather(
        self,
        decision_id: str,
        brokers: Sequence[BrokerId],
        since_ms: int,
        until_ms: int | None,
        founds: dict[BrokerId, list[DecodedRecord]],
    ) -> None:
        topics = [topic for broker in brokers for topic in self.topics_of(broker)]
        spans = await self.search.spans(topics, since_ms=since_ms, until_ms=until_ms)
        for record in await self.search.forward(decision_id, spans):
            found = read_record(self.routes, record)
            correlation = record.header(Header.CORRELATION_ID)
            if correlation is None and found.event is not None:
                correlation = found.event.envelope.correlation_id.encode()
            if correlation == decision_id.encode():
                mine = founds.setdefault(self._broker_of(record), [])
                if all(known.record.position != record.position for known in mine):
                    mine.append(found)

    def _is_whole(self, broker: BrokerId, founds: Sequence[DecodedRecord]) -> bool:
        gaps = branch_gaps(broker, founds, [span_of(found) for found in founds], GroupPositions({}))
        return all(gap.step in {TraceStep.PNL, TraceStep.SIGNAL, TraceStep.COMMAND} for gap in gaps)

    async def _branch(self, broker: BrokerId, founds: list[DecodedRecord], tick: TraceSpan | None) -> BrokerTrace:
        fills = [f for f in founds if f.event is not None and f.event.type is EventType.ORDER_FILLED]
        if fills and not any(step_of(found) is TraceStep.PNL for found in founds):
            after = await self._pnl_after(broker, max(fills, key=lambda fill: fill.record.timestamp_ms))
            founds = [*founds, after] if after is not None else founds
        founds = [*founds, *await self._commands(broker, founds)]
        hops = [await self._hop(found, fills) for found in founds]
        gaps = branch_gaps(broker, founds, hops, GroupPositions({}))
        if gaps:
            gaps = branch_gaps(broker, founds, hops, await self.places())
        return BrokerTrace(broker, timed(_once(hops), tick), gaps)

    async def places(self) -> GroupPositions:
        """Return how far the groups have come."""
        if self._places is None:
            self._places = await self.ask_places()
        return self._places

    async def _hop(self, found: DecodedRecord, fills: Sequence[DecodedRecord]) -> TraceSpan:
        event = found.event
        if event is None or not isinstance(event.data, PnlSnapshot) or not fills:
            return span_of(found)
        earlier = [fill for fill in fills if fill.record.timestamp_ms <= found.record.timestamp_ms] or fills
        fill: OrderFilled = earlier[-1].event.data  # type: ignore[union-attr] # only decoded ones are fills
        at = found.record
        position = LogPosition(at.partition.topic, at.partition.number, at.offset - 1)
        record = await self.search.at(position) if at.offset else None
        before = None if record is None else read_record(self.routes, record).event
        return pnl_span(found, before.data if before is not None else None, fill.fill)

    async def _pnl_after(self, broker: BrokerId, fill: DecodedRecord) -> DecodedRecord | None:
        """Return the profit snapshot that a fill led to: that of the same cause, else the first at its time."""
        topic = self.routes.topic(EventType.PNL_SNAPSHOT, broker)
        if topic not in self.topics_of(broker) or fill.event is None:
            return None
        spans = await self.search.spans([topic], since_ms=fill.record.timestamp_ms)
        for partition, (start, stop) in spans.items():
            offset = start
            for _ in range(_PNL_BATCHES):
                records = await self.search.some_at(partition, offset) if offset < stop else ()
                for record in records:
                    found = read_record(self.routes, record)
                    same_cause = record.header(Header.CAUSE) == fill.record.header(Header.CAUSE)
                    if found.event is not None and (same_cause or found.event.data.at >= fill.event.data.fill.ts):
                        return found
                if not records:
                    break
                offset = records[-1].offset + 1
        return None

    async def _tick(
        self, founds: Mapping[BrokerId, Sequence[DecodedRecord]], raw: Record | None
    ) -> tuple[TraceSpan | None, tuple[MissingEvent, ...]]:
        signal = self._signal(founds, raw)
        if signal is None:
            return None, (MissingEvent(TraceStep.TICK, "nothing that is left says which tick it was"),)
        if signal.command_id is not None:
            return None, ()
        topic = self.routes.topic(EventType.MARKET_TICK, MARKET)
        position = LogPosition(topic, signal.tick.partition, signal.tick.offset)
        record = await self.search.at(position)
        if record is None:
            oldest = self.search.beginning(Partition(topic, signal.tick.partition))
            said = f"{signal.instrument} at {signal.tick.last_price:,.2f}"
            why = f"{position} is no longer in the log, which begins at {oldest}; the signal says it was {said}"
            return None, (MissingEvent(TraceStep.TICK, why),)
        hop = span_of(read_record(self.routes, record))
        if hop.event_id != signal.tick.event_id:
            return None, (
                MissingEvent(TraceStep.TICK, f"{position} is another record than the signal's tick: another log?"),
            )
        return timed([hop], None)[0], ()

    def _signal(self, founds: Mapping[BrokerId, Sequence[DecodedRecord]], raw: Record | None) -> Signal | None:
        candidates = [found for mine in founds.values() for found in mine]
        if raw is not None:
            candidates.insert(0, read_record(self.routes, raw))
        return next((signal for found in candidates if (signal := signal_in(found)) is not None), None)

    def _broker_of(self, record: Record) -> BrokerId:
        return self.routes.carried_by(record.partition.topic)[1]


def cause_of(record: Record) -> LogPosition | None:
    """Return the input that a record of ours follows from, None where it does not say."""
    cause = record.header(Header.CAUSE)
    if cause is None or cause == TIMER_CAUSE:
        return None
    place, _, offset = cause.decode(errors="replace").rpartition(":")
    topic, _, number = place.rpartition(":")
    if not (topic and number.isdecimal() and offset.isdecimal()):
        return None
    return LogPosition(topic, int(number), int(offset))


def _once(hops: Sequence[TraceSpan]) -> list[TraceSpan]:
    """Return hops without those written again: an event's first place counts."""
    first: dict[object, TraceSpan] = {}
    for hop in sorted(hops, key=lambda one: (one.written_at, one.position)):
        first.setdefault((hop.event_id, hop.step) if hop.event_id else hop.position, hop)
    return list(first.values())
