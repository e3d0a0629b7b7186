"""The payload type of each kind of event."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from alphapanda.model import control, dead_letter, order, position, signal, tick
from alphapanda.model.kinds import EventType

PAYLOADS: Mapping[EventType, type[msgspec.Struct]] = MappingProxyType(
    {
        EventType.MARKET_TICK: tick.Tick,
        EventType.SIGNAL_RAW: signal.Signal,
        EventType.SIGNAL_VALIDATED: signal.SignalValidated,
        EventType.SIGNAL_REJECTED: signal.SignalRejected,
        EventType.ORDER_SUBMITTED: order.OrderSubmitted,
        EventType.ORDER_ACCEPTED: order.OrderAccepted,
        EventType.ORDER_FILLED: order.OrderFilled,
        EventType.ORDER_CANCELLED: order.OrderCancelled,
        EventType.ORDER_REJECTED: order.OrderRejected,
        EventType.ORDER_MODIFIED: order.OrderModified,
        EventType.ORDER_EXPIRED: order.OrderExpired,
        EventType.ORDER_UNKNOWN: order.OrderUnknown,
        EventType.PNL_SNAPSHOT: position.PnlSnapshot,
        EventType.CONTROL_COMMAND: control.ControlCommand,
        EventType.CONTROL_EVENT: control.ControlEvent,
        EventType.AUDIT_RECORDED: control.AuditRecord,
        EventType.ALERT_RAISED: control.Alert,
        EventType.DEAD_LETTER_MOVED: dead_letter.DeadLetterMoved,
    }
)
"""The payload of each kind that can be in the log."""
