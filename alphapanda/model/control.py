"""What operators command, what obeys, and what is kept of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from alphapanda.ids import BrokerId, ClientOrderId, EventId, InstrumentId, StrategyId
from alphapanda.model.kinds import TradingState


class Command(StrEnum):
    """What an operator can tell a broker's daemons."""

    HALT = "halt"
    REDUCE = "reduce"
    RESUME = "resume"
    CANCEL = "cancel"
    """Withdraw open orders."""
    FLATTEN = "flatten"
    """Close positions at the market."""

    @property
    def leads_to(self) -> TradingState | None:
        """The trading state that obeying it brings; None for what leaves it as it is."""
        return {
            Command.HALT: TradingState.HALTED,
            Command.REDUCE: TradingState.REDUCING,
            Command.RESUME: TradingState.ACTIVE,
        }.get(self)


class Scope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which of a broker's orders or positions are meant: those that are like all that is said; empty is all.

    Attributes:
        strategy_id: of this strategy.
        instrument: of this instrument.
        client_order_id: this order; says nothing of positions.
    """

    strategy_id: StrategyId | None = None
    instrument: InstrumentId | None = None
    client_order_id: ClientOrderId | None = None

    @property
    def is_everything(self) -> bool:
        """Whether all of the broker is meant."""
        return self == EVERYTHING

    def covers(
        self, strategy_id: StrategyId, instrument: InstrumentId, client_order_id: ClientOrderId | None = None
    ) -> bool:
        """Return whether what belongs to these is meant."""
        return (
            self.strategy_id in {None, strategy_id}
            and self.instrument in {None, instrument}
            and self.client_order_id in {None, client_order_id}
        )

    def __str__(self) -> str:
        said = {
            "order": self.client_order_id,
            "strategy": self.strategy_id,
            "instrument": self.instrument,
        }
        return ", ".join(f"{name} {value}" for name, value in said.items() if value) or "everything"


EVERYTHING = Scope()
"""All of a broker."""


class ControlCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An operator's command to one broker.

    Attributes:
        command: what to do.
        broker: whose daemons.
        actor: who commands.
        reason: why.
        scope: what of the broker is meant, for CANCEL and FLATTEN; None for all of it.
    """

    command: Command
    broker: BrokerId
    actor: str
    reason: str
    scope: Scope | None = None

    @property
    def meant(self) -> Scope:
        """What of the broker is meant."""
        return self.scope or EVERYTHING


class Done(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a service did to obey a command, in numbers.

    Attributes:
        cancelled: orders that it withdrew.
        too_late: orders in scope that had traded already.
        unsettled: orders of which it has to read older ticks first: it will be told of each what became of it.
        exits: exits that it let pass.
        denied: exits that it did not let pass, since trading is halted.
    """

    cancelled: int = 0
    too_late: int = 0
    unsettled: int = 0
    exits: int = 0
    denied: int = 0

    def __str__(self) -> str:
        counts = ((name.replace("_", " "), getattr(self, name)) for name in self.__struct_fields__)
        return ", ".join(f"{count} {name}" for name, count in counts if count) or "nothing to do"


class ControlEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A service obeyed a command.

    Attributes:
        command_id: the command's event.
        broker: whose.
        service: who obeyed.
        before: the trading state before.
        after: the trading state now.
        actor: who commanded.
        reason: why.
        command: what was commanded; None in records that are older than this field.
        done: what was done, for CANCEL and FLATTEN; None for the other commands.
    """

    command_id: EventId
    broker: BrokerId
    service: str
    before: TradingState
    after: TradingState
    actor: str
    reason: str
    command: Command | None = None
    done: Done | None = None


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
