"""Who reads what: consumer groups of ours, what follows from what they read, and where their snapshots lie."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from alphapanda.ids import SYSTEM, BrokerId
from alphapanda.model.kinds import EventType
from alphapanda.settings.sections import ProcessLayout
from alphapanda.state import keys

STRATEGIES = "alphapanda.strategies"

ORDER_EVENTS = (
    EventType.ORDER_SUBMITTED,
    EventType.ORDER_ACCEPTED,
    EventType.ORDER_FILLED,
    EventType.ORDER_CANCELLED,
    EventType.ORDER_REJECTED,
    EventType.ORDER_MODIFIED,
    EventType.ORDER_EXPIRED,
    EventType.ORDER_UNKNOWN,
)

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


def service_of(group: str) -> str:
    """Return the service behind a group: `paper.risk` → `risk.paper`; empty for a group that is none of ours."""
    if group == STRATEGIES:
        return "strategies"
    broker, _, service = group.rpartition(".")
    return f"{service}.{broker}" if broker and service in {"risk", "trader"} else ""


def daemon_of(group: str, layout: ProcessLayout) -> str:
    """Return the daemon in which the service behind a group runs; empty for a group that is none of ours.

    In the compact layout risk and trader of a broker are one daemon: `paper.risk` → `broker.paper`.
    """
    service = service_of(group)
    if layout is ProcessLayout.SPLIT or group == STRATEGIES:
        return service
    return f"broker.{group.rpartition('.')[0]}" if service else ""


def snapshot_key(group: str) -> str:
    """Return the key of the snapshot of the service behind a group; empty for a group that is none of ours.

    It is the same in every layout of processes.
    """
    service = service_of(group)
    if not service:
        return ""
    scope = SYSTEM if group == STRATEGIES else BrokerId(group.rpartition(".")[0])
    return keys.snapshot(scope, service)
