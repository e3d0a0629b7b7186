"""Dead letters of the tests' own making."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from alphapanda.ids import BrokerId, EventId, InstrumentId, StrategyId, derive_event_id
from alphapanda.model.envelope import EventEnvelope, trace_id_of
from alphapanda.model.kinds import EventType, Side, TradingMode
from alphapanda.model.records import Header, Partition, Record, envelope_headers
from alphapanda.model.signal import Signal, SignalIntent
from alphapanda.model.tick import TickRef
from alphapanda.operations.dead_letters.record import DeadLetter, read_dead_letter
from alphapanda.serialization.codec import encode
from topics.dead_letters import ProcessingFailure, build_headers

NOW = datetime(2026, 1, 5, 4, 30, tzinfo=UTC)
SOURCE = "paper.signals.raw"


def signal(number: int = 1, *, ts: datetime = NOW, **changes: Any) -> EventEnvelope[Signal]:
    event_id = derive_event_id("unit", "signal", number)
    facts: dict[str, Any] = {
        "decision_id": EventId("d"),
        "strategy_id": StrategyId("s"),
        "broker": BrokerId("paper"),
        "trading_mode": TradingMode.PAPER,
        "instrument": InstrumentId("NSE:INFY"),
        "instrument_token": 1,
        "side": Side.BUY,
        "quantity": 1,
        "intent": SignalIntent.ENTRY,
        "limit_price": Decimal("1.05"),
        "tick": TickRef("t", 0, number, ts, 1.0),
    }
    return EventEnvelope(
        id=event_id,
        type=EventType.SIGNAL_RAW,
        ts=ts,
        key="s",
        source="strategies",
        broker=BrokerId("paper"),
        correlation_id=event_id,
        trace_id=trace_id_of(event_id),
        data=Signal(**(facts | changes)),
    )


def letter(
    value: bytes | None = None,
    *,
    offset: int = 0,
    source: str = SOURCE,
    original: tuple[tuple[str, bytes | None], ...] | None = None,
    refused_by: str | None = "paper.risk",
    **facts: Any,
) -> DeadLetter:
    """A dead letter as the bus writes it; `offset` is its own, the record it is of stands at 100 more."""
    envelope = signal(offset)
    known: dict[str, Any] = {
        "topic": source,
        "partition": 0,
        "offset": 100 + offset,
        "group": refused_by,
        "message": "no instrument",
        "exception": "PermanentError",
        "failed_at": NOW,
        "original_timestamp_ms": int(NOW.timestamp() * 1000),
    }
    kept = original
    if kept is None:
        kept = (*envelope_headers(envelope), (Header.GROUP.value, b"alphapanda.strategies"))
    headers = (
        *build_headers(ProcessingFailure(**(known | facts)), kept),
        (Header.GROUP.value, (refused_by or "").encode()),
    )
    record = Record(
        Partition(f"{source}.dlq", 0),
        offset,
        int(NOW.timestamp() * 1000),
        b"s",
        encode(envelope) if value is None else value,
        headers,
    )
    return read_dead_letter(record)


@pytest.fixture
def make_letter() -> Callable[..., DeadLetter]:
    return letter


@pytest.fixture
def make_signal() -> Callable[..., EventEnvelope[Signal]]:
    return signal


@pytest.fixture
def now() -> datetime:
    return NOW
