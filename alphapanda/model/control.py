"""What operators command, what obeys, and what is kept of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from alphapanda.ids import BrokerId, EventId
from alphapanda.model.kinds import TradingState


class Command(StrEnum):
    """What an operator can tell a broker's daemons; each leads to one trading state."""

    HALT = "halt"
    REDUCE = "reduce"
    RESUME = "resume"

    @property
    def leads_to(self) -> TradingState:
        """The state that obeying it brings."""
        return {
            Command.HALT: TradingState.HALTED,
            Command.REDUCE: TradingState.REDUCING,
            Command.RESUME: TradingState.ACTIVE,
        }[self]


class ControlCommand(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's command to one broker."""

    command: Command
    broker: BrokerId
    actor: str
    reason: str


class ControlEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A service obeyed a command.

    Attributes:
        command_id: the command's event.
        broker: whose.
        service: who obeyed.
        before: the trading state before.
        after: the trading state now.
        actor: who commanded.
        reason: why.
    """

    command_id: EventId
    broker: BrokerId
    service: str
    before: TradingState
    after: TradingState
    actor: str
    reason: str


class Outcome(StrEnum):
    """How a mutating act ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to what, why, and how it ended; secrets are never among the details."""

    actor: str
    action: str
    target: str
    reason: str = ""
    outcome: Outcome
    details: dict[str, str] = {}


class Severity(StrEnum):
    """How loud an alert is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person should know: who says so, what, and how bad."""

    severity: Severity
    source: str
    code: str
    message: str
    broker: BrokerId | None = None
