"""From an id to its report: the kind of id, its place in the log, and the chain it belongs to."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

from alphapanda.errors import UsageError
from alphapanda.ids import MARKET, BrokerId
from alphapanda.model.envelope import LogPosition
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Partition, Record
from alphapanda.operations.trace.decision import DecisionTracer
from alphapanda.operations.trace.identity import IdRole, TracedId, most_telling, role_of, tick_ref_in
from alphapanda.operations.trace.missing import GroupPositions
from alphapanda.operations.trace.report import (
    DecisionTrace,
    DecodedRecord,
    MissingEvent,
    TraceReport,
    TraceSpan,
    TraceStep,
)
from alphapanda.operations.trace.search import LogSearch
from alphapanda.operations.trace.spans import read_record, span_of, timed
from alphapanda.operations.trace.ticks import find_tick
from alphapanda.pipeline.topic_routing import Routes
from topics.names import TopicName
from topics.services import STRATEGIES_GROUP

NEWEST_TICKS = 65_536
"""Ticks of each partition that are searched for an id that is not a tick's number, unless a time is given."""

_ID = re.compile(r"[!-~]{6,200}")
_TRADING = frozenset({"signals", "orders", "pnl"})
_SLACK_MS = 60_000
_AROUND_MS = 600_000
_UUID7 = 7
_FEW_DIGITS = "000"
"""A tick's number, of 48 bits, begins so; another id does once in 4,096 times."""


@dataclass(slots=True)
class Tracer:
    """Tells the story of an id.

    Attributes:
        search: of the log.
        routes: for topics and decoding.
        brokers: whose topics are looked through.
        topics: all topics of the deployment that are there, dead letters too.
        ask_places: asks how far these groups have come.
        since_ms: nothing written before is looked for.
        until_ms: nothing written from then on is looked for first.
    """

    search: LogSearch
    routes: Routes
    brokers: Sequence[BrokerId]
    topics: Collection[str]
    ask_places: Callable[[], Awaitable[GroupPositions]]
    since_ms: int | None = None
    until_ms: int | None = None
    _tracer: DecisionTracer = field(init=False)
    _skipped_ticks: bool = False

    def __post_init__(self) -> None:
        self._tracer = DecisionTracer(self.search, self.routes, self._trading_topics, self.ask_places)

    async def report(self, asked: str) -> TraceReport:
        """Return the story of an id: of an event, a client or venue order, a trade or a decision.

        Raises:
            UsageError: it is not an id, or nothing in the log has it.
        """
        if not _ID.fullmatch(asked):
            raise UsageError(f"{asked!r} is not an id.", hint="Find ids: alphapanda orders, signals, topics tail.")
        await self.search.look(self.topics)
        identity = await self._identify(asked)
        if identity is None:
            raise UsageError(
                f"Nothing in the log has the id {asked}; {len(self.topics)} topics were searched.",
                hint="Of ticks that are not numbered only the newest were: --since searches all from a time on."
                if self._skipped_ticks
                else "It may be older than its topic keeps records, or of another deployment.",
            )
        event = identity.found.event
        if identity.role is IdRole.TICK or (event is not None and event.type is EventType.MARKET_TICK):
            return await self._tick_story(asked, identity)
        if event is not None and self._is_trading(identity.found.record):
            story = await self._decision_story(asked, identity)
            if story is not None:
                return story
        return await self._other_story(asked, identity)

    # ------------------------------------------------------------------ what it is
    async def _identify(self, asked: str) -> TracedId | None:
        tick_first = asked[24:27] == _FEW_DIGITS
        ways = [self._among_events, self._among_snapshots, self._ticks_by_bytes]
        ways.insert(0 if tick_first else 1, self._ticks_by_number)
        for way in ways:
            identity = most_telling(asked, await way(asked))
            if identity is not None:
                return identity
        return None

    async def _ticks_by_number(self, asked: str) -> list[DecodedRecord]:
        spans = await self._spans([self._tick_topic])
        record = await find_tick(self.search, asked, spans)
        return [] if record is None else self._read([record])

    async def _ticks_by_bytes(self, asked: str) -> list[DecodedRecord]:
        """Search ticks that no number leads to: at the time in the id, else from `since_ms`, else the newest."""
        made_ms = _made_ms(asked)
        if made_ms is not None:
            around = await self._spans([self._tick_topic], made_ms - _SLACK_MS, made_ms + _AROUND_MS)
            return self._read(await self.search.forward(asked, around))
        spans = await self._spans([self._tick_topic])
        if self.since_ms is None:
            self._skipped_ticks = any(stop - start > NEWEST_TICKS for start, stop in spans.values())
            spans = {one: (max(start, stop - NEWEST_TICKS), stop) for one, (start, stop) in spans.items()}
        return self._read(await self.search.backward(asked, spans))

    async def _among_events(self, asked: str) -> list[DecodedRecord]:
        topics = [topic for topic in self.topics if topic != self._tick_topic and topic not in self._pnl_topics]
        return await self._in(asked, topics)

    async def _among_snapshots(self, asked: str) -> list[DecodedRecord]:
        return await self._in(asked, self._pnl_topics)

    async def _in(self, asked: str, topics: Collection[str]) -> list[DecodedRecord]:
        made_ms = _made_ms(asked)
        if made_ms is not None:
            spans = await self._spans(topics, made_ms - _SLACK_MS, made_ms + _AROUND_MS)
            hits = await self.search.forward(asked, spans)
            if hits:
                return self._read(hits)

        def is_known(records: Sequence[Record]) -> bool:
            """Whether a record says what the id is; an audit may mention it, too, and says nothing of it."""
            return any(role_of(asked, found) <= IdRole.TICK for found in self._read(records))

        return self._read(await self.search.backward(asked, await self._spans(topics), is_known))

    def _read(self, records: Sequence[Record]) -> list[DecodedRecord]:
        return [read_record(self.routes, record) for record in records]

    # ------------------------------------------------------------------ stories
    async def _decision_story(self, asked: str, identity: TracedId) -> TraceReport | None:
        found = identity.found
        assert found.event is not None
        envelope = found.event.envelope
        brokers = self.brokers if identity.role is IdRole.DECISION else [envelope.broker]
        decision = await self._tracer.trace(envelope.correlation_id, found.record, brokers)
        if not any(hop.step is not TraceStep.PNL for branch in decision.branches for hop in branch.hops):
            return None  # a snapshot that a timer told to write: it belongs to no decision
        return TraceReport(asked=asked, is_what=self._words(identity, decision, asked), decisions=[decision])

    def _words(self, identity: TracedId, decision: DecisionTrace, asked: str) -> str:
        """Return what the id is, now that all of its chain is known."""
        for branch in decision.branches:
            for hop in branch.hops:
                if hop.event_id == asked:
                    return f"event: {self.routes.carried_by(hop.position.topic)[0].value}"
        return identity.words

    async def _tick_story(self, asked: str, identity: TracedId) -> TraceReport:
        tick, gaps = await self._tick_of(identity)
        since_ms = identity.found.record.timestamp_ms if tick is None else int(tick.written_at.timestamp() * 1000)
        raw_topics = {self.routes.topic(EventType.SIGNAL_RAW, broker) for broker in self.brokers}
        fill_topics = {self.routes.topic(EventType.ORDER_FILLED, broker) for broker in self.brokers}
        spans = await self.search.spans((raw_topics | fill_topics) & set(self.topics), since_ms=since_ms)
        hits = self._read(await self.search.forward(asked, spans))
        anchors: dict[str, Record] = {}
        for hit in hits:
            if hit.event is not None and hit.event.type is EventType.SIGNAL_RAW:
                anchors.setdefault(hit.event.envelope.correlation_id, hit.record)
        decisions = [await self._tracer.trace(one, record, self.brokers) for one, record in anchors.items()]
        fills = [
            span_of(hit) for hit in hits if hit.event is not None and hit.event.type is EventType.ORDER_FILLED
        ]
        if not decisions and tick is not None:
            why, pending = (await self._tracer.places()).why_not(STRATEGIES_GROUP, tick.position, "decision")
            if pending:
                gaps.append(MissingEvent(TraceStep.SIGNAL, why, pending=True))
        return TraceReport(
            asked=asked,
            is_what="event: market_tick",
            tick=tick,
            decisions=decisions,
            others=timed(fills, tick),
            gaps=gaps,
        )

    async def _tick_of(self, identity: TracedId) -> tuple[TraceSpan | None, list[MissingEvent]]:
        """Return the tick itself, or why it is not there."""
        found = identity.found
        ref = tick_ref_in(found)
        if ref is None:
            return timed([span_of(found)], None)[0], []
        position = LogPosition(self._tick_topic, ref.partition, ref.offset)
        record = await self.search.at(position)
        if record is not None:
            hop = span_of(read_record(self.routes, record))
            if hop.event_id == ref.event_id:
                return timed([hop], None)[0], []
        return None, [
            MissingEvent(
                TraceStep.TICK, f"{position}, which {found.record.position} names, is no longer in the log"
            )
        ]

    async def _other_story(self, asked: str, identity: TracedId) -> TraceReport:
        """Return the records of the same correlation: commands, the events that obeyed them, audits, alerts."""
        record, event = identity.found.record, identity.found.event
        correlation = asked if event is None else event.envelope.correlation_id
        topics = [topic for topic in self.topics if topic != self._tick_topic and topic not in self._pnl_topics]
        around = await self.search.spans(
            topics, since_ms=record.timestamp_ms - _SLACK_MS, until_ms=record.timestamp_ms + _AROUND_MS
        )
        founds = {identity.found.record.position: identity.found}
        for found in self._read(await self.search.forward(correlation, around)):
            founds.setdefault(found.record.position, found)
        hops = timed([span_of(found) for found in founds.values()], None)
        return TraceReport(asked=asked, is_what=identity.words, others=hops)

    # ------------------------------------------------------------------ topics
    @property
    def _tick_topic(self) -> str:
        return self.routes.topic(EventType.MARKET_TICK, MARKET)

    @property
    def _pnl_topics(self) -> frozenset[str]:
        """The profit snapshots: many and large, and seldom what is asked for."""
        return frozenset(self.routes.topic(EventType.PNL_SNAPSHOT, b) for b in self.brokers) & set(self.topics)

    def _trading_topics(self, broker: BrokerId) -> Collection[str]:
        names = [(topic, TopicName.parse(topic)) for topic in self.topics]
        return [topic for topic, name in names if name.scope == broker and name.domain in _TRADING]

    def _is_trading(self, record: Record) -> bool:
        return TopicName.parse(record.partition.topic).domain in _TRADING

    async def _spans(
        self, topics: Collection[str], since_ms: int | None = None, until_ms: int | None = None
    ) -> dict[Partition, tuple[int, int]]:
        starts = [ms for ms in (self.since_ms, since_ms) if ms is not None]
        stops = [ms for ms in (self.until_ms, until_ms) if ms is not None]
        chosen = [topic for topic in topics if topic in self.topics]
        return await self.search.spans(
            chosen, since_ms=max(starts, default=None), until_ms=min(stops, default=None)
        )


def _made_ms(asked: str) -> int | None:
    """Return when a UUIDv7 was made, Unix milliseconds (RFC 9562 §5.7); None for other ids."""
    try:
        made = uuid.UUID(asked)
    except ValueError:
        return None
    return made.int >> 80 if made.version == _UUID7 else None
