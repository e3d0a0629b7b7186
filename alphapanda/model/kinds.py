"""What kinds of event there are, and the topic that each belongs to."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """The `type` of an envelope; each belongs to exactly one topic (see `topics/catalogue.toml`)."""

    MARKET_TICK = "market_tick"
    SIGNAL_RAW = "signal_raw"
    SIGNAL_VALIDATED = "signal_validated"
    SIGNAL_REJECTED = "signal_rejected"
    ORDER_SUBMITTED = "order_submitted"
    ORDER_ACCEPTED = "order_accepted"
    ORDER_FILLED = "order_filled"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_REJECTED = "order_rejected"
    ORDER_MODIFIED = "order_modified"
    ORDER_EXPIRED = "order_expired"
    ORDER_UNKNOWN = "order_unknown"
    PNL_SNAPSHOT = "pnl_snapshot"
    CONTROL_COMMAND = "control_command"
    CONTROL_EVENT = "control_event"
    AUDIT_RECORDED = "audit_recorded"
    ALERT_RAISED = "alert_raised"
    DEAD_LETTER_MOVED = "dead_letter_moved"
    TIMER = "timer"
    """Never in the log: how a runner tells a stage the time."""


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
"""What can become of an order, in the order of its life."""


class TradingMode(StrEnum):
    """How near to real money a broker is."""

    PAPER = "paper"
    SHADOW = "shadow"
    """The live path, whole, that stops at the wire."""
    LIVE = "live"


class Side(StrEnum):
    """Which way a trade goes."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """How an order is priced; the wire's own spelling (Kite Connect, orders)."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_LIMIT = "SL"
    STOP_MARKET = "SL-M"


class Product(StrEnum):
    """How a position is carried; the wire's own spelling."""

    CNC = "CNC"
    MIS = "MIS"
    NRML = "NRML"


class Variety(StrEnum):
    """What kind of order the venue is given."""

    REGULAR = "regular"


class Validity(StrEnum):
    """How long an order stands."""

    DAY = "DAY"
    IOC = "IOC"
    TTL = "TTL"


class TradingState(StrEnum):
    """What a broker may do now."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    """Only exits."""
    HALTED = "HALTED"
    """Nothing new; cancels always pass."""
