"""Positions and profit of one broker: the fold of its fills, in exact rupees.

A position is held as its cash (what was taken less what was paid) and the cost of what is open. Both
are sums of products of decimals, so they are exact, and

    realised = cash + cost of what is open,    unrealised = value at the mark - cost of what is open,

whose sum is cash + value at the mark whatever the costing. What is closed is closed at the average cost
(`PRICE_STEP`, half to even: the one place that rounds), so what is left of it costs a whole average.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from alphapanda.execution.window import RecentDigests
from alphapanda.ids import BrokerId, InstrumentId, StrategyId
from alphapanda.model.envelope import Event
from alphapanda.model.fill import Fill
from alphapanda.model.instrument import InstrumentLookup
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.position import PnlSnapshot, Position

TRADES_REMEMBERED = 8_192
PRICE_STEP = Decimal("1e-8")
ZERO = Decimal(0)

Key = tuple[StrategyId, InstrumentId]


class StrategyPosition(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy holds of one instrument, as it is kept.

    Attributes:
        strategy_id: whose.
        instrument: what.
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


class PortfolioState(msgspec.Struct, kw_only=True):
    """What a snapshot holds."""

    holdings: list[StrategyPosition]
    marks: list[tuple[InstrumentId, float]]
    trades: bytes
    fills: int


class Portfolio:
    """The holdings of one broker by strategy and instrument, and what they were last quoted at.

    Args:
        broker: whose.
        mode: of that broker.
        instruments: where the grid of a price is looked up.
    """

    def __init__(self, broker: BrokerId, mode: TradingMode, instruments: InstrumentLookup) -> None:
        self._broker = broker
        self._mode = mode
        self._instruments = instruments
        self._holdings: dict[Key, StrategyPosition] = {}
        self._marks: dict[InstrumentId, float] = {}
        self._trades = RecentDigests(TRADES_REMEMBERED)
        self._fills = 0

    @property
    def fills(self) -> int:
        """Fills so far."""
        return self._fills

    def quantity(self, strategy_id: StrategyId, instrument: InstrumentId) -> int:
        """Return the units held, negative when short."""
        holding = self._holdings.get((strategy_id, instrument))
        return holding.quantity if holding is not None else 0

    def evolve(self, event: Event) -> None:
        """Fold an ORDER_FILLED or a MARKET_TICK; other kinds are passed over."""
        envelope = event.envelope
        if envelope.type is EventType.MARKET_TICK:
            self.mark(envelope.data.instrument, envelope.data.last_price)
        elif envelope.type is EventType.ORDER_FILLED:
            self.fill(envelope.data.fill)

    def fill(self, fill: Fill) -> bool:
        """Fold one fill; return False when its trade id is known and it changes nothing."""
        if not self._trades.add(fill.trade_id):
            return False
        key = fill.strategy_id, fill.instrument
        self._holdings[key] = self._holding(fill).after(fill)
        self._fills += 1
        return True

    def mark(self, instrument: InstrumentId, last_price: float) -> None:
        """Remember what an instrument was last quoted at; it becomes money when it is looked at."""
        if last_price > 0.0:
            self._marks[instrument] = last_price

    def is_open(self, instrument: InstrumentId) -> bool:
        """Return whether any strategy holds some of it."""
        return any(held.quantity for held in self._holdings.values() if held.instrument == instrument)

    def preview(self, fills: Iterable[Fill]) -> Portfolio:
        """Return the portfolio as it will be once these new fills are in it; this one stays as it is."""
        later = Portfolio(self._broker, self._mode, self._instruments)
        later._holdings = dict(self._holdings)
        later._marks = dict(self._marks)
        later._fills = self._fills
        for fill in fills:
            later.fill(fill)
        return later

    def positions(self) -> tuple[Position, ...]:
        """Return every position, flat ones too, by strategy and instrument."""
        prices = {instrument: self._price(instrument) for _, instrument in self._holdings}
        return tuple(self._holdings[key].position(prices[key[1]]) for key in sorted(self._holdings))

    def pnl(self, at: datetime, open_orders: int = 0) -> PnlSnapshot:
        """Return profit and exposure at the marks.

        Args:
            at: event time of the last thing seen.
            open_orders: how many orders are not closed.
        """
        positions = self.positions()
        realised = sum((position.realised for position in positions), ZERO)
        charges = sum((position.charges for position in positions), ZERO)
        unrealised = sum((self._unrealised(position) for position in positions), ZERO)
        exposures = [position.exposure for position in positions if position.quantity]
        return PnlSnapshot(
            broker=self._broker,
            trading_mode=self._mode,
            at=at,
            realised=realised,
            unrealised=unrealised,
            charges=charges,
            net=realised + unrealised - charges,
            gross_exposure=sum((abs(exposure) for exposure in exposures), ZERO),
            net_exposure=sum(exposures, ZERO),
            open_positions=sum(position.quantity != 0 for position in positions),
            open_orders=open_orders,
            fills=self._fills,
            positions=positions,
        )

    def dump(self) -> PortfolioState:
        """Return the state for a snapshot."""
        return PortfolioState(
            holdings=list(self._holdings.values()),
            marks=list(self._marks.items()),
            trades=self._trades.dump(),
            fills=self._fills,
        )

    def load(self, state: PortfolioState) -> None:
        """Take a state that `dump` returned."""
        self._holdings = {(holding.strategy_id, holding.instrument): holding for holding in state.holdings}
        self._marks = dict(state.marks)
        self._trades.load(state.trades)
        self._fills = state.fills

    def _holding(self, fill: Fill) -> StrategyPosition:
        known = self._holdings.get((fill.strategy_id, fill.instrument))
        return known or StrategyPosition(
            strategy_id=fill.strategy_id, instrument=fill.instrument, instrument_token=fill.instrument_token
        )

    def _unrealised(self, position: Position) -> Decimal:
        """Return it against what is open cost exactly, where the position shows a rounded average."""
        if position.last_price is None or not position.quantity:
            return ZERO
        cost = self._holdings[position.strategy_id, position.instrument].cost
        return position.last_price * position.quantity - cost

    def _price(self, instrument: InstrumentId) -> Decimal | None:
        quoted = self._marks.get(instrument)
        known = self._instruments.get(instrument)
        return None if quoted is None or known is None else known.price_of(quoted)
