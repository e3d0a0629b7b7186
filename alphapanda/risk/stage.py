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
    """What a snapshot holds."""

    version: int
    switch: TradingStateSnapshot
    marks: list[SignalMark]
    lines: list[Exposure]
    pending: list[Pending]
    rate: list[int]
    market_time: datetime | None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(RiskState)


class RiskStage:
    """Judges signals; reads `signals.raw`, `orders.*`, `control.commands` and, for real money, `market.ticks`.

    Args:
        broker: whose signals; a signal for another is refused by the bus before it comes here.
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
        self._switch = TradingStateMachine(broker, self._service)
        self._guard = SignalDeduplicator()
        self._ledger = ExposureBook()
        self._rate = RateWindow()
        self._market_time: datetime | None = None

    @property
    def trading_state(self) -> TradingState:
        """What the broker may do now."""
        return self._switch.state

    def decide(self, event: Event) -> Iterable[Event]:
        """Return the verdict on a raw signal, or what obeying a command leads to."""
        event_type = event.envelope.type
        if event_type is EventType.SIGNAL_RAW:
            return self._judge(event)
        if event_type is EventType.CONTROL_COMMAND:
            return self._obey(event)
        return ()

    def evolve(self, event: Event) -> None:
        """Fold an input or a verdict."""
        event_type = event.envelope.type
        if event_type is EventType.MARKET_TICK:
            tick: Tick = event.envelope.data
            if self._market_time is None or tick.exchange_ts > self._market_time:
                self._market_time = tick.exchange_ts
        elif event_type is EventType.SIGNAL_RAW:
            is_new = not self._guard.knows(event.id, event.data)
            self._guard.add(event.id, event.data)
            self._ledger.saw(event.data, event.envelope.ts, is_new=is_new)
        elif event_type is EventType.SIGNAL_VALIDATED:
            self._ledger.passed(event)
            if event.data.signal.command_id is None:  # an operator's order has no event time
                self._rate.add(event.envelope.ts)
        elif event_type in ORDER_EVENTS:
            self._ledger.order_moved(event)
        elif event_type in {EventType.CONTROL_COMMAND, EventType.CONTROL_EVENT}:
            self._switch.evolve(event)

    def snapshot(self) -> bytes:
        """Return the whole state."""
        lines, pending = self._ledger.dump()
        return _ENCODER.encode(
            RiskState(
                version=STATE_VERSION,
                switch=self._switch.dump(),
                marks=self._guard.dump(),
                lines=lines,
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
        self._switch.load(state.switch)
        self._guard.load(state.marks)
        self._ledger.load(state.lines, state.pending)
        self._rate.load(state.rate)
        self._market_time = state.market_time

    # ------------------------------------------------------------------ commands
    def _obey(self, event: Event) -> tuple[Event, ...]:
        """Order the exits of a command to flatten, and say that a command was obeyed."""
        command: ControlCommand = event.data
        if command.command is not Command.FLATTEN or not self._switch.is_new(event):
            return self._switch.decide(event)
        order = FlattenOrder(
            command=event,
            service=self._service,
            mode=self._mode,
            state=self._switch.state,
            why=self._switch.why,
            instruments=self._instruments,
        )
        exits = [
            verdict
            for line, held in self._ledger.held(command.meant)
            for verdict in order.exits(line, held, self._guard.mark(line.strategy_id, line.instrument))
        ]
        passed = sum(verdict.type is EventType.SIGNAL_VALIDATED for verdict in exits)
        return (*exits, *self._switch.decide(event, Done(exits=passed, denied=len(exits) - passed)))

    # ------------------------------------------------------------------ the verdict
    def _judge(self, event: Event) -> tuple[Event, ...]:
        signal: Signal = event.data
        if self._guard.knows(event.id, signal):
            return ()
        facts = self._facts(signal, event.envelope.ts)
        passed: list[CheckResult] = []
        for check in CHECKS:
            finding = check(signal, facts)
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
        validated = SignalValidated(signal=_cut(signal, facts), checks=tuple(passed))
        return (self._verdict(event, EventType.SIGNAL_VALIDATED, validated),)

    def _facts(self, signal: Signal, ts: datetime) -> RiskContext:
        line = self._ledger.line(signal)
        return RiskContext(
            limits=self._limits,
            mode=self._mode,
            state=self._switch.state,
            why=self._switch.why,
            instrument=self._instruments.get(signal.instrument),
            ts=ts,
            newest=line.newest,
            market_time=self._market_time,
            net_units=line.net_units,
            open_positions=self._ledger.open_positions,
            last_like=line.last_like,
            last_ts=line.last_ts,
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


def _cut(signal: Signal, facts: RiskContext) -> Signal:
    """Return an exit with no more than there is to reduce."""
    if signal.intent is SignalIntent.EXIT and signal.quantity > abs(facts.net_units):
        return msgspec.structs.replace(signal, quantity=abs(facts.net_units))
    return signal
