"""What follows from an event that a service has processed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from alphapanda.model.kinds import ORDER_EVENTS, EventType

FOLLOWERS: Mapping[EventType, tuple[EventType, ...]] = MappingProxyType(
    {
        EventType.SIGNAL_RAW: (EventType.SIGNAL_VALIDATED, EventType.SIGNAL_REJECTED),
        EventType.SIGNAL_VALIDATED: ORDER_EVENTS,
        EventType.CONTROL_COMMAND: (EventType.CONTROL_EVENT,),
    }
)
"""What a group writes when it has processed such an event. What is not here is only folded."""

SETTLES_AN_ORDER = frozenset(ORDER_EVENTS) - {EventType.ORDER_SUBMITTED, EventType.ORDER_UNKNOWN}
"""Events that tell what the venue made of an order."""
