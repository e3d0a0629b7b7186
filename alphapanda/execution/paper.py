"""The paper trader of one broker: validated signals become orders, ticks become fills, in event time.

An order meets the ticks of its instrument that come after its signal's tick in the log and are no earlier
than that tick plus the latency. The tick that fills it, its price and the ids depend on those only: not on
how late the signal came, nor on how the partitions were interleaved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from alphapanda.accounting.portfolio import Portfolio, PortfolioState
from alphapanda.clock import to_ist
from alphapanda.errors import InvariantError
from alphapanda.exchange.matching import ReportKind
from alphapanda.execution import order_events
from alphapanda.execution.event_time import EventTimeMatcher, MatcherState
from alphapanda.execution.order_store import OrderStore, OrderStoreState
from alphapanda.execution.quotes import KEPT_TICKS, HistoryRequest
from alphapanda.execution.reduce_only import BEFORE_ALL, ReduceOnlyTracker
from alphapanda.execution.working_orders import (
    CancelRequest,
    EventContext,
    OrderOutcome,
    OrderResult,
    WorkingOrder,
)
from alphapanda.ids import BrokerId, InstrumentId, StrategyId
from alphapanda.market.calendar import TradingCalendar
from alphapanda.model.control import Command, ControlCommand, Done
from alphapanda.model.deduplication import SignalDeduplicator, SignalMark
from alphapanda.model.envelope import Event, EventEnvelope, follow
from alphapanda.model.fill import Fill
from alphapanda.model.instrument import Instrument, InstrumentLookup
from alphapanda.model.kinds import ORDER_EVENTS, EventType, TradingMode, TradingState
from alphapanda.model.order import Order, client_order_id_of
from alphapanda.model.position import PnlSnapshot, Position
from alphapanda.model.signal import DenialCode, Signal, SignalIntent
from alphapanda.model.tick import Tick
from alphapanda.model.trading_state import TradingStateMachine, TradingStateSnapshot
from topics.services import trader_of

STATE_VERSION = 1
NOTHING_TO_REDUCE = "reduce-only: nothing is left to reduce"


class TraderState(msgspec.Struct, kw_only=True):
    """The trader in a snapshot; the names on the wire are those of its first version."""

    version: int
    trading: TradingStateSnapshot = msgspec.field(name="switch")
    signals: list[SignalMark] = msgspec.field(name="marks")
    orders: OrderStoreState = msgspec.field(name="book")
    portfolio: PortfolioState
    matcher: MatcherState = msgspec.field(name="exchange")
    trackers: list[ReduceOnlyTracker] = msgspec.field(name="lanes")
    seen_until: datetime | None
    changed: bool


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(TraderState)


class PaperTraderStage:
    """Trades on paper; reads `signals.validated`, `market.ticks`, `control.commands` and the Timer.

    Args:
        broker: its broker.
        mode: of that broker.
        instruments: where instruments are looked up.
        latency: how long an order takes to the exchange, event time.
        calendar: when sessions end, for DAY orders.
        kept_ticks: how many ticks are remembered for signals that come late.
    """

    def __init__(
        self,
        broker: BrokerId,
        mode: TradingMode,
        instruments: InstrumentLookup,
        latency: timedelta = timedelta(0),
        calendar: TradingCalendar | None = None,
        kept_ticks: int = KEPT_TICKS,
    ) -> None:
        self._broker = broker
        self._instruments = instruments
        self._latency = latency
        self._calendar = calendar or TradingCalendar()
        self._service = trader_of(broker).name
        self._trading = TradingStateMachine(broker, self._service)
        self._signals = SignalDeduplicator()
        self._orders = OrderStore()
        self._portfolio = Portfolio(broker, mode, instruments)
        self._matcher = EventTimeMatcher(kept_ticks)
        self._trackers: dict[tuple[StrategyId, InstrumentId], ReduceOnlyTracker] = {}
        self._held: set[InstrumentId] = set()
        self._seen_until: datetime | None = None
        self._changed = False

    # ------------------------------------------------------------------ views
    @property
    def trading_state(self) -> TradingState:
        """The broker's trading state."""
        return self._trading.state

    @property
    def seen_until(self) -> datetime | None:
        """Event time of the newest thing seen; None before the first."""
        return self._seen_until

    def positions(self) -> tuple[Position, ...]:
        """Return every position, flat ones too, at the marks."""
        return self._portfolio.positions()

    def orders(self) -> tuple[Order, ...]:
        """Return the open orders and the latest closed ones."""
        return self._orders.orders()

    def pnl(self, at: datetime) -> PnlSnapshot:
        """Return profit and exposure at the marks, as of `at`."""
        return self._portfolio.pnl(at, self._orders.open_count)

    # ------------------------------------------------------------------ history, see `execution.event_time`
    def missing_history(self) -> tuple[HistoryRequest, ...]:
        """Return the ticks that orders wait for and that are not remembered; almost always none."""
        return self._matcher.missing()

    def supply_history(self, request: HistoryRequest, ticks: Iterable[Event]) -> None:
        """Take the instrument's ticks of the request's stretch, all of them, with their places in the log."""
        self._matcher.supply(request, ticks)

    def abandon_history(self, request: HistoryRequest, reason: str) -> None:
        """Cancel what waits for ticks that the log no longer has."""
        self._matcher.abandon(request, reason)

    # ------------------------------------------------------------------ the stage
    def decide(self, event: Event) -> Iterable[Event]:
        """Return what follows from a tick, a validated signal, a command or the Timer."""
        event_type = event.envelope.type
        if event_type is EventType.MARKET_TICK:
            results = self._matcher.on_tick(event)
            return self._report(results, event) if results else ()
        if event_type is EventType.SIGNAL_VALIDATED:
            return self._on_signal(event)
        if event_type is EventType.CONTROL_COMMAND:
            return self._on_command(event)
        if event_type is EventType.TIMER:
            return self._on_timer(event)
        return ()

    def evolve(self, event: Event) -> None:
        """Fold an input or one of our own outputs."""
        event_type = event.envelope.type
        if event_type is EventType.MARKET_TICK:
            if self._matcher.fold(event):
                self._mark(event.envelope.data)
        elif event_type is EventType.SIGNAL_VALIDATED:
            self._enter(event)
        elif event_type in ORDER_EVENTS:
            self._fold_order(event)
        elif event_type is EventType.PNL_SNAPSHOT:
            self._changed = False
        elif event_type is EventType.CONTROL_COMMAND:
            if self._cancels(event):
                self._matcher.cancel(self._cancel_orders(event))
            self._trading.evolve(event)
        elif event_type is EventType.CONTROL_EVENT:
            self._trading.evolve(event)

    def snapshot(self) -> bytes:
        """Return the whole state; remembered ticks are not in it, the log has them."""
        return _ENCODER.encode(
            TraderState(
                version=STATE_VERSION,
                trading=self._trading.dump(),
                signals=self._signals.dump(),
                orders=self._orders.dump(),
                portfolio=self._portfolio.dump(),
                matcher=self._matcher.dump(),
                trackers=list(self._trackers.values()),
                seen_until=self._seen_until,
                changed=self._changed,
            )
        )

    def restore(self, data: bytes) -> None:
        """Take the state that `snapshot` returned; raises InvariantError for another version's."""
        state = _DECODER.decode(data)
        if state.version != STATE_VERSION:
            raise InvariantError(f"A snapshot of the trader has version {state.version}, this is {STATE_VERSION}.")
        self._trading.load(state.trading)
        self._signals.load(state.signals)
        self._orders.load(state.orders)
        self._portfolio.load(state.portfolio)
        self._matcher.load(state.matcher)
        self._trackers = {(one.strategy_id, one.instrument): one for one in state.trackers}
        self._held = {position.instrument for position in self._portfolio.positions() if position.quantity}
        self._seen_until = state.seen_until
        self._changed = state.changed

    # ------------------------------------------------------------------ deciding
    def _on_signal(self, event: Event) -> Sequence[Event]:
        """Submit the order of a validated signal, unless trading is halted, and match it against ticks read."""
        signal: Signal = event.data.signal
        order_id, context = client_order_id_of(event.id), self._context(event)
        if self._signals.contains(event.id, signal) or self._orders.contains(order_id):
            return ()
        instrument = self._instruments.get(signal.instrument)
        refusal = self._refusal(signal, instrument)
        if refusal or instrument is None:
            return (order_events.refused(order_id, signal, context, self._service, refusal),)
        working = self._working(event, instrument)
        opened = (order_events.submitted(working, self._service), order_events.accepted(working, self._service))
        outcome = self._matcher.on_arrival(working)
        return opened if outcome is None else (*opened, *self._report([(working, outcome)], event))

    def _refusal(self, signal: Signal, instrument: Instrument | None) -> str:
        """Return why a signal is not submitted; empty when it is."""
        if self._trading.state is TradingState.HALTED:
            return f"{DenialCode.TRADING_HALTED}: trading is {self._trading.why}"
        if self._trading.state is TradingState.REDUCING and signal.intent is not SignalIntent.EXIT:
            return f"{DenialCode.TRADING_REDUCING}: trading is {self._trading.why}"
        if instrument is None:
            return f"{DenialCode.INSTRUMENT_UNKNOWN}: {signal.instrument} is not loaded"
        return ""

    def _on_command(self, event: Event) -> Sequence[Event]:
        """Cancel the orders in a command's scope, and report that it was obeyed."""
        if not self._cancels(event):
            return self._trading.decide(event)
        effect = self._matcher.cancelled(self._cancel_orders(event))
        cancelled = sum(outcome.command_id is not None for _, outcome in effect.results)
        done = Done(cancelled=cancelled, too_late=effect.too_late, unsettled=effect.unsettled)
        return (*self._report(effect.results, event), *self._trading.decide(event, done))

    def _cancels(self, event: Event) -> bool:
        """Return whether a command cancels orders, and was not obeyed before."""
        command: ControlCommand = event.data
        return command.command is Command.CANCEL and self._trading.is_new(event)

    def _cancel_orders(self, event: Event) -> CancelRequest:
        command: ControlCommand = event.data
        return CancelRequest(
            command_id=event.id,
            scope=command.meant,
            reason=f"cancelled by {command.actor}: {command.reason}",
            seen_until=self._seen_until,
        )

    def _report(self, results: Iterable[OrderResult], cause: Event) -> list[Event]:
        """Return the events of orders that ended, and the profit after their fills."""
        events: list[Event] = []
        fills: list[Fill] = []
        closed = 0
        trackers: dict[tuple[StrategyId, InstrumentId], ReduceOnlyTracker] = {}
        for working, outcome in results:
            signal = working.signal
            key = signal.strategy_id, signal.instrument
            tracker = trackers[key] = trackers.get(key) or self._tracker(signal).copy()
            done, reason = 0, outcome.reason
            if outcome.kind is ReportKind.FILL and outcome.quote is not None:
                done, reason = tracker.allowed(signal, working.rank, outcome.quote.offset), NOTHING_TO_REDUCE
            if done:
                filled = order_events.filled(working, outcome, done, self._service)
                events.append(filled)
                fills.append(filled.data.fill)
                tracker.fill(filled.data.fill)
            if done < signal.quantity:
                events.append(order_events.ended(working, outcome, done, reason, self._service))
            tracker.leave(working.order_id, _offset_of(outcome))
            closed += 1
        if fills:
            events.append(self._pnl_after(fills, closed, cause, events[-1].envelope))
        return events

    def _pnl_after(self, fills: Sequence[Fill], closed: int, cause: Event, after: EventEnvelope[object]) -> Event:
        later = self._portfolio.preview(fills)
        at = max(fill.ts for fill in fills)
        is_new_order = cause.envelope.type is EventType.SIGNAL_VALIDATED
        if cause.envelope.type is EventType.MARKET_TICK:
            tick: Tick = cause.envelope.data
            later.mark(tick.instrument, tick.last_price)
        if self._seen_until is not None:
            at = max(at, self._seen_until)
        snapshot = later.pnl(at, self._orders.open_count + is_new_order - closed)
        return self._pnl_event(after, snapshot)

    def _on_timer(self, event: Event) -> Sequence[Event]:
        events = self._report(self._matcher.unreported(), event)
        if events or not self._changed or self._seen_until is None:
            return events
        return (self._pnl_event(event.envelope, self.pnl(self._seen_until)),)

    def _pnl_event(self, cause: EventEnvelope[object], snapshot: PnlSnapshot) -> Event:
        return follow(
            cause,
            EventType.PNL_SNAPSHOT,
            snapshot,
            key=self._broker,
            source=self._service,
            broker=self._broker,
            name="pnl",
            ts=snapshot.at,
        )

    # ------------------------------------------------------------------ folding
    def _mark(self, tick: Tick) -> None:
        self._portfolio.mark(tick.instrument, tick.last_price)
        if tick.instrument in self._held:
            self._changed = True
        if self._seen_until is None or tick.exchange_ts > self._seen_until:
            self._seen_until = tick.exchange_ts

    def _enter(self, event: Event) -> None:
        signal: Signal = event.data.signal
        if self._signals.contains(event.id, signal):
            return
        self._signals.add(event.id, signal)
        order_id = client_order_id_of(event.id)
        instrument = self._instruments.get(signal.instrument)
        if instrument is None or self._orders.is_closed(order_id):
            return
        tracker = self._trackers.setdefault((signal.strategy_id, signal.instrument), self._tracker(signal))
        working = self._working(event, instrument)
        tracker.enter(order_id, signal, working.due)
        self._matcher.enter(working)

    def _fold_order(self, event: Event) -> None:
        self._orders.evolve(event)
        if event.type is EventType.ORDER_FILLED:
            self._fold_fill(event.data.fill)
        if event.type is EventType.ORDER_SUBMITTED:
            return
        order_id = event.data.client_order_id
        if self._orders.is_closed(order_id) or event.type is EventType.ORDER_REJECTED:
            tracker = self._trackers.get((event.data.strategy_id, event.data.instrument))
            left = self._matcher.leave(order_id)
            if tracker is not None:
                tracker.leave(order_id, _offset_of(left.outcome) if left is not None else BEFORE_ALL)

    def _fold_fill(self, fill: Fill) -> None:
        if not self._portfolio.fill(fill):
            return
        key = fill.strategy_id, fill.instrument
        self._trackers.setdefault(key, ReduceOnlyTracker(strategy_id=key[0], instrument=key[1])).fill(fill)
        if self._portfolio.is_open(fill.instrument):
            self._held.add(fill.instrument)
        else:
            self._held.discard(fill.instrument)
        self._changed = True
        if self._seen_until is None or fill.ts > self._seen_until:
            self._seen_until = fill.ts

    def _tracker(self, signal: Signal) -> ReduceOnlyTracker:
        known = self._trackers.get((signal.strategy_id, signal.instrument))
        return known or ReduceOnlyTracker(strategy_id=signal.strategy_id, instrument=signal.instrument)

    def _working(self, event: Event, instrument: Instrument) -> WorkingOrder:
        """Return the order of a validated signal, the next of its strategy and instrument."""
        signal: Signal = event.data.signal
        tracker, tick, context = self._tracker(signal), signal.tick, self._context(event)
        sent, cursor = tick.exchange_ts, tick.offset
        if signal.command_id is not None:
            # An operator's order follows from no tick: it meets what comes after all that was read.
            sent, cursor = context.ts, max(cursor, self._matcher.read_until(tick.partition))
        return WorkingOrder(
            order_id=client_order_id_of(event.id),
            signal=signal,
            context=context,
            instrument=instrument,
            rank=tracker.next_rank,
            due=tracker.due(sent + self._latency),
            expires=self._session_end(sent),
            cursor=cursor,
        )

    def _context(self, event: Event) -> EventContext:
        """Return the context of a validated signal; an operator's has the time that the market has come to."""
        context, signal = EventContext.of(event), event.data.signal
        if signal.command_id is None:
            return context
        newest = signal.tick.exchange_ts
        at = newest if self._seen_until is None else max(self._seen_until, newest)
        return msgspec.structs.replace(context, ts=at)

    def _session_end(self, ts: datetime) -> datetime:
        """Return the first end of a session after `ts`."""
        session = self._calendar.first_from(to_ist(ts).date())
        return session.closes if ts < session.closes else self._calendar.after(session).closes


def _offset_of(outcome: OrderOutcome | None) -> int:
    return outcome.quote.offset if outcome is not None and outcome.quote is not None else BEFORE_ALL
