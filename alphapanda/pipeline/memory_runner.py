"""The memory runner: all stages over one source, in one process, in an order that never varies.

It serves backtests, replays and tests: no bytes, no servers, the same stages and the same ids as on Kafka.
Each event is taken whole, with all that follows from it, before the next one is read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alphapanda.ids import BrokerId
from alphapanda.kafka.partitioner import partition_of
from alphapanda.model.envelope import Event, EventEnvelope, LogPosition
from alphapanda.model.kinds import EventType
from alphapanda.model.stage import Stage, timer_event
from alphapanda.pipeline.engine import StageEngine

TIMER_EVERY = timedelta(seconds=1)

Kind = tuple[EventType, BrokerId]


@dataclass(frozen=True, slots=True)
class Seat:
    """A stage and what it reads.

    Attributes:
        name: of the service.
        stage: what decides.
        inputs: kinds of events, by broker.
        timer: whether it is told the time, once a second of event time.
    """

    name: str
    stage: Stage
    inputs: frozenset[Kind]
    timer: bool = False


class MemoryRunner:
    """Drives stages over events that are handed in one by one.

    Args:
        seats: the stages; when several read one kind they take it in this order.
        topic_of: the topic of a kind, for positions in the log.
        partitions: how many partitions each topic has, as on Kafka, so that positions are the same.
        listener: told of every event, inputs and decisions, as it gets its place in the log.
    """

    def __init__(
        self,
        seats: Sequence[Seat],
        topic_of: Callable[[EventType, BrokerId], str],
        partitions: Mapping[str, int],
        listener: Callable[[Event], None] | None = None,
    ) -> None:
        self._engines = [(seat, StageEngine(seat.stage)) for seat in seats]
        self._topic_of = topic_of
        self._partitions = partitions
        self._listener = listener
        self._readers: dict[Kind, tuple[StageEngine, ...]] = {}
        self._ends: dict[tuple[str, int], int] = {}
        self._places: dict[tuple[EventType, str, str], tuple[str, int]] = {}
        self._next_timer: datetime | None = None

    def feed(self, envelopes: Iterable[EventEnvelope[Any]]) -> None:
        """Take these events in turn, each with all that follows from it."""
        for envelope in envelopes:
            self._tell_time(envelope.ts)
            self._settle(deque([Event(envelope)]))

    def _settle(self, queue: deque[Event]) -> None:
        while queue:
            event = self._append(queue.popleft().envelope)
            for engine in self._readers_of(event.envelope.type, event.envelope.broker):
                if not engine.knows(event.id):
                    queue.extend(engine.take(event))

    def _append(self, envelope: EventEnvelope[Any]) -> Event:
        place = self._places.get((envelope.type, envelope.broker, envelope.key))
        if place is None:
            topic = self._topic_of(envelope.type, envelope.broker)
            place = topic, partition_of(envelope.key.encode(), self._partitions[topic])
            self._places[envelope.type, envelope.broker, envelope.key] = place
        offset = self._ends.get(place, 0)
        self._ends[place] = offset + 1
        event = Event(envelope, LogPosition(place[0], place[1], offset))
        if self._listener is not None:
            self._listener(event)
        return event

    def _readers_of(self, event_type: EventType, broker: BrokerId) -> tuple[StageEngine, ...]:
        kind = event_type, broker
        readers = self._readers.get(kind)
        if readers is None:
            readers = tuple(engine for seat, engine in self._engines if kind in seat.inputs)
            self._readers[kind] = readers
        return readers

    def _tell_time(self, now: datetime) -> None:
        if self._next_timer is None:
            self._next_timer = now + TIMER_EVERY
            return
        if now < self._next_timer:
            return
        self._next_timer = now + TIMER_EVERY
        for seat, engine in self._engines:
            if seat.timer:
                self._settle(deque(engine.take(timer_event(now, seat.name))))
