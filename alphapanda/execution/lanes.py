"""How much one strategy held of one instrument as of a tick, whenever that is asked.

An exit may only reduce. What there is to reduce when it meets a quote is what the orders before it had
done by then, in event time; orders after it, and fills at later ticks, do not count, though they may be
folded already.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from alphapanda.ids import ClientOrderId, InstrumentId, StrategyId
from alphapanda.model.fill import Fill

BEFORE_ALL = -1
"""Rank of an order whose signal is no longer in the log: it came before what is."""


class LaneFill(msgspec.Struct, frozen=True, kw_only=True):
    """A fill that not every exit may count: the rank of its order, the offset of its tick, signed units."""

    rank: int
    offset: int
    units: int


class Lane(msgspec.Struct, kw_only=True):
    """The orders of one strategy in one instrument, in the order of their signals.

    Attributes:
        strategy_id: whose.
        instrument: what.
        settled: units held by fills that count for every exit from now on.
        next_rank: of the next signal.
        exits: ranks of the exits that are open.
        orders: ranks of the open orders.
        fills: those not settled.
    """

    strategy_id: StrategyId
    instrument: InstrumentId
    settled: int = 0
    next_rank: int = 0
    exits: list[int] = []
    orders: dict[ClientOrderId, int] = {}
    fills: list[LaneFill] = []

    def enter(self, order_id: ClientOrderId, offset: int, *, is_exit: bool) -> int:
        """Give the next signal, which follows from the tick at `offset`, its rank."""
        rank = self.next_rank
        self.next_rank += 1
        self.orders[order_id] = rank
        if not self.exits:
            self._settle(rank, offset)
        if is_exit:
            self.exits.append(rank)
        return rank

    def leave(self, order_id: ClientOrderId) -> None:
        """Forget an order that is closed."""
        rank = self.orders.pop(order_id, None)
        if rank in self.exits:
            self.exits.remove(rank)

    def fill(self, fill: Fill) -> None:
        """Count a fill."""
        offset = fill.tick.offset if fill.tick is not None else -1
        rank = self.orders.get(fill.client_order_id, BEFORE_ALL)
        self.fills.append(LaneFill(rank=rank, offset=offset, units=fill.signed_quantity))

    def held(self, rank: int, offset: int, more: Iterable[LaneFill] = ()) -> int:
        """Return the units held by the orders before `rank`, at the tick at `offset`.

        Args:
            rank: of the exit that asks.
            offset: of the tick it meets.
            more: fills that are being decided and are not folded yet.
        """
        counted = (f.units for f in (*self.fills, *more) if _counts(f, rank, offset))
        return self.settled + sum(counted)

    def _settle(self, rank: int, offset: int) -> None:
        """Settle what the exits of this rank and later ones count: they meet ticks past `offset` only."""
        kept: list[LaneFill] = []
        for fill in self.fills:
            if _counts(fill, rank, offset):
                self.settled += fill.units
            else:
                kept.append(fill)
        self.fills = kept


def _counts(fill: LaneFill, rank: int, offset: int) -> bool:
    return fill.rank < rank and fill.offset <= offset
