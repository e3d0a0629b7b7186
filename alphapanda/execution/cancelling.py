"""An operator's cancellation: which orders it is for, and what it brings about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alphapanda.exchange.matching import OrderOutcome, WorkingOrder
from alphapanda.ids import EventId
from alphapanda.model.control import Scope

Matched = tuple[WorkingOrder, OrderOutcome]
"""An order, and what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """A cancellation as it reaches the exchange.

    Attributes:
        command_id: of the operator's command.
        scope: which orders.
        reason: who cancels, and why.
        seen_until: event time of the newest thing seen; None before the first.
    """

    command_id: EventId
    scope: Scope
    reason: str
    seen_until: datetime | None


@dataclass(frozen=True, slots=True)
class CancelledOrders:
    """What a cancellation brings about.

    Attributes:
        matched: what can be told at once: cancelled, or what became of it before.
        too_late: orders of which something had become before.
        unsettled: orders that wait for history: what became of them is told when they have it.
    """

    matched: Sequence[Matched]
    too_late: int
    unsettled: int
