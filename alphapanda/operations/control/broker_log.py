"""One broker's topics as an operator follows them: the newest of each, and what comes from a moment on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from types import MappingProxyType

from alphapanda.errors import PermanentError
from alphapanda.ids import BrokerId
from alphapanda.kafka.client import KafkaReadLog
from alphapanda.kafka.reading import follow, newest
from alphapanda.model.control import EVERYTHING, ControlEvent, Scope
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType, TradingState
from alphapanda.model.position import PnlSnapshot, Position
from alphapanda.model.records import Offsets, Record
from alphapanda.operations.control.results import BrokerStatus
from alphapanda.serialization.codec import Codec
from topics.names import TopicName
from topics.services import trader_of

_TOPICS: Mapping[EventType, tuple[str, str]] = MappingProxyType(
    {
        EventType.SIGNAL_VALIDATED: ("signals", "validated"),
        EventType.ORDER_FILLED: ("orders", "filled"),
        EventType.ORDER_CANCELLED: ("orders", "cancelled"),
        EventType.ORDER_REJECTED: ("orders", "rejected"),
        EventType.ORDER_EXPIRED: ("orders", "expired"),
        EventType.PNL_SNAPSHOT: ("pnl", "snapshots"),
        EventType.CONTROL_EVENT: ("control", "events"),
    }
)


RECENT_EVENTS = 256
"""Control events that are searched for the one that brought the trading state about."""


class BrokerLog:
    """Reads what became of a broker's commands.

    Attributes:
        broker: whose.

    Args:
        log: where it is.
        broker: whose.
        codec: how its events are written.
    """

    def __init__(self, log: KafkaReadLog, broker: BrokerId, codec: Codec) -> None:
        self.broker = broker
        self._log = log
        self._codec = codec
        self._topics = {kind: str(TopicName(broker, *parts)) for kind, parts in _TOPICS.items()}
        self._kinds = {topic: kind for kind, topic in self._topics.items()}

    async def ends(self, kinds: Collection[EventType]) -> Offsets:
        """Return where these kinds of events end now."""
        return await self._log.ends(await self._log.partitions([self._topics[kind] for kind in kinds]))

    async def newest(self, kind: EventType, count: int) -> list[Event]:
        """Return up to `count` of the newest events of a kind, oldest first."""
        records, _ = await newest(self._log, [self._topics[kind]], count)
        return self._read(records)

    async def follow(self, start: Offsets) -> AsyncGenerator[list[Event], None]:
        """Give what comes from `start` on, for ever; an empty list when nothing came for a while."""
        async with aclosing(follow(self._log, start)) as news:
            async for records in news:
                yield self._read(records)

    async def status(self, scope: Scope = EVERYTHING) -> BrokerStatus:
        """Return the trading state as the broker's trader reports it, and the positions of its newest snapshot."""
        trader = trader_of(self.broker).name
        events: list[ControlEvent] = [e.data for e in await self.newest(EventType.CONTROL_EVENT, RECENT_EVENTS)]
        of_trader = [event for event in events if event.service == trader]
        snapshots = await self.newest(EventType.PNL_SNAPSHOT, 1)
        return BrokerStatus(
            broker=self.broker,
            state=of_trader[-1].after if of_trader else TradingState.ACTIVE,
            why=_why(of_trader),
            positions=held(snapshots[-1].data if snapshots else None, scope),
        )

    def _read(self, records: Collection[Record]) -> list[Event]:
        events: list[Event] = []
        for record in records:
            try:
                envelope = self._codec.decode(self._kinds[record.partition.topic], record.value or b"")
            except PermanentError:
                continue  # not ours to judge: its readers dead-letter it
            events.append(Event(envelope, record.position))
        return events


def held(snapshot: PnlSnapshot | None, scope: Scope) -> tuple[Position, ...]:
    """Return the positions of a snapshot that are in scope, flat ones left out."""
    positions = snapshot.positions if snapshot is not None else ()
    return tuple(one for one in positions if one.quantity and scope.covers(one.strategy_id, one.instrument))


def _why(events: list[ControlEvent]) -> str:
    for event in reversed(events):
        if event.command is None or event.command.leads_to is not None:
            return f"{event.after} by {event.actor}: {event.reason}"
    return events[-1].after if events else TradingState.ACTIVE
