"""An operator's order to close positions: an exit for each line of the ledger that may hold something."""

from __future__ import annotations

from dataclasses import dataclass

from alphapanda.ids import EventId, derive_event_id
from alphapanda.model.control import ControlCommand
from alphapanda.model.deduplication import SignalMark
from alphapanda.model.envelope import Event, follow
from alphapanda.model.instrument import InstrumentLookup
from alphapanda.model.kinds import EventType, Side, TradingMode, TradingState
from alphapanda.model.signal import (
    CheckResult,
    DenialCode,
    Signal,
    SignalIntent,
    SignalRejected,
    SignalValidated,
)
from alphapanda.model.tick import TickRef
from alphapanda.risk.exposure import Exposure, Held


@dataclass(frozen=True, slots=True, kw_only=True)
class FlattenOrder:
    """A command to close positions, and what is known when it is obeyed.

    Attributes:
        command: its event.
        service: who obeys it.
        mode: of the broker.
        state: the broker's trading state.
        why: the same with who and why.
        instruments: where instruments are looked up.
    """

    command: Event
    service: str
    mode: TradingMode
    state: TradingState
    why: str
    instruments: InstrumentLookup

    def exits(self, line: Exposure, held: Held, mark: SignalMark | None) -> list[Event]:
        """Return the exits of one line: validated, or denied when trading is halted.

        There are two, one each way, where an order on its way may have turned the position over: an exit never
        opens, so one of them does nothing.

        Args:
            line: which.
            held: what it may hold.
            mark: how far its signals were taken.
        """
        ways = ((Side.SELL, held.long), (Side.BUY, held.short))
        return [self._exit(line, mark, side, units) for side, units in ways if units]

    def _exit(self, line: Exposure, mark: SignalMark | None, side: Side, units: int) -> Event:
        order: ControlCommand = self.command.data
        name = f"flatten/{line.strategy_id}/{line.instrument}/{side}"
        decision_id = derive_event_id(self.command.id, f"decision/{order.broker}/{name}")
        signal = self._signal(line, mark, side, units, decision_id)
        operator = CheckResult("flatten", f"by {order.actor}: {order.reason}", "an operator's command")
        holding = CheckResult(
            "holding", f"{units} units at most", f"a {side} reduces them, whatever is on its way"
        )
        state = CheckResult("trading_state", self.why, "ACTIVE or REDUCING")
        data: SignalValidated | SignalRejected = SignalValidated(signal=signal, checks=(operator, holding, state))
        if self.state is TradingState.HALTED:
            data = SignalRejected(
                signal=signal,
                code=DenialCode.TRADING_HALTED,
                failed=state,
                message=f"Trading is {self.why}.",
                checks=(operator, holding),
            )
        return follow(
            self.command.envelope,
            EventType.SIGNAL_VALIDATED if isinstance(data, SignalValidated) else EventType.SIGNAL_REJECTED,
            data,
            key=line.strategy_id,
            source=self.service,
            broker=order.broker,
            name=name,
            correlation_id=decision_id,
        )

    def _signal(
        self, line: Exposure, mark: SignalMark | None, side: Side, units: int, decision_id: EventId
    ) -> Signal:
        order: ControlCommand = self.command.data
        instrument = self.instruments.get(line.instrument)
        return Signal(
            decision_id=decision_id,
            strategy_id=line.strategy_id,
            broker=order.broker,
            trading_mode=self.mode,
            instrument=line.instrument,
            instrument_token=instrument.instrument_token if instrument else 0,
            side=side,
            quantity=units,
            intent=SignalIntent.EXIT,
            product=line.product,
            tick=line.tick or _tick_of(mark, self.command),
            reason=f"flatten by {order.actor}: {order.reason}",
            command_id=self.command.id,
        )


def _tick_of(mark: SignalMark | None, command: Event) -> TickRef:
    """Return where a line's ticks stand when only its signals' mark tells: it was kept by an older version."""
    if mark is None:
        return TickRef("", 0, -1, command.envelope.ts, 0.0)
    return TickRef("", mark.partition, mark.offset, mark.exchange_ts, 0.0)
