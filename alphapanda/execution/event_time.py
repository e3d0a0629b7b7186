"""Event-time matching: each order meets every quote after its signal's tick, once and in order, however late.

The exchange holds the orders that have met all quotes read so far. The others wait here: orders whose
quotes are no longer kept and must be read again from the log, and orders whose tick is not read yet. Whoever
runs the stage:

1. calls `PaperTraderStage.missing_history()` before a batch (it is cheap and almost always empty);
2. for each request reads its stretch of `market.ticks` and calls `supply_history(request, ticks)` with the
   instrument's ticks (their key is `instrument_token`). The front of the stretch will do, as
   `request.up_to(offset)`: the rest is asked for again;
3. calls `abandon_history(request, reason)` when the log no longer has `first_offset`: the orders that wait are
   cancelled with that reason.

What follows is decided on the next tick of the instrument or the next Timer, whichever comes first; its ids,
times and prices are those it would have had if the signal had come in time.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence

import msgspec

from alphapanda.errors import InvariantError
from alphapanda.exchange.matching import ReportKind, apply_quote, match
from alphapanda.exchange.venue import SimulatedExchange
from alphapanda.execution.quotes import KEPT_TICKS, HistoryRequest, LoggedQuote, QuoteHistory
from alphapanda.execution.working_orders import (
    Cancellation,
    CancelledOrders,
    CancelRequest,
    OrderOutcome,
    OrderResult,
    WorkingOrder,
)
from alphapanda.ids import ClientOrderId, InstrumentId
from alphapanda.model.control import Scope
from alphapanda.model.envelope import Event


class MatcherState(msgspec.Struct, kw_only=True):
    """A matcher in a snapshot: its orders, and how far each partition was read. The log has the quotes."""

    working: list[WorkingOrder]
    ends: list[tuple[int, int]]


class EventTimeMatcher:
    """Keeps open orders in step with the log of ticks, and submits them to the exchange.

    Args:
        kept_ticks: how many quotes are kept, over all instruments, for orders that come late.
    """

    def __init__(self, kept_ticks: int = KEPT_TICKS) -> None:
        self._exchange = SimulatedExchange()
        self._quotes = QuoteHistory(kept_ticks)
        self._orders: dict[ClientOrderId, WorkingOrder] = {}
        self._books: dict[InstrumentId, list[WorkingOrder]] = {}
        self._waiting: dict[ClientOrderId, WorkingOrder] = {}

    # ------------------------------------------------------------------ deciding
    def on_tick(self, tick: Event) -> Sequence[OrderResult]:
        """Return what a MARKET_TICK does, and outcomes that were held back until now. Changes nothing."""
        instrument: InstrumentId = tick.envelope.data.instrument
        orders = self._books.get(instrument)
        if not orders:
            return ()
        quote = LoggedQuote.of(tick)
        if not self._quotes.is_new(quote.partition, quote.offset):
            return ()
        reports = self._exchange.preview(instrument, quote)
        reports += [r for order in self._joining(quote, orders) if (r := match(order.for_exchange(), quote))]
        found = {report.order_id: OrderOutcome.of(report, quote) for report in reports}
        results: list[OrderResult] = []
        for order in orders:
            outcome = order.outcome or found.get(order.order_id)
            if outcome is not None and not self._is_held_back(order, quote):
                results.append((order, outcome))
        return results

    def unreported(self) -> Sequence[OrderResult]:
        """Return the outcomes that are not reported yet: those of orders whose ticks came after the fact."""
        return [
            (order, order.outcome)
            for orders in self._books.values()
            for order in orders
            if order.outcome is not None and not self._is_held_back(order)
        ]

    def on_arrival(self, order: WorkingOrder) -> OrderOutcome | None:
        """Return what the quotes that a new order missed did to it, if that can be reported at once."""
        self._catch_up(order)
        mates = self._mates_before(order)
        if any(mate.outcome is not None or not self._is_caught_up(mate) for mate in mates):
            return None
        return order.outcome

    def read_until(self, partition: int) -> int:
        """Return the offset of the last tick read of a partition; -1 before the first."""
        end = self._quotes.end(partition)
        return -1 if end is None else end

    def cancelled(self, command: CancelRequest) -> CancelledOrders:
        """Return the effect of a command to cancel. Changes nothing."""
        results: list[OrderResult] = []
        too_late = unsettled = 0
        for order in self._in_scope(command.scope):
            cancellation = order.cancellation or self._cancellation(order, command)
            outcome = order.outcome
            if outcome is None and self._is_settled(cancellation, order):
                outcome = cancellation.outcome
            if outcome is None:
                unsettled += 1
                continue
            is_late = outcome.command_id is None
            too_late += is_late
            if not (is_late and self._is_held_back(order)):
                results.append((order, outcome))
        return CancelledOrders(tuple(results), too_late, unsettled)

    # ------------------------------------------------------------------ folding
    def enter(self, order: WorkingOrder) -> None:
        """Add an order, and submit it to the exchange once it has met the quotes read so far."""
        self._catch_up(order)
        self._add(order)

    def leave(self, order_id: ClientOrderId) -> WorkingOrder | None:
        """Forget an order that is closed, and return it."""
        self._exchange.cancel(order_id)
        self._waiting.pop(order_id, None)
        order = self._orders.pop(order_id, None)
        if order is not None:
            orders = self._books[order.signal.instrument]
            orders.remove(order)
            if not orders:
                del self._books[order.signal.instrument]
        return order

    def fold(self, tick: Event) -> bool:
        """Fold a MARKET_TICK; return False for one that was read before."""
        quote = self._quotes.add(tick)
        if quote is None:
            return False
        instrument: InstrumentId = tick.envelope.data.instrument
        orders = self._books.get(instrument)
        if orders:
            for order in self._joining(quote, orders):
                self._submit(order)
            for report in self._exchange.on_quote(instrument, quote):
                self._orders[report.order_id].outcome = OrderOutcome.of(report, quote)
        return True

    def cancel(self, command: CancelRequest) -> None:
        """Cancel the orders in scope; those that wait for older ticks are cancelled when they have met them."""
        for order in self._in_scope(command.scope):
            if order.outcome is None and order.cancellation is None:
                order.cancellation = self._cancellation(order, command)
                self._settle(order)

    # ------------------------------------------------------------------ history
    def missing(self) -> tuple[HistoryRequest, ...]:
        """Return what must be read from the log: one stretch for each order's instrument and partition."""
        wanted: dict[tuple[InstrumentId, int], HistoryRequest] = {}
        for order in self._waiting.values():
            request = self._wanted(order)
            if request is None:
                continue
            key = request.instrument, request.partition
            other = wanted.get(key)
            if other is None or request.first_offset < other.first_offset:
                wanted[key] = request
        return tuple(wanted.values())

    def supply(self, request: HistoryRequest, ticks: Iterable[Event]) -> None:
        """Match the orders that wait against all ticks of the request's stretch."""
        quotes = sorted((_quote_for(request, tick) for tick in ticks), key=lambda quote: quote.offset)
        quotes = [quote for quote in quotes if quote.offset <= request.last_offset]
        for order in self._waiting_for(request):
            self._replay(order, quotes)
            if order.outcome is None:
                order.cursor = max(order.cursor, request.last_offset)
                self._catch_up(order)
            self._place(order)

    def abandon(self, request: HistoryRequest, reason: str) -> None:
        """Cancel the orders that wait for the request's ticks."""
        for order in self._waiting_for(request):
            lost = OrderOutcome(kind=ReportKind.CANCEL, ts=order.due, reason=reason)
            self._end(order, order.cancellation.outcome if order.cancellation is not None else lost)

    # ------------------------------------------------------------------ state
    def dump(self) -> MatcherState:
        """Return the state for a snapshot."""
        orders = [order for group in self._books.values() for order in group]
        return MatcherState(working=[self._saved(order) for order in orders], ends=self._quotes.dump())

    def load(self, state: MatcherState) -> None:
        """Take a state that `dump` returned."""
        self._quotes.load(state.ends)
        self._exchange = SimulatedExchange()
        self._orders, self._books, self._waiting = {}, {}, {}
        for order in state.working:
            self._add(order)

    def _saved(self, order: WorkingOrder) -> WorkingOrder:
        end = self._quotes.end(order.signal.tick.partition)
        if end is None or not self._is_caught_up(order):
            return order
        resting = self._exchange.get(order.order_id)
        rests = order.rests if resting is None else resting.rests
        # It has met all quotes up to the end of what was read, though the last ones were not its instrument's.
        return msgspec.structs.replace(order, cursor=max(order.cursor, end), rests=rests)

    # ------------------------------------------------------------------ keeping orders in step
    def _add(self, order: WorkingOrder) -> None:
        self._orders[order.order_id] = order
        # By strategy and rank: so the order in which one quote fills several does not depend on arrival.
        insort(self._books.setdefault(order.signal.instrument, []), order, key=_by_strategy_and_rank)
        if order.outcome is None:
            self._waiting[order.order_id] = order
            self._place(order)

    def _place(self, order: WorkingOrder) -> None:
        """Submit an order that has met all quotes read so far."""
        is_read = order.cursor <= self.read_until(order.signal.tick.partition)
        if order.outcome is None and is_read and self._is_caught_up(order):
            self._submit(order)

    def _submit(self, order: WorkingOrder) -> None:
        del self._waiting[order.order_id]
        self._exchange.submit(order.for_exchange())

    def _end(self, order: WorkingOrder, outcome: OrderOutcome) -> None:
        order.outcome = outcome
        self._waiting.pop(order.order_id, None)
        self._exchange.cancel(order.order_id)

    def _joining(self, quote: LoggedQuote, orders: Iterable[WorkingOrder]) -> list[WorkingOrder]:
        """Return the waiting orders that `quote` is the next one of."""
        if not self._waiting:
            return []
        return [
            order
            for order in orders
            if order.order_id in self._waiting and order.cursor < quote.offset and self._is_caught_up(order, quote)
        ]

    def _catch_up(self, order: WorkingOrder) -> None:
        """Match an order that is not at the exchange against the quotes it missed, if all of them are kept."""
        if self._is_caught_up(order):
            tick = order.signal.tick
            self._replay(order, self._quotes.after(order.signal.instrument, tick.partition, order.cursor))
        self._settle(order)

    def _replay(self, order: WorkingOrder, quotes: Iterable[LoggedQuote]) -> None:
        """Match an order that is not at the exchange against quotes, the oldest first, until one ends it."""
        resting = order.for_exchange()
        for quote in quotes:
            if order.outcome is not None:
                return
            if quote.offset <= order.cursor:
                continue
            if order.cancellation is not None and quote.offset > order.cancellation.until:
                self._end(order, order.cancellation.outcome)
                return
            report = apply_quote(resting, quote)
            order.rests, order.cursor = resting.rests, quote.offset
            if report is not None:
                self._end(order, OrderOutcome.of(report, quote))

    def _is_caught_up(self, order: WorkingOrder, coming: LoggedQuote | None = None) -> bool:
        """Return whether every quote between the order's cursor and now (or `coming`) is kept."""
        if order.order_id in self._exchange:
            return True
        tick = order.signal.tick
        floor = self._quotes.floor(order.signal.instrument, tick.partition)
        if floor is None:
            return coming is not None and coming.partition == tick.partition and coming.offset - 1 <= order.cursor
        return floor <= order.cursor and (coming is None or coming.partition == tick.partition)

    def _in_scope(self, scope: Scope) -> list[WorkingOrder]:
        """Return the orders in scope, by instrument, strategy and rank."""
        return [
            order
            for _, orders in sorted(self._books.items())
            for order in orders
            if scope.covers(order.signal.strategy_id, order.signal.instrument, order.order_id)
        ]

    def _cancellation(self, order: WorkingOrder, command: CancelRequest) -> Cancellation:
        # Nobody cancels an order before it has reached the exchange.
        earliest = max(order.context.ts, order.due)
        return Cancellation(
            command_id=command.command_id,
            until=self.read_until(order.signal.tick.partition),
            ts=earliest if command.seen_until is None else max(command.seen_until, earliest),
            reason=command.reason,
        )

    def _is_settled(self, cancellation: Cancellation, order: WorkingOrder) -> bool:
        """Return whether the order has met all quotes that count until it was cancelled."""
        return order.cursor >= cancellation.until or self._is_caught_up(order)

    def _settle(self, order: WorkingOrder) -> None:
        """End an order that was cancelled, once no earlier quote can have ended it."""
        cancellation = order.cancellation
        if order.outcome is None and cancellation is not None and self._is_settled(cancellation, order):
            self._end(order, cancellation.outcome)

    def _is_held_back(self, order: WorkingOrder, coming: LoggedQuote | None = None) -> bool:
        """Return whether an order before this one still waits for history: they are reported in their order."""
        mates = self._mates_before(order)
        return any(mate.outcome is None and not self._is_caught_up(mate, coming) for mate in mates)

    def _mates_before(self, order: WorkingOrder) -> list[WorkingOrder]:
        """Return the orders of the same strategy and instrument that came before."""
        return [
            mate
            for mate in self._books.get(order.signal.instrument, ())
            if mate.signal.strategy_id == order.signal.strategy_id and mate.rank < order.rank
        ]

    def _wanted(self, order: WorkingOrder) -> HistoryRequest | None:
        signal = order.signal
        floor = self._quotes.floor(signal.instrument, signal.tick.partition)
        if floor is None or floor <= order.cursor:
            return None
        return HistoryRequest(
            instrument=signal.instrument,
            instrument_token=signal.instrument_token,
            partition=signal.tick.partition,
            first_offset=order.cursor + 1,
            last_offset=floor,
        )

    def _waiting_for(self, request: HistoryRequest) -> list[WorkingOrder]:
        found: list[WorkingOrder] = []
        for order in self._books.get(request.instrument, ()):
            wanted = self._wanted(order) if order.order_id in self._waiting else None
            if wanted is None or wanted.partition != request.partition:
                continue
            if request.first_offset <= wanted.first_offset <= request.last_offset:
                found.append(order)
        return found


def _by_strategy_and_rank(order: WorkingOrder) -> tuple[str, int]:
    return order.signal.strategy_id, order.rank


def _quote_for(request: HistoryRequest, tick: Event) -> LoggedQuote:
    quote = LoggedQuote.of(tick)
    if tick.envelope.data.instrument != request.instrument or quote.partition != request.partition:
        raise InvariantError(f"Tick {tick.at} of {tick.envelope.data.instrument} does not answer {request}.")
    return quote
