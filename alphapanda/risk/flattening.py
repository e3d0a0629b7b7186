"""An operator's command to close positions: an exit for each exposure that may hold units."""

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
    """A command to close positions, and the facts when it is obeyed.

    Attributes:
        command: its event.
        service: who obeys it.
        mode: of the broker.
        state: the broker's trading state.
        why: the same, with the operator and the reason.
        instruments: where instruments are looked up.
    """

    command: Event
    service: str
    mode: TradingMode
    state: TradingState
    why: str
    instruments: InstrumentLookup

    def exits(self, exposure: Exposure, held: Held, mark: SignalMark | None) -> list[Event]:
        """Return the exits of one exposure: validated, or denied when trading is halted.

        There are two, one each way, where an order on its way may have turned the position over: an exit never
        opens, so one of them does nothing.

        Args:
            exposure: the strategy and instrument.
            held: the most it may hold.
            mark: its newest signals.
        """
        ways = ((Side.SELL, held.long), (Side.BUY, held.short))
        return [self._exit(exposure, mark, side, units) for side, units in ways if units]

    def _exit(self, exposure: Exposure, mark: SignalMark | None, side: Side, units: int) -> Event:
        order: ControlCommand = self.command.data
        name = f"flatten/{exposure.strategy_id}/{exposure.instrument}/{side}"
        decision_id = derive_event_id(self.command.id, f"decision/{order.broker}/{name}")
        signal = self._signal(exposure, mark, side, units, decision_id)
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
            key=exposure.strategy_id,
            source=self.service,
            broker=order.broker,
            name=name,
            correlation_id=decision_id,
        )

    def _signal(
        self, exposure: Exposure, mark: SignalMark | None, side: Side, units: int, decision_id: EventId
    ) -> Signal:
        order: ControlCommand = self.command.data
        instrument = self.instruments.get(exposure.instrument)
        return Signal(
            decision_id=decision_id,
            strategy_id=exposure.strategy_id,
            broker=order.broker,
            trading_mode=self.mode,
            instrument=exposure.instrument,
            instrument_token=instrument.instrument_token if instrument else 0,
            side=side,
            quantity=units,
            intent=SignalIntent.EXIT,
            product=exposure.product,
            tick=exposure.tick or _tick_of(mark, self.command),
            reason=f"flatten by {order.actor}: {order.reason}",
            command_id=self.command.id,
        )


def _tick_of(mark: SignalMark | None, command: Event) -> TickRef:
    """Return the newest tick of an exposure that an older version kept without one: that of its newest signals."""
    if mark is None:
        return TickRef("", 0, -1, command.envelope.ts, 0.0)
    return TickRef("", mark.partition, mark.offset, mark.exchange_ts, 0.0)
