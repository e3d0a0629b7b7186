"""Fills and what they cost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from alphapanda.ids import ClientOrderId, InstrumentId, StrategyId, TradeId
from alphapanda.model.kinds import Product, Side
from alphapanda.model.tick import TickRef

ZERO = Decimal(0)


class Charges(msgspec.Struct, frozen=True, kw_only=True):
    """What a fill costs beside its price, in rupees, by name."""

    brokerage: Decimal = ZERO
    transaction_tax: Decimal = ZERO
    exchange_turnover: Decimal = ZERO
    sebi_turnover: Decimal = ZERO
    stamp_duty: Decimal = ZERO
    gst: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """The sum."""
        return (
            self.brokerage
            + self.transaction_tax
            + self.exchange_turnover
            + self.sebi_turnover
            + self.stamp_duty
            + self.gst
        )


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution.

    Attributes:
        trade_id: the venue's; fills are deduplicated by it.
        client_order_id: the order it fills.
        strategy_id: whose order that is.
        instrument: what.
        instrument_token: the feed's number for it.
        side: BUY or SELL.
        quantity: units, positive.
        price: rupees per unit.
        product: as the order's.
        charges: named; zero until a charges model is on.
        ts: when, event time.
        tick: the tick it was matched against, on paper.
    """

    trade_id: TradeId
    client_order_id: ClientOrderId
    strategy_id: StrategyId
    instrument: InstrumentId
    instrument_token: int
    side: Side
    quantity: int
    price: Decimal
    product: Product
    charges: Charges = Charges()
    ts: datetime
    tick: TickRef | None = None

    @property
    def signed_quantity(self) -> int:
        """Positive for BUY, negative for SELL."""
        return self.side.sign * self.quantity
