"""The exits of one command to flatten are a row each, though all follow from the one command."""

from __future__ import annotations

from datetime import UTC, datetime

from alphapanda.ids import BrokerId, EventId, InstrumentId, StrategyId
from alphapanda.model.envelope import Event, EventEnvelope
from alphapanda.model.kinds import EventType, Side, TradingMode
from alphapanda.model.records import Partition, Record
from alphapanda.model.signal import Signal, SignalIntent, SignalValidated
from alphapanda.model.tick import TickRef
from tui.store.signals import RiskVerdict, Signals

AT = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
PAPER = BrokerId("paper")


def verdict(number: int, command_id: EventId | None) -> Event:
    signal = Signal(
        decision_id=EventId(f"d{number}"),
        strategy_id=StrategyId("ema"),
        broker=PAPER,
        trading_mode=TradingMode.PAPER,
        instrument=InstrumentId(f"NSE:S{number}"),
        instrument_token=number,
        side=Side.SELL,
        quantity=1,
        intent=SignalIntent.EXIT,
        tick=TickRef("t", 0, number, AT, 1.0),
        command_id=command_id,
    )
    return Event(
        EventEnvelope(
            id=EventId(f"v{number}"),
            type=EventType.SIGNAL_VALIDATED,
            ts=AT,
            key="ema",
            source="risk.paper",
            broker=PAPER,
            correlation_id=EventId(f"d{number}"),
            causation_id=EventId("cause"),
            trace_id="0" * 32,
            data=SignalValidated(signal=signal),
        )
    )


def rows(command_id: EventId | None) -> dict[str, RiskVerdict]:
    store = Signals()
    for number in range(3):
        record = Record(Partition("paper.signals.validated", 0), number, 0, b"", b"", ())
        store.fold(verdict(number, command_id), record)
    return {key: row.verdict for key, row in store.rows.items()}


def test_exits_of_a_command_have_a_row_each() -> None:
    assert rows(EventId("c1")) == {f"v{number}": RiskVerdict.ALLOWED for number in range(3)}


def test_a_verdict_has_the_row_of_its_signal() -> None:
    assert rows(None) == {"cause": RiskVerdict.ALLOWED}
