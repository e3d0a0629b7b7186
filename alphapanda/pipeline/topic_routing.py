"""From events to topics and back: bytes on the wrong topic are refused here, never corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from alphapanda.errors import DecodeError, MisroutedError
from alphapanda.ids import MARKET, SYSTEM, BrokerId
from alphapanda.model.envelope import Event, EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Header, Outgoing, Record, envelope_headers
from alphapanda.serialization.codec import Codec, JsonCodec
from topics.catalogue import Catalogue
from topics.names import TopicName

_SHARED_TYPES = {
    EventType.MARKET_TICK: MARKET,
    EventType.AUDIT_RECORDED: SYSTEM,
    EventType.ALERT_RAISED: SYSTEM,
    EventType.DEAD_LETTER_MOVED: SYSTEM,
}


class Routes:
    """The topic of each kind of event, for one broker and the shared topics.

    Args:
        catalogue: the declared topics.
        broker: the only broker whose topics are accepted.
        codec: of the events written; JSON when not given.
    """

    def __init__(self, catalogue: Catalogue, broker: BrokerId | None, codec: Codec | None = None) -> None:
        self._catalogue = catalogue
        self._broker = broker
        self._codec = codec or JsonCodec()
        self._decode = self._codec.decode
        self._topics: dict[tuple[EventType, str], str] = {}
        self._writers: dict[tuple[EventType, str], tuple[str, Callable[[EventEnvelope[Any]], bytes]]] = {}
        self._types: dict[str, tuple[EventType, BrokerId]] = {}

    def topic(self, event_type: EventType, broker: BrokerId) -> str:
        """Return the topic of that kind of event of that broker."""
        scope = _SHARED_TYPES.get(event_type, broker)
        known = self._topics.get((event_type, scope))
        if known is None:
            known = self._topics[event_type, scope] = str(self._catalogue.topic_of(event_type.value, scope))
        return known

    def carried_by(self, topic: str) -> tuple[EventType, BrokerId]:
        """Return the kind of event that a topic carries, and its broker."""
        known = self._types.get(topic)
        if known is None:
            name = TopicName.parse(topic).source
            known = EventType(self._catalogue.event_type_of(name)), BrokerId(name.scope)
            self._types[topic] = known
        return known

    def dead_letters(self, topics: Iterable[str]) -> list[str]:
        """Return the dead-letter topics of these topics, of those that have one."""
        names = [TopicName.parse(topic) for topic in topics]
        return [str(name.dead_letters) for name in names if self._catalogue.has_dead_letters(name)]

    def read(self, record: Record) -> Event:
        """Return the event in `record`; raises DecodeError or MisroutedError."""
        kind, scope = self.carried_by(record.partition.topic)
        if record.value is None:
            raise DecodeError(f"{record.position} has no value.")
        if self._broker is not None and scope not in {self._broker, MARKET, SYSTEM}:
            raise MisroutedError(f"{record.position} belongs to {scope}, this service to {self._broker}.")
        envelope = self._decode(kind, record.value)
        if envelope.broker != scope:
            raise MisroutedError(
                f"{record.position} is on a topic of {scope}, its envelope says {envelope.broker}."
            )
        for name, value in record.headers:
            if name == Header.BROKER and value != scope.encode():
                said = (value or b"nobody").decode(errors="replace")
                raise MisroutedError(f"{record.position} is on a topic of {scope}, its header says {said}.")
        inner = getattr(envelope.data, "broker", None)
        if inner is not None and scope not in (SYSTEM, inner):
            raise MisroutedError(f"{record.position} is on a topic of {scope}, its payload says {inner}.")
        return Event(envelope, record.position)

    def write(self, event: Event) -> Outgoing:
        """Return the record of an event we decided."""
        envelope = event.envelope
        known = self._writers.get((envelope.type, envelope.broker))
        if known is None:
            topic = self.topic(envelope.type, envelope.broker)
            known = self._writers[envelope.type, envelope.broker] = topic, self._codec.encoder(topic)
        topic, encode = known
        return Outgoing(
            topic=topic,
            key=envelope.key.encode(),
            value=encode(envelope),
            headers=envelope_headers(envelope),
        )
