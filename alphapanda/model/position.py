"""Positions and profit, per broker and strategy."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from alphapanda.ids import BrokerId, InstrumentId, StrategyId
from alphapanda.model.kinds import TradingMode

ZERO = Decimal(0)


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy holds of one instrument at one broker.

    Attributes:
        strategy_id: whose.
        instrument: what.
        instrument_token: the feed's number for it.
        quantity: units, negative when short.
        average_price: of the open quantity, rupees; 0 when flat.
        realised: profit of what was closed, before charges, rupees.
        charges: paid so far, rupees.
        last_price: what it was marked at, rupees; None before the first tick.
        bought: units bought so far.
        sold: units sold so far.
        updated_at: event time of the last fill.
    """

    strategy_id: StrategyId
    instrument: InstrumentId
    instrument_token: int
    quantity: int = 0
    average_price: Decimal = ZERO
    realised: Decimal = ZERO
    charges: Decimal = ZERO
    last_price: Decimal | None = None
    bought: int = 0
    sold: int = 0
    updated_at: datetime | None = None

    @property
    def unrealised(self) -> Decimal:
        """Profit of what is open at the mark, rupees; 0 without a mark."""
        if self.last_price is None:
            return ZERO
        return (self.last_price - self.average_price) * self.quantity

    @property
    def exposure(self) -> Decimal:
        """Value of what is open at the mark (at cost without one), signed, rupees."""
        price = self.average_price if self.last_price is None else self.last_price
        return price * self.quantity


class PnlSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A broker's profit and exposure at one moment, in rupees.

    Attributes:
        broker: whose.
        trading_mode: of that broker.
        at: event time of the last thing it has seen.
        realised: before charges.
        unrealised: at the marks.
        charges: paid.
        net: realised + unrealised - charges.
        gross_exposure: sum of the absolute values.
        net_exposure: sum of the signed values.
        open_positions: how many are not flat.
        open_orders: how many are not closed.
        fills: so far.
        positions: each of them, flat ones too.
    """

    broker: BrokerId
    trading_mode: TradingMode
    at: datetime
    realised: Decimal
    unrealised: Decimal
    charges: Decimal
    net: Decimal
    gross_exposure: Decimal
    net_exposure: Decimal
    open_positions: int
    open_orders: int
    fills: int
    positions: tuple[Position, ...] = ()
