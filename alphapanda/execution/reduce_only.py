"""Reduce-only: the units that an exit may trade, as of a tick, whenever that is asked.

An exit may only reduce. It may trade the units that earlier orders (by their signals) had filled by its tick, in
event time, less the units that earlier open exits claim. Later signals and later ticks do not count, though
they may be folded already: so the answer does not depend on when the signal came. Risk counts alike: a
validated exit has claimed its quantity.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from alphapanda.ids import ClientOrderId, InstrumentId, StrategyId
from alphapanda.model.fill import Fill
from alphapanda.model.signal import Signal, SignalIntent

BEFORE_ALL = -1
"""Rank of an order without a signal in the log; offset of an end that no tick brought about."""


OVERTAKING = timedelta(minutes=1)
"""Ticks come out of order, so a later signal can follow from an earlier time: its order waits for the one
before it by no more than this, for a tick may also carry a time that is far off."""


class TrackedFill(msgspec.Struct, frozen=True, kw_only=True):
    """A fill that not every exit may count: the rank of its order, the offset of its tick, signed units."""

    rank: int
    offset: int
    units: int


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The signed units that an exit claims, until the tick at `ended` shows what it got."""

    rank: int
    units: int
    ended: int | None = None


class ReduceOnlyTracker(msgspec.Struct, kw_only=True):
    """The orders of one strategy in one instrument, in the order of their signals.

    Attributes:
        strategy_id: the strategy.
        instrument: the instrument.
        settled: units held by fills that count for every exit from now on.
        next_rank: of the next signal.
        last_due: when the order before it reaches the exchange.
        ranks: of the open orders.
        fills: those not settled.
        claims: those of exits that are open, or ended at a tick that an exit may yet meet.
    """

    strategy_id: StrategyId
    instrument: InstrumentId
    settled: int = 0
    next_rank: int = 0
    last_due: datetime | None = None
    ranks: dict[ClientOrderId, int] = {}
    fills: list[TrackedFill] = []
    claims: list[Claim] = []

    def copy(self) -> ReduceOnlyTracker:
        """Return a copy to try things on."""
        return msgspec.structs.replace(
            self, ranks=dict(self.ranks), fills=list(self.fills), claims=list(self.claims)
        )

    def due(self, reaches: datetime) -> datetime:
        """Return when the next order reaches the exchange, on its own at `reaches`: not before the last one."""
        if self.last_due is None or not reaches < self.last_due <= reaches + OVERTAKING:
            return reaches
        return self.last_due

    def enter(self, order_id: ClientOrderId, signal: Signal, due: datetime) -> int:
        """Give the next signal its rank; its order reaches the exchange at `due`."""
        rank = self.next_rank
        self.next_rank += 1
        self.last_due = due
        self.ranks[order_id] = rank
        self._settle(signal.tick.offset)
        if signal.intent is SignalIntent.EXIT:
            self.claims.append(Claim(rank=rank, units=signal.side.sign * signal.quantity))
        return rank

    def fill(self, fill: Fill) -> None:
        """Count a fill."""
        offset = fill.tick.offset if fill.tick is not None else BEFORE_ALL
        rank = self.ranks.get(fill.client_order_id, BEFORE_ALL)
        self.fills.append(TrackedFill(rank=rank, offset=offset, units=fill.signed_quantity))

    def leave(self, order_id: ClientOrderId, offset: int = BEFORE_ALL) -> None:
        """End an order that the tick at `offset` closed."""
        rank = self.ranks.pop(order_id, None)
        self.claims = [
            msgspec.structs.replace(claim, ended=offset) if claim.rank == rank else claim for claim in self.claims
        ]

    def allowed(self, signal: Signal, rank: int, offset: int) -> int:
        """Return how many units the order of `signal` may do at the tick at `offset`: all, but for an exit."""
        if signal.intent is not SignalIntent.EXIT:
            return signal.quantity
        held = self.settled + sum(f.units for f in self.fills if f.rank < rank and f.offset <= offset)
        claimed = sum(
            c.units for c in self.claims if c.rank < rank and _is_open(c, offset) and _is_like(c, signal)
        )
        return max(0, min(signal.quantity, -(held + claimed) * signal.side.sign))

    def _settle(self, offset: int) -> None:
        """Settle what all exits count from now on, which meet ticks past `offset` only; none while one is open."""
        if any(_is_open(claim, offset) for claim in self.claims):
            return
        self.claims = []
        self.settled += sum(fill.units for fill in self.fills if fill.offset <= offset)
        self.fills = [fill for fill in self.fills if fill.offset > offset]


def _is_open(claim: Claim, offset: int) -> bool:
    return claim.ended is None or claim.ended > offset


def _is_like(claim: Claim, signal: Signal) -> bool:
    return claim.units * signal.side.sign > 0
