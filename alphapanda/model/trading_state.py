"""A broker's trading state: the fold of its operators' commands."""

from __future__ import annotations

import msgspec

from alphapanda.errors import MisroutedError
from alphapanda.ids import BrokerId, EventId
from alphapanda.model.control import ControlCommand, ControlEvent, Done
from alphapanda.model.envelope import Event, follow
from alphapanda.model.kinds import EventType, TradingState

REMEMBERED_COMMANDS = 256
"""Commands come from people: more than these are never under way at once."""


class TradingStateSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A broker's trading state in a snapshot.

    Attributes:
        state: the trading state.
        actor: who brought it about; empty at the start.
        reason: why.
        obeyed: ids of the commands obeyed last, oldest first.
    """

    state: TradingState = TradingState.ACTIVE
    actor: str = ""
    reason: str = ""
    obeyed: tuple[EventId, ...] = ()


class TradingStateMachine:
    """Obeys each command once and reports it."""

    def __init__(self, broker: BrokerId, service: str) -> None:
        self._broker = broker
        self._service = service
        self._now = TradingStateSnapshot()

    @property
    def state(self) -> TradingState:
        """The trading state."""
        return self._now.state

    @property
    def why(self) -> str:
        """The state, and who brought it about for which reason: `HALTED by meera: fat finger`."""
        who = f" by {self._now.actor}" if self._now.actor else ""
        reason = f": {self._now.reason}" if self._now.reason else ""
        return f"{self._now.state}{who}{reason}"

    def is_new(self, event: Event) -> bool:
        """Return whether a CONTROL_COMMAND was not obeyed yet; raises MisroutedError for another broker's."""
        self._command(event)
        return event.id not in self._now.obeyed

    def decide(self, event: Event, done: Done | None = None) -> tuple[Event, ...]:
        """Return the CONTROL_EVENT that follows from a CONTROL_COMMAND; none if it was obeyed before.

        Args:
            event: the command.
            done: the effect beside the change of the trading state.
        """
        if not self.is_new(event):
            return ()
        command = self._command(event)
        obeyed = ControlEvent(
            command_id=event.id,
            broker=self._broker,
            service=self._service,
            before=self._now.state,
            after=command.command.leads_to or self._now.state,
            actor=command.actor,
            reason=command.reason,
            command=command.command,
            done=done,
        )
        return (
            follow(
                event.envelope,
                EventType.CONTROL_EVENT,
                obeyed,
                key=self._broker,
                source=self._service,
                broker=self._broker,
                name=f"control/{self._service}",
            ),
        )

    def evolve(self, event: Event) -> None:
        """Fold a CONTROL_COMMAND, or a CONTROL_EVENT of this service; others' are passed over."""
        if event.type is EventType.CONTROL_COMMAND:
            command = self._command(event)
            self._apply(event.id, command.command.leads_to, command.actor, command.reason)
        else:
            reported: ControlEvent = event.data
            if reported.service == self._service:
                state = reported.command.leads_to if reported.command else reported.after
                self._apply(reported.command_id, state, reported.actor, reported.reason)

    def dump(self) -> TradingStateSnapshot:
        """Return the state for a snapshot."""
        return self._now

    def load(self, state: TradingStateSnapshot) -> None:
        """Take a state that `dump` returned."""
        self._now = state

    def _command(self, event: Event) -> ControlCommand:
        command: ControlCommand = event.data
        if command.broker != self._broker:
            raise MisroutedError(f"Command {event.id} is for {command.broker}, this is {self._service}.")
        return command

    def _apply(self, command_id: EventId, state: TradingState | None, actor: str, reason: str) -> None:
        if command_id in self._now.obeyed:
            return
        obeyed = (*self._now.obeyed, command_id)[-REMEMBERED_COMMANDS:]
        if state is None:
            self._now = msgspec.structs.replace(self._now, obeyed=obeyed)
        else:
            self._now = TradingStateSnapshot(state=state, actor=actor, reason=reason, obeyed=obeyed)
