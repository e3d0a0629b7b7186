"""The keys of a broker's views in Redis; they begin with its name."""

from __future__ import annotations

from alphapanda.ids import BrokerId


def positions(broker: BrokerId) -> str:
    """Return the key of a broker's positions."""
    return f"{broker}:view:positions"


def orders(broker: BrokerId) -> str:
    """Return the key of a broker's orders: all open ones, and the newest closed ones."""
    return f"{broker}:view:orders"


def pnl(broker: BrokerId) -> str:
    """Return the key of a broker's newest P&L snapshot."""
    return f"{broker}:view:pnl"
