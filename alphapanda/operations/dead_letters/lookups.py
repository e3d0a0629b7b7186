"""What the log and the state tell of records that failed: whether they were processed after all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from types import MappingProxyType

from alphapanda.errors import DecodeError
from alphapanda.kafka.client import KafkaReadLog
from alphapanda.kafka.reading import stream
from alphapanda.model.envelope import LogPosition
from alphapanda.model.kinds import ORDER_EVENTS, EventType
from alphapanda.model.records import Header, Offsets, Partition, Record
from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.record import JSON, RUN_HEADER, EventFacts, EventView, event_facts
from topics.catalogue import Catalogue
from topics.names import TopicName

CLOCK_SKEW_MS = 60_000
"""Records are stamped by whoever writes them."""

FOLLOWERS: Mapping[EventType, tuple[EventType, ...]] = MappingProxyType(
    {
        EventType.SIGNAL_RAW: (EventType.SIGNAL_VALIDATED, EventType.SIGNAL_REJECTED),
        EventType.SIGNAL_VALIDATED: ORDER_EVENTS,
        EventType.CONTROL_COMMAND: (EventType.CONTROL_EVENT,),
    }
)
"""What a group writes when it has processed such an event. What is not here is only folded."""

SETTLES_AN_ORDER = frozenset(ORDER_EVENTS) - {EventType.ORDER_SUBMITTED, EventType.ORDER_UNKNOWN}
"""Events with the venue's outcome of an order."""

_NOTHING = EventFacts()


@dataclass(frozen=True, slots=True)
class SourceCopy:
    """A record of the source topic with an event that also failed.

    Attributes:
        at: where it stands.
        addressee: the only group that acts on it; empty for all.
        run_id: of the run that wrote it; empty where none did.
    """

    at: LogPosition
    addressee: str
    run_id: str


@dataclass(slots=True)
class Lookups:
    """What was found.

    Attributes:
        ends: the ends of the source topic's partitions when it was read.
        resent: dead letter's place → the copy of it in the source topic.
        copies: event id → its records in the source topic.
        followed: (group, event id or client order id) → what the group wrote when it processed it.
        order_events: client order id → the kinds of event that the log has of that order.
        reached: group → how far it has come in the source topic.
        failed: (group, place in the source topic) of every record that is a dead letter.
        retained_from_ms: the topics that would tell no longer hold what was before; 0 where they hold everything.
        orders: client order id → its state in Redis.
        notes: what could not be looked at.
        newest_offset: (partition, key) → the newest record with that key in the source topic.
        unread: a record that may tell, and why it cannot be read; empty where all could be.
    """

    ends: Offsets = field(default_factory=dict)
    resent: dict[str, SourceCopy] = field(default_factory=dict)
    copies: dict[str, list[SourceCopy]] = field(default_factory=dict)
    followed: dict[tuple[str, str], LogPosition] = field(default_factory=dict)
    order_events: dict[str, set[str]] = field(default_factory=dict)
    reached: dict[str, Offsets] = field(default_factory=dict)
    failed: set[tuple[str, LogPosition]] = field(default_factory=set)
    retained_from_ms: int = 0
    orders: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    newest_offset: dict[tuple[int, bytes | None], int] = field(default_factory=dict)
    unread: str = ""

    def has_passed(self, group: str, copy: SourceCopy) -> bool:
        """Whether the group has passed a copy without refusing it."""
        partition = Partition(copy.at.topic, copy.at.partition)
        return (
            self.reached.get(group, {}).get(partition, 0) > copy.at.offset and (group, copy.at) not in self.failed
        )


class LookupReader:
    """Reads evidence for the dead letters of one topic.

    Args:
        log: where.
        catalogue: which topics hold what follows.
        target: the source topic.
        kind: of the events in it.
        view: shows the events in records.
    """

    def __init__(
        self,
        log: KafkaReadLog,
        catalogue: Catalogue,
        target: TopicName,
        kind: EventType,
        view: EventView = JSON,
    ) -> None:
        self._log = log
        self._view = view
        self._catalogue = catalogue
        self._target = target
        self._kind = kind

    async def read(self, items: Collection[FailedRecord], lookups: Lookups) -> None:
        """Add what the log holds about these failures; raises DependencyError for a registry that is down."""
        wanted = {item.newest.event.id for item in items if item.newest.event.id}
        since_ms = min((item.newest.original_ms for item in items), default=0) - CLOCK_SKEW_MS
        await self._read_source(items, wanted, since_ms, lookups)
        if wanted and self._kind in FOLLOWERS:
            await self._read_followers(wanted, since_ms, lookups)

    async def _read_source(
        self, items: Collection[FailedRecord], wanted: Collection[str], since_ms: int, lookups: Lookups
    ) -> None:
        partitions = await self._log.partitions([str(self._target)])
        lookups.ends = await self._log.ends(partitions)
        start = await self._since(partitions, since_ms, lookups.ends)
        for item in items:
            origin = item.newest.origin
            if origin is not None and (place := Partition(origin.topic, origin.partition)) in start:
                start[place] = min(start[place], origin.offset)
        beginnings = await self._log.beginnings(partitions)
        start = {partition: max(offset, beginnings[partition]) for partition, offset in start.items()}
        async with aclosing(stream(self._log, start, lookups.ends)) as batches:
            async for records in batches:
                for record in records:
                    _fold_source(record, self._facts(record, lookups), wanted, lookups)

    async def _read_followers(self, wanted: Collection[str], since_ms: int, lookups: Lookups) -> None:
        names = [str(self._catalogue.topic_of(kind.value, self._target.scope)) for kind in FOLLOWERS[self._kind]]
        there = await self._log.topics()
        partitions = await self._log.partitions([name for name in names if name in there])
        ends, beginnings = await self._log.ends(partitions), await self._log.beginnings(partitions)
        start = await self._since(partitions, since_ms, ends)
        cut = {p for p in partitions if 0 < beginnings[p] == start[p]}
        async with aclosing(stream(self._log, start, ends)) as batches:
            async for records in batches:
                for record in records:
                    if record.partition in cut and record.offset == beginnings[record.partition]:
                        lookups.retained_from_ms = max(lookups.retained_from_ms, record.timestamp_ms)
                    _fold_follower(record, self._facts(record, lookups), wanted, lookups)

    def _facts(self, record: Record, lookups: Lookups) -> EventFacts:
        """Return the facts of an event; an unreadable one is noted."""
        try:
            return event_facts(self._view.value(record))
        except DecodeError as error:
            lookups.unread = lookups.unread or f"{record.position} cannot be read: {error.message}"
            return _NOTHING

    async def _since(self, partitions: Collection[Partition], since_ms: int, ends: Offsets) -> Offsets:
        found = await self._log.since(partitions, max(0, since_ms))
        return {partition: ends[partition] if at is None else at for partition, at in found.items()}


def _fold_source(record: Record, facts: EventFacts, wanted: Collection[str], lookups: Lookups) -> None:
    place = (record.partition.number, record.key)
    lookups.newest_offset[place] = max(lookups.newest_offset.get(place, -1), record.offset)
    replay_of = record.header(Header.REPLAY_OF)
    event_id = facts.id
    if replay_of is None and event_id not in wanted:
        return
    copy = SourceCopy(
        at=record.position,
        addressee=(record.header(Header.REPLAY_GROUP) or b"").decode(errors="replace"),
        run_id=(record.header(RUN_HEADER) or b"").decode(errors="replace"),
    )
    if replay_of is not None:
        lookups.resent.setdefault(replay_of.decode(errors="replace"), copy)
    if event_id in wanted:
        lookups.copies.setdefault(event_id, []).append(copy)


def _fold_follower(record: Record, facts: EventFacts, wanted: Collection[str], lookups: Lookups) -> None:
    group = (record.header(Header.GROUP) or b"").decode(errors="replace")
    if facts.client_order_id:
        lookups.order_events.setdefault(facts.client_order_id, set()).add(facts.type)
        lookups.followed.setdefault((group, facts.client_order_id), record.position)
    if facts.obeyed:
        service, _, command = facts.obeyed.partition("/")
        broker = facts.broker
        name = service.removesuffix(f".{broker}")
        lookups.followed.setdefault((f"{broker}.{name}", command), record.position)
    elif facts.causation_id in wanted:
        lookups.followed.setdefault((group, facts.causation_id), record.position)
