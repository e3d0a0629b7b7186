"""Positions, profit and exposure: per broker, per strategy, and along the day."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime
from decimal import Decimal

import msgspec

from alphapanda.clock import to_ist
from alphapanda.model.kinds import TradingMode, TradingState
from alphapanda.model.position import PnlSnapshot, Position
from tui.theme.formatter import to_ms

ZERO = Decimal(0)
POINTS = 2_048
"""Points of a day's line; when there are more every second one goes."""


class BrokerMoney(msgspec.Struct, frozen=True, kw_only=True):
    """One broker's profit and exposure.

    Attributes:
        broker: whose.
        mode: how near to real money.
        state: what it may do; None before anybody said.
        pnl: the newest snapshot; None before the first.
        written_ms: when it was written, Unix milliseconds.
    """

    broker: str
    mode: TradingMode
    state: TradingState | None = None
    pnl: PnlSnapshot | None = None
    written_ms: int | None = None

    @property
    def net(self) -> Decimal | None:
        """Realised and unrealised, less charges."""
        return None if self.pnl is None else self.pnl.net


class PositionRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy holds of an instrument at a broker."""

    broker: str
    mode: TradingMode
    position: Position

    @property
    def net(self) -> Decimal:
        """Its profit after charges."""
        position = self.position
        return position.realised + position.unrealised - position.charges


class StrategyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy made, broker by broker.

    Attributes:
        strategy: whose.
        nets: profit after charges, by broker.
        open: positions that are not flat, by broker.
        exposure: sum of absolute values, all brokers.
    """

    strategy: str
    nets: dict[str, Decimal]
    open: dict[str, int]
    exposure: Decimal

    @property
    def total(self) -> Decimal:
        """All brokers together."""
        return sum(self.nets.values(), ZERO)


class DayLine:
    """One number along one day, in bounded memory.

    Attributes:
        points: (Unix milliseconds of event time, value), oldest first.
    """

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []
        self._day: date | None = None
        self._step_ms = 0

    def add(self, at: datetime, value: float) -> None:
        """Add a point; another day begins anew. A point before the last finds its place: views outrun the log."""
        day, at_ms = to_ist(at).date(), to_ms(at)
        points = self.points
        if day != self._day:
            self._day, self._step_ms = day, 0
            points.clear()
        if points and at_ms < points[-1][0]:
            place = bisect_left(points, (at_ms, value))
            if points[place][0] - at_ms >= self._step_ms:
                points.insert(place, (at_ms, value))
            return
        if len(points) > 1 and at_ms - points[-2][0] < self._step_ms:
            points[-1] = (at_ms, value)
            return
        points.append((at_ms, value))
        if len(points) > POINTS:
            self._step_ms = max(1_000, 2 * self._step_ms)
            points[:] = points[::2]

    def recall(self, at: datetime, value: float) -> None:
        """Add a point of earlier, unless it is of another day."""
        if to_ist(at).date() == self._day:
            self.add(at, value)


class Money:
    """Every broker's positions and profit.

    Attributes:
        brokers: by name.
        positions: by broker, strategy and instrument.
        strategies: by name.
        lines: profit after charges along the day, by broker.
        changes: snapshots taken.
    """

    def __init__(self) -> None:
        self.brokers: dict[str, BrokerMoney] = {}
        self.positions: dict[tuple[str, str, str], PositionRow] = {}
        self.strategies: dict[str, StrategyRow] = {}
        self.lines: dict[str, DayLine] = {}
        self.changes = 0
        self._unsettled: dict[str, None] = {}  # a set would give rows in another order each time

    def know(self, broker: str, mode: TradingMode) -> None:
        """Have a broker's row before anything is known of it."""
        self.brokers.setdefault(broker, BrokerMoney(broker=broker, mode=mode))

    def fold(self, snapshot: PnlSnapshot, written_ms: int) -> None:
        """Take a snapshot, from the log or from the view."""
        broker = str(snapshot.broker)
        self.know(broker, snapshot.trading_mode)
        self.lines.setdefault(broker, DayLine()).add(snapshot.at, float(snapshot.net))
        before = self.brokers[broker]
        if before.pnl is not None and snapshot.at < before.pnl.at and (before.written_ms or 0) > written_ms:
            return
        self.changes += 1
        self.brokers[broker] = msgspec.structs.replace(
            before, mode=snapshot.trading_mode, pnl=snapshot, written_ms=written_ms
        )
        self._unsettled[broker] = None

    def recall(self, snapshot: PnlSnapshot) -> None:
        """Take a snapshot of earlier for the line of its day alone."""
        line = self.lines.get(str(snapshot.broker))
        if line is not None:
            line.recall(snapshot.at, float(snapshot.net))
            self.changes += 1

    def settle(self) -> None:
        """Take the positions of the snapshots that came: once a batch is enough."""
        for broker in self._unsettled:
            row = self.brokers[broker]
            if row.pnl is not None and row.pnl.positions:
                self.hold(broker, row.mode, row.pnl.positions)
        self._unsettled.clear()

    def trading(self, broker: str, state: TradingState) -> None:
        """Learn what a broker may do."""
        before = self.brokers.get(broker)
        if before is not None and before.state is not state:
            self.brokers[broker] = msgspec.structs.replace(before, state=state)

    def hold(self, broker: str, mode: TradingMode, positions: tuple[Position, ...]) -> None:
        """Take a broker's positions, all of them."""
        seen = set()
        for position in positions:
            key = (broker, str(position.strategy_id), str(position.instrument))
            seen.add(key)
            before = self.positions.get(key)
            if before is None or before.position != position:
                self.positions[key] = PositionRow(broker=broker, mode=mode, position=position)
        for key in [key for key in self.positions if key[0] == broker and key not in seen]:
            del self.positions[key]
        self._sum_up()

    def _sum_up(self) -> None:
        nets: dict[str, dict[str, Decimal]] = {}
        opened: dict[str, dict[str, int]] = {}
        exposure: dict[str, Decimal] = {}
        for (broker, strategy, _), row in self.positions.items():
            mine = nets.setdefault(strategy, {})
            mine[broker] = mine.get(broker, ZERO) + row.net
            counts = opened.setdefault(strategy, {})
            counts[broker] = counts.get(broker, 0) + bool(row.position.quantity)
            exposure[strategy] = exposure.get(strategy, ZERO) + abs(row.position.exposure)
        for strategy, mine in nets.items():
            now = StrategyRow(strategy=strategy, nets=mine, open=opened[strategy], exposure=exposure[strategy])
            if self.strategies.get(strategy) != now:
                self.strategies[strategy] = now
        for strategy in [name for name in self.strategies if name not in nets]:
            del self.strategies[strategy]

    @property
    def net(self) -> Decimal | None:
        """All brokers together; None before anybody said."""
        known = [row.pnl.net for row in self.brokers.values() if row.pnl is not None]
        return sum(known, ZERO) if known else None
