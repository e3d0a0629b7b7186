"""The simulated exchange: the orders that stand at it, and the quotes they meet, each once and in order."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence

import msgspec

from alphapanda.errors import InvariantError
from alphapanda.exchange.matching import Cancellation, OrderOutcome, OutcomeKind, WorkingOrder, examine
from alphapanda.execution.cancelling import CancelledOrders, CancelOrder, Matched
from alphapanda.execution.history import HistoryRequest
from alphapanda.execution.quotes import KEPT_TICKS, MatchingQuote, QuoteHistory
from alphapanda.ids import ClientOrderId, InstrumentId
from alphapanda.model.control import Scope
from alphapanda.model.envelope import Event


class ExchangeState(msgspec.Struct, kw_only=True):
    """What a snapshot holds: the orders, and how far each partition was read. The log has the quotes."""

    working: list[WorkingOrder]
    ends: list[tuple[int, int]]


class PaperExchange:
    """Holds every order against every quote of its instrument after its signal's tick.

    Args:
        kept_ticks: how many quotes are remembered, over all instruments, for orders that come late.
    """

    def __init__(self, kept_ticks: int = KEPT_TICKS) -> None:
        self._quotes = QuoteHistory(kept_ticks)
        self._working: dict[InstrumentId, list[WorkingOrder]] = {}

    # ------------------------------------------------------------------ looking
    def matches(self, tick: Event) -> Sequence[Matched]:
        """Return what a MARKET_TICK does, with what earlier ones did and was not told yet. Changes nothing."""
        orders = self._working.get(tick.envelope.data.instrument)
        if not orders:
            return ()
        quote = MatchingQuote.of(tick)
        if not self._quotes.is_new(quote.partition, quote.offset):
            return ()
        found: list[Matched] = []
        for order in orders:
            match = order.match
            if match is None and self._is_caught_up(order, quote):
                match = examine(order, quote)
            if match is not None and not self._is_held_back(order, quote):
                found.append((order, match))
        return found

    def untold(self) -> Sequence[Matched]:
        """Return what became of orders and was not told yet: those whose ticks came after the fact."""
        return [
            (order, order.match)
            for orders in self._working.values()
            for order in orders
            if order.match is not None and not self._is_held_back(order)
        ]

    def on_arrival(self, order: WorkingOrder) -> OrderOutcome | None:
        """Return what the quotes that a new order missed did to it, if that can be told at once."""
        match = self.catch_up(order)
        mates = self._mates_before(order)
        if any(mate.match is not None or not self._is_caught_up(mate) for mate in mates):
            return None
        return match

    def catch_up(self, order: WorkingOrder) -> OrderOutcome | None:
        """Hold `order` against the quotes it missed, as far as they are kept, and return what became of it."""
        instrument, partition = order.signal.instrument, order.signal.tick.partition
        if self._is_caught_up(order):
            for quote in self._quotes.after(instrument, partition, order.cursor):
                order.meet(quote)
        self._settle(order)
        return order.match

    def read_until(self, partition: int) -> int:
        """Return the offset of the last tick that was read of a partition; -1 before the first."""
        end = self._quotes.end(partition)
        return -1 if end is None else end

    def cancelled(self, order: CancelOrder) -> CancelledOrders:
        """Return what a cancellation brings about. Changes nothing."""
        found: list[Matched] = []
        too_late = unsettled = 0
        for working in self._meant(order.scope):
            withdrawal = working.withdrawal or self._withdrawal(working, order)
            match = working.match or (withdrawal.match if self._is_settled(withdrawal, working) else None)
            if match is None:
                unsettled += 1
                continue
            is_late = match.command_id is None
            too_late += is_late
            if not (is_late and self._is_held_back(working)):
                found.append((working, match))
        return CancelledOrders(tuple(found), too_late, unsettled)

    # ------------------------------------------------------------------ folding
    def cancel(self, order: CancelOrder) -> None:
        """Withdraw what a cancellation is for; orders that wait for history are judged when they have it."""
        for working in self._meant(order.scope):
            if working.match is None and working.withdrawal is None:
                working.withdrawal = self._withdrawal(working, order)
                self._settle(working)

    def enter(self, order: WorkingOrder) -> None:
        """Take an order."""
        self.catch_up(order)
        # By strategy and rank: so the order in which one quote fills several does not depend on arrival.
        insort(self._working.setdefault(order.signal.instrument, []), order, key=_by_strategy_and_rank)

    def leave(self, order_id: ClientOrderId, instrument: InstrumentId) -> WorkingOrder | None:
        """Forget an order that is closed, and return it."""
        orders = self._working.get(instrument, [])
        order = next((order for order in orders if order.order_id == order_id), None)
        if order is not None:
            orders.remove(order)
            if not orders:
                del self._working[instrument]
        return order

    def take(self, tick: Event) -> bool:
        """Fold a MARKET_TICK; return False for one that was read before."""
        quote = self._quotes.add(tick)
        if quote is None:
            return False
        orders = self._working.get(tick.envelope.data.instrument)
        if orders:
            for order in orders:
                if self._is_caught_up(order, quote):
                    order.meet(quote)
        return True

    # ------------------------------------------------------------------ history
    def missing(self) -> tuple[HistoryRequest, ...]:
        """Return what must be read from the log: one stretch for each order's instrument and partition."""
        wanted: dict[tuple[InstrumentId, int], HistoryRequest] = {}
        for orders in self._working.values():
            for order in orders:
                request = self._wanted(order)
                if request is None:
                    continue
                key = request.instrument, request.partition
                other = wanted.get(key)
                if other is None or request.first_offset < other.first_offset:
                    wanted[key] = request
        return tuple(wanted.values())

    def supply(self, request: HistoryRequest, ticks: Iterable[Event]) -> None:
        """Hold the orders that wait against all ticks of the request's stretch."""
        quotes = sorted((_quote_for(request, tick) for tick in ticks), key=lambda quote: quote.offset)
        for order in self._waiting(request):
            for quote in quotes:
                if order.cursor < quote.offset <= request.last_offset:
                    order.meet(quote)
            if order.match is None:
                order.cursor = max(order.cursor, request.last_offset)
                self.catch_up(order)

    def abandon(self, request: HistoryRequest, reason: str) -> None:
        """Cancel the orders that wait for the request's ticks."""
        for order in self._waiting(request):
            lost = OrderOutcome(outcome=OutcomeKind.CANCEL, ts=order.due, reason=reason)
            order.match = order.withdrawal.match if order.withdrawal is not None else lost

    # ------------------------------------------------------------------ state
    def dump(self) -> ExchangeState:
        """Return the state for a snapshot."""
        orders = [order for group in self._working.values() for order in group]
        return ExchangeState(working=[self._saved(order) for order in orders], ends=self._quotes.dump())

    def load(self, state: ExchangeState) -> None:
        """Take a state that `dump` returned."""
        self._quotes.load(state.ends)
        self._working = {}
        for order in state.working:
            insort(self._working.setdefault(order.signal.instrument, []), order, key=_by_strategy_and_rank)

    def _saved(self, order: WorkingOrder) -> WorkingOrder:
        end = self._quotes.end(order.signal.tick.partition)
        if end is None or not self._is_caught_up(order):
            return order
        # What it has met reaches to the end of what was read, though the last quotes were not its own.
        return msgspec.structs.replace(order, cursor=max(order.cursor, end))

    def _is_caught_up(self, order: WorkingOrder, coming: MatchingQuote | None = None) -> bool:
        """Return whether every quote between the order's cursor and now (or `coming`) is kept."""
        tick = order.signal.tick
        floor = self._quotes.floor(order.signal.instrument, tick.partition)
        if floor is None:
            return coming is not None and coming.partition == tick.partition and coming.offset - 1 <= order.cursor
        return floor <= order.cursor and (coming is None or coming.partition == tick.partition)

    def _meant(self, scope: Scope) -> list[WorkingOrder]:
        """Return the orders in scope, by instrument, strategy and rank."""
        return [
            order
            for _, orders in sorted(self._working.items())
            for order in orders
            if scope.covers(order.signal.strategy_id, order.signal.instrument, order.order_id)
        ]

    def _withdrawal(self, working: WorkingOrder, order: CancelOrder) -> Cancellation:
        # Nobody cancels an order before it has reached the exchange.
        earliest = max(working.thread.ts, working.due)
        return Cancellation(
            command_id=order.command_id,
            until=self.read_until(working.signal.tick.partition),
            ts=earliest if order.seen_until is None else max(order.seen_until, earliest),
            reason=order.reason,
        )

    def _is_settled(self, withdrawal: Cancellation, order: WorkingOrder) -> bool:
        """Return whether the order has met all that counts until it was withdrawn."""
        return order.cursor >= withdrawal.until or self._is_caught_up(order)

    def _settle(self, order: WorkingOrder) -> None:
        """End an order that was withdrawn, once nothing can have become of it before."""
        withdrawal = order.withdrawal
        if order.match is None and withdrawal is not None and self._is_settled(withdrawal, order):
            order.match = withdrawal.match

    def _is_held_back(self, order: WorkingOrder, coming: MatchingQuote | None = None) -> bool:
        """Return whether an order before this one still waits for history: they are told in their order."""
        mates = self._mates_before(order)
        return any(mate.match is None and not self._is_caught_up(mate, coming) for mate in mates)

    def _mates_before(self, order: WorkingOrder) -> list[WorkingOrder]:
        """Return the orders of the same strategy and instrument that came before."""
        return [
            mate
            for mate in self._working.get(order.signal.instrument, ())
            if mate.signal.strategy_id == order.signal.strategy_id and mate.rank < order.rank
        ]

    def _wanted(self, order: WorkingOrder) -> HistoryRequest | None:
        signal = order.signal
        floor = self._quotes.floor(signal.instrument, signal.tick.partition)
        if order.match is not None or floor is None or floor <= order.cursor:
            return None
        return HistoryRequest(
            instrument=signal.instrument,
            instrument_token=signal.instrument_token,
            partition=signal.tick.partition,
            first_offset=order.cursor + 1,
            last_offset=floor,
        )

    def _waiting(self, request: HistoryRequest) -> list[WorkingOrder]:
        found: list[WorkingOrder] = []
        for order in self._working.get(request.instrument, ()):
            wanted = self._wanted(order)
            if wanted is None or wanted.partition != request.partition:
                continue
            if request.first_offset <= wanted.first_offset <= request.last_offset:
                found.append(order)
        return found


def _by_strategy_and_rank(order: WorkingOrder) -> tuple[str, int]:
    return order.signal.strategy_id, order.rank


def _quote_for(request: HistoryRequest, tick: Event) -> MatchingQuote:
    quote = MatchingQuote.of(tick)
    if tick.envelope.data.instrument != request.instrument or quote.partition != request.partition:
        raise InvariantError(f"Tick {tick.at} of {tick.envelope.data.instrument} does not answer {request}.")
    return quote
