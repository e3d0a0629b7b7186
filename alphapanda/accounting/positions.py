"""Positions in exact rupees: the fold of one strategy's fills in one instrument.

A position is held as its cash (taken less paid) and the cost of its open units. Both are sums of products of
decimals, so they are exact, and

    realised = cash + cost of the open units,    unrealised = value at the mark - cost of the open units,

whose sum is cash + value at the mark, however units are costed. Closed units are costed at the average
(`PRICE_STEP`, half to even: the one place that rounds), so the units left cost a whole average.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from alphapanda.ids import InstrumentId, StrategyId
from alphapanda.model.fill import Fill
from alphapanda.model.position import Position

PRICE_STEP = Decimal("1e-8")
ZERO = Decimal(0)


class StrategyPosition(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy holds of one instrument, as it is kept.

    Attributes:
        strategy_id: the strategy.
        instrument: the instrument.
        instrument_token: the feed's number for it.
        quantity: units, negative when short.
        cash: rupees taken less rupees paid, before charges.
        cost: of what is open, signed as `quantity`, rupees.
        charges: paid so far, rupees.
        bought: units bought so far.
        sold: units sold so far.
        updated_at: event time of the newest fill.
    """

    strategy_id: StrategyId
    instrument: InstrumentId
    instrument_token: int
    quantity: int = 0
    cash: Decimal = ZERO
    cost: Decimal = ZERO
    charges: Decimal = ZERO
    bought: int = 0
    sold: int = 0
    updated_at: datetime | None = None

    @property
    def average_price(self) -> Decimal:
        """Of what is open, rupees, rounded to `PRICE_STEP`; 0 when flat."""
        if not self.quantity:
            return ZERO
        return (self.cost / self.quantity).quantize(PRICE_STEP, ROUND_HALF_EVEN)

    @property
    def realised(self) -> Decimal:
        """Profit of what was closed, before charges, rupees."""
        return self.cash + self.cost

    def after(self, fill: Fill) -> StrategyPosition:
        """Return the holding once `fill` is in it."""
        units, held = fill.signed_quantity, self.quantity
        left = held + units
        if held * units >= 0:  # opens or adds
            cost = self.cost + units * fill.price
        elif held * left >= 0:  # reduces or closes
            cost = self.average_price * left if left else ZERO
        else:  # goes over to the other side
            cost = left * fill.price
        return StrategyPosition(
            strategy_id=self.strategy_id,
            instrument=self.instrument,
            instrument_token=fill.instrument_token,
            quantity=left,
            cash=self.cash - units * fill.price,
            cost=cost,
            charges=self.charges + fill.charges.total,
            bought=self.bought + max(units, 0),
            sold=self.sold + max(-units, 0),
            updated_at=fill.ts if self.updated_at is None else max(fill.ts, self.updated_at),
        )

    def position(self, mark: Decimal | None) -> Position:
        """Return it as people see it, at that mark."""
        return Position(
            strategy_id=self.strategy_id,
            instrument=self.instrument,
            instrument_token=self.instrument_token,
            quantity=self.quantity,
            average_price=self.average_price,
            realised=self.realised,
            charges=self.charges,
            last_price=mark,
            bought=self.bought,
            sold=self.sold,
            updated_at=self.updated_at,
        )
