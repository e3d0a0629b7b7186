"""The memory runner: all stages over one source, in one process, in an order that never varies.

It serves backtests, replays and tests: no bytes, no servers, the same stages and the same ids as on Kafka.
Each event is processed whole, with all that follows from it, before the next one is read.
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
class MemoryStage:
    """A stage and the events that it reads.

    Attributes:
        name: of the service.
        stage: decides on them.
        inputs: kinds of events, by broker.
        timer: whether it gets a timer event, once a second of event time.
    """

    name: str
    stage: Stage
    inputs: frozenset[Kind]
    timer: bool = False


class MemoryRunner:
    """Drives stages over events that are handed in one by one.

    Args:
        stages: the stages; several that read one kind process it in this order.
        topic_of: the topic of a kind, for positions in the log.
        partitions: how many partitions each topic has, as on Kafka, so that positions are the same.
        listener: called with every event, inputs and decisions, as it gets its place in the log.
    """

    def __init__(
        self,
        stages: Sequence[MemoryStage],
        topic_of: Callable[[EventType, BrokerId], str],
        partitions: Mapping[str, int],
        listener: Callable[[Event], None] | None = None,
    ) -> None:
        self._engines = [(placed, StageEngine(placed.stage)) for placed in stages]
        self._topic_of = topic_of
        self._partitions = partitions
        self._listener = listener
        self._readers: dict[Kind, tuple[StageEngine, ...]] = {}
        self._ends: dict[tuple[str, int], int] = {}
        self._places: dict[tuple[EventType, str, str], tuple[str, int]] = {}
        self._next_timer: datetime | None = None

    def feed(self, envelopes: Iterable[EventEnvelope[Any]]) -> None:
        """Process these events in turn, each with all that follows from it."""
        for envelope in envelopes:
            self._run_timers(envelope.ts)
            self._process(deque([Event(envelope)]))

    def _process(self, queue: deque[Event]) -> None:
        while queue:
            event = self._append(queue.popleft().envelope)
            for engine in self._readers_of(event.envelope.type, event.envelope.broker):
                if not engine.knows(event.id):
                    queue.extend(engine.process(event))

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
            readers = tuple(engine for placed, engine in self._engines if kind in placed.inputs)
            self._readers[kind] = readers
        return readers

    def _run_timers(self, now: datetime) -> None:
        if self._next_timer is None:
            self._next_timer = now + TIMER_EVERY
            return
        if now < self._next_timer:
            return
        self._next_timer = now + TIMER_EVERY
        for placed, engine in self._engines:
            if placed.timer:
                self._process(deque(engine.process(timer_event(now, placed.name))))
