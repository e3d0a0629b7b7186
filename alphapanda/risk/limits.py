"""How much one broker may do: the fields of `risk.toml`."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits of one broker; every name ends in its unit.

    Attributes:
        max_order_quantity_units: of one entry.
        max_order_notional_rupees: of one entry, at its limit price or at the price of the tick behind it.
        price_collar_bps: how far a limit price may stand from the tick behind the signal, either way,
            in hundredths of a percent.
        max_tick_age_ms: how old, in event time, the tick behind a signal may be when it is decided on.
        max_market_lag_ms: how far, in event time, the market may have moved on since that tick; judged for
            live and shadow brokers only, because on paper orders are matched in event time.
        duplicate_window_ms: within it, event time, an entry like the last one of the same strategy and
            instrument is denied; 0 for never.
        max_orders_per_second: entries in any second of event time; exits count and are never denied. Set it
            to what the venue takes: Kite Connect takes 10 from one client.
        max_open_positions: pairs of strategy and instrument that are not flat.
    """

    max_order_quantity_units: int = 10_000
    max_order_notional_rupees: Decimal = Decimal(5_000_000)
    price_collar_bps: int = 500
    max_tick_age_ms: int = 5_000
    max_market_lag_ms: int = 5_000
    duplicate_window_ms: int = 1_000
    max_orders_per_second: int = 50
    max_open_positions: int = 50

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            least = 0 if name == "duplicate_window_ms" else 1
            if value < least:
                raise ValueError(f"{name} must be at least {least}, not {value}")
