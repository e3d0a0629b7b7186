"""Waits until the services that a command is for have said that they obeyed it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import aclosing

from alphapanda.bus.kafka_log import KafkaReadLog
from alphapanda.bus.patience import up_to
from alphapanda.bus.records import Offsets, Record
from alphapanda.bus.tail import follow
from alphapanda.errors import DeadlineError, PermanentError
from alphapanda.ids import EventId
from alphapanda.model.codec import decode
from alphapanda.model.control import ControlEvent
from alphapanda.model.kinds import EventType


class Obedience:
    """Who obeyed a command so far.

    Args:
        command_id: the command's event.
        services: those that are waited for.
    """

    def __init__(self, command_id: EventId, services: Collection[str]) -> None:
        self._command_id = command_id
        self._waiting = set(services)
        self._events: list[ControlEvent] = []

    @property
    def events(self) -> tuple[ControlEvent, ...]:
        """What they said, in the order in which they obeyed."""
        return tuple(self._events)

    async def wait(self, log: KafkaReadLog, start: Offsets, patience_s: float) -> None:
        """Read `control.events` from `start` on until all of them obeyed; raises DeadlineError."""
        async with up_to(patience_s) as limit, aclosing(follow(log, start)) as news:
            async for records in news:
                if limit.expired():
                    break
                for record in records:
                    self._hear(record)
                if not self._waiting:
                    return
        raise DeadlineError(
            f"{' and '.join(sorted(self._waiting))} did not obey within {patience_s:g} s; the command is in the"
            " log and takes effect when they run.",
            hint="Run: alphapanda status",
        )

    def _hear(self, record: Record) -> None:
        try:
            said: ControlEvent = decode(EventType.CONTROL_EVENT, record.value or b"").data
        except PermanentError:
            return  # not ours to judge: its readers dead-letter it
        if said.command_id == self._command_id and said.service in self._waiting:
            self._waiting.discard(said.service)
            self._events.append(said)
