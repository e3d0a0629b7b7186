"""The portfolio of one broker: the fold of its fills and the marks of its instruments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from alphapanda.accounting.positions import ZERO, StrategyPosition
from alphapanda.ids import BrokerId, InstrumentId, StrategyId
from alphapanda.model.deduplication import RecentDigests
from alphapanda.model.envelope import Event
from alphapanda.model.fill import Fill
from alphapanda.model.instrument import InstrumentLookup
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.position import PnlSnapshot, Position

TRADES_REMEMBERED = 8_192

Key = tuple[StrategyId, InstrumentId]


class PortfolioState(msgspec.Struct, kw_only=True):
    """The state in a snapshot."""

    holdings: list[StrategyPosition]
    marks: list[tuple[InstrumentId, float]]
    trades: bytes
    fills: int


class Portfolio:
    """The holdings of one broker by strategy and instrument, and what they were last quoted at.

    Args:
        broker: its broker.
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
