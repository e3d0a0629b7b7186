"""Waits until the services that a command is for have said that they obeyed it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import aclosing

from alphapanda.errors import DeadlineError
from alphapanda.ids import EventId
from alphapanda.model.control import ControlEvent
from alphapanda.model.records import Offsets
from alphapanda.operations.control.broker_log import BrokerLog
from alphapanda.waits import up_to


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

    @property
    def services(self) -> str:
        """Who obeyed, by name."""
        return ",".join(sorted(event.service for event in self._events))

    async def wait(self, log: BrokerLog, start: Offsets, patience_s: float) -> None:
        """Read `control.events` from `start` on until all of them obeyed; raises DeadlineError."""
        async with up_to(patience_s) as limit, aclosing(log.follow(start)) as news:
            async for events in news:
                if limit.expired():
                    break
                for event in events:
                    self._hear(event.data)
                if not self._waiting:
                    return
        raise DeadlineError(
            f"{' and '.join(sorted(self._waiting))} did not obey within {patience_s:g} s; the command is in the"
            " log and takes effect when they run.",
            hint="Run: alphapanda status",
        )

    def _hear(self, said: ControlEvent) -> None:
        if said.command_id == self._command_id and said.service in self._waiting:
            self._waiting.discard(said.service)
            self._events.append(said)
