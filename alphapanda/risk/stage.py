"""The risk stage of one broker: each raw signal becomes a validated or a rejected one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from alphapanda.errors import InvariantError
from alphapanda.ids import BrokerId
from alphapanda.model.control import Command, ControlCommand, Done
from alphapanda.model.deduplication import SignalDeduplicator, SignalMark
from alphapanda.model.envelope import Event, follow
from alphapanda.model.instrument import InstrumentLookup
from alphapanda.model.kinds import ORDER_EVENTS, EventType, TradingMode, TradingState
from alphapanda.model.signal import CheckResult, Signal, SignalIntent, SignalRejected, SignalValidated
from alphapanda.model.tick import Tick
from alphapanda.model.trading_state import TradingStateMachine, TradingStateSnapshot
from alphapanda.risk.checks import CHECKS
from alphapanda.risk.checks.context import RiskContext
from alphapanda.risk.checks.flow import RateWindow
from alphapanda.risk.exposure import Exposure, ExposureBook, Pending
from alphapanda.risk.flattening import FlattenOrder
from alphapanda.risk.limits import RiskLimits
from topics.services import risk_of

STATE_VERSION = 1


class RiskState(msgspec.Struct, kw_only=True):
    """The state in a snapshot."""

    version: int
    trading: TradingStateSnapshot = msgspec.field(name="switch")
    signals: list[SignalMark] = msgspec.field(name="marks")
    exposures: list[Exposure] = msgspec.field(name="lines")
    pending: list[Pending]
    rate: list[int]
    market_time: datetime | None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(RiskState)


class RiskStage:
    """Judges signals; reads `signals.raw`, `orders.*`, `control.commands` and, for real money, `market.ticks`.

    Args:
        broker: its broker; the runner refuses a signal for another before it comes here.
        mode: of that broker.
        limits: what it may do.
        instruments: where instruments are looked up.
    """

    def __init__(
        self, broker: BrokerId, mode: TradingMode, limits: RiskLimits, instruments: InstrumentLookup
    ) -> None:
        self._broker = broker
        self._mode = mode
        self._limits = limits
        self._instruments = instruments
        self._service = risk_of(broker).name
        self._trading = TradingStateMachine(broker, self._service)
        self._signals = SignalDeduplicator()
        self._exposures = ExposureBook()
        self._rate = RateWindow()
        self._market_time: datetime | None = None

    @property
    def trading_state(self) -> TradingState:
        """The broker's trading state."""
        return self._trading.state

    def decide(self, event: Event) -> Iterable[Event]:
        """Return the verdict on a raw signal, or the effect of a command."""
        event_type = event.envelope.type
        if event_type is EventType.SIGNAL_RAW:
            return self._judge(event)
        if event_type is EventType.CONTROL_COMMAND:
            return self._on_command(event)
        return ()

    def evolve(self, event: Event) -> None:
        """Fold an input or a verdict."""
        event_type = event.envelope.type
        if event_type is EventType.MARKET_TICK:
            tick: Tick = event.envelope.data
            if self._market_time is None or tick.exchange_ts > self._market_time:
                self._market_time = tick.exchange_ts
        elif event_type is EventType.SIGNAL_RAW:
            is_new = not self._signals.contains(event.id, event.data)
            self._signals.add(event.id, event.data)
            self._exposures.on_signal(event.data, event.envelope.ts, is_new=is_new)
        elif event_type is EventType.SIGNAL_VALIDATED:
            self._exposures.on_validated(event)
            if event.data.signal.command_id is None:  # an operator's order has no event time
                self._rate.add(event.envelope.ts)
        elif event_type in ORDER_EVENTS:
            self._exposures.on_order_event(event)
        elif event_type in {EventType.CONTROL_COMMAND, EventType.CONTROL_EVENT}:
            self._trading.evolve(event)

    def snapshot(self) -> bytes:
        """Return the whole state."""
        exposures, pending = self._exposures.dump()
        return _ENCODER.encode(
            RiskState(
                version=STATE_VERSION,
                trading=self._trading.dump(),
                signals=self._signals.dump(),
                exposures=exposures,
                pending=pending,
                rate=self._rate.dump(),
                market_time=self._market_time,
            )
        )

    def restore(self, data: bytes) -> None:
        """Take the state that `snapshot` returned; raises InvariantError for another version's."""
        state = _DECODER.decode(data)
        if state.version != STATE_VERSION:
            raise InvariantError(f"A snapshot of risk has version {state.version}, this is {STATE_VERSION}.")
        self._trading.load(state.trading)
        self._signals.load(state.signals)
        self._exposures.load(state.exposures, state.pending)
        self._rate.load(state.rate)
        self._market_time = state.market_time

    # ------------------------------------------------------------------ commands
    def _on_command(self, event: Event) -> tuple[Event, ...]:
        """Return the exits of a command to flatten, and the report that a command was obeyed."""
        command: ControlCommand = event.data
        if command.command is not Command.FLATTEN or not self._trading.is_new(event):
            return self._trading.decide(event)
        order = FlattenOrder(
            command=event,
            service=self._service,
            mode=self._mode,
            state=self._trading.state,
            why=self._trading.why,
            instruments=self._instruments,
        )
        exits = [
            verdict
            for exposure, held in self._exposures.held(command.meant)
            for verdict in order.exits(
                exposure, held, self._signals.mark(exposure.strategy_id, exposure.instrument)
            )
        ]
        passed = sum(verdict.type is EventType.SIGNAL_VALIDATED for verdict in exits)
        return (*exits, *self._trading.decide(event, Done(exits=passed, denied=len(exits) - passed)))

    # ------------------------------------------------------------------ the verdict
    def _judge(self, event: Event) -> tuple[Event, ...]:
        signal: Signal = event.data
        if self._signals.contains(event.id, signal):
            return ()
        context = self._context(signal, event.envelope.ts)
        passed: list[CheckResult] = []
        for check in CHECKS:
            finding = check(signal, context)
            if finding.code is not None:
                rejected = SignalRejected(
                    signal=signal,
                    code=finding.code,
                    failed=finding.result,
                    message=finding.message,
                    checks=tuple(passed),
                )
                return (self._verdict(event, EventType.SIGNAL_REJECTED, rejected),)
            passed.append(finding.result)
        validated = SignalValidated(signal=_cut(signal, context), checks=tuple(passed))
        return (self._verdict(event, EventType.SIGNAL_VALIDATED, validated),)

    def _context(self, signal: Signal, ts: datetime) -> RiskContext:
        exposure = self._exposures.exposure(signal)
        return RiskContext(
            limits=self._limits,
            mode=self._mode,
            state=self._trading.state,
            why=self._trading.why,
            instrument=self._instruments.get(signal.instrument),
            ts=ts,
            newest=exposure.newest,
            market_time=self._market_time,
            net_units=exposure.net_units,
            open_positions=self._exposures.open_positions,
            last_like=exposure.last_like,
            last_ts=exposure.last_ts,
            rate=self._rate.busiest(ts),
        )

    def _verdict(self, event: Event, event_type: EventType, data: SignalValidated | SignalRejected) -> Event:
        # One name for both: a signal has one verdict, whose id does not depend on what it is.
        return follow(
            event.envelope,
            event_type,
            data,
            key=data.signal.strategy_id,
            source=self._service,
            broker=self._broker,
            name="verdict",
        )


def _cut(signal: Signal, context: RiskContext) -> Signal:
    """Return an exit with no more than there is to reduce."""
    if signal.intent is SignalIntent.EXIT and signal.quantity > abs(context.net_units):
        return msgspec.structs.replace(signal, quantity=abs(context.net_units))
    return signal
