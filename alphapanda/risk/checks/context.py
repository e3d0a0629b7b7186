"""The known facts when a signal is judged, and the finding of one check.

A signal is judged as of the tick that caused it, so the same signal is judged alike however far the feed has
run ahead. Two kinds of limit depend on more: those that span instruments (rate, open positions) on the order
in which signals come, and the lag of the market, for real money only, on the ticks read so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import OrderType, Product, Side, TradingMode, TradingState
from alphapanda.model.signal import CheckResult, DenialCode, Signal
from alphapanda.risk.limits import RiskLimits

_MILLISECOND = timedelta(milliseconds=1)


class DuplicateKey(msgspec.Struct, frozen=True):
    """The terms in which two entries are the same."""

    side: Side
    quantity: int
    order_type: OrderType
    limit_price: Decimal | None
    product: Product

    @classmethod
    def of(cls, signal: Signal) -> DuplicateKey:
        """Return the key of a signal."""
        return cls(signal.side, signal.quantity, signal.order_type, signal.limit_price, signal.product)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskContext:
    """The known facts when a signal is judged.

    Attributes:
        limits: of the broker.
        mode: of the broker.
        state: its trading state.
        why: the same, with the operator and the reason.
        instrument: the signal's, None when it is not known.
        ts: event time of the signal.
        newest: event time of the newest signal of its strategy and instrument so far.
        market_time: exchange time of the newest tick seen; None where ticks are not read.
        net_units: units validated for its strategy and instrument, signed, less what was left undone.
        open_positions: pairs of strategy and instrument that are not flat.
        last_like: the last signal passed for its strategy and instrument, if that was an entry.
        last_ts: event time of it.
        rate: most entries and exits that any second around `ts` would hold, this signal included.
    """

    limits: RiskLimits
    mode: TradingMode
    state: TradingState
    why: str
    instrument: Instrument | None
    ts: datetime
    newest: datetime | None
    market_time: datetime | None
    net_units: int
    open_positions: int
    last_like: DuplicateKey | None
    last_ts: datetime | None
    rate: int

    def reference_price(self, signal: Signal) -> Decimal | None:
        """Return the price of the tick behind the signal, on the grid; None without one."""
        return self.instrument.price_of(signal.tick.last_price) if self.instrument else None


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """The finding of one check; `code` is None when it passed."""

    result: CheckResult
    code: DenialCode | None = None
    message: str = ""


Check = Callable[[Signal, RiskContext], CheckFinding]


def milliseconds(span: timedelta) -> int:
    """Return whole milliseconds."""
    return span // _MILLISECOND
