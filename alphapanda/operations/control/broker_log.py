"""One broker's topics as an operator follows them: the newest of each, and what comes from a moment on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from types import MappingProxyType

from alphapanda.errors import PermanentError
from alphapanda.ids import BrokerId
from alphapanda.kafka.client import KafkaReadLog
from alphapanda.kafka.newest import follow, newest
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Offsets, Record
from alphapanda.serialization.codec import Codec
from topics.names import TopicName

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

    def _read(self, records: Collection[Record]) -> list[Event]:
        events: list[Event] = []
        for record in records:
            try:
                envelope = self._codec.decode(self._kinds[record.partition.topic], record.value or b"")
            except PermanentError:
                continue  # not ours to judge: its readers dead-letter it
            events.append(Event(envelope, record.position))
        return events
