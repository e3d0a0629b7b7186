"""Signals and what risk made of them, one row each."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Record
from alphapanda.model.signal import Signal, SignalRejected, SignalValidated

KEPT = 2_000


class RiskVerdict(StrEnum):
    """What risk said."""

    PENDING = "pending"
    ALLOWED = "allowed"
    DENIED = "denied"


class SignalRow(msgspec.Struct, frozen=True, kw_only=True):
    """One signal of one broker.

    Attributes:
        id: of the signal's first event.
        at: event time.
        written_ms: when the log took the newest of its events, Unix milliseconds.
        broker: whose.
        signal: what was wanted.
        verdict: risk's.
        code: why it was denied; empty otherwise.
        value: what the failed check measured.
        limit: what it allows.
        why: risk's words for a denial, else the strategy's.
        correlation_id: of the decision.
        record: the newest event's.
    """

    id: str
    at: datetime
    written_ms: int
    broker: str
    signal: Signal
    verdict: RiskVerdict
    code: str = ""
    value: str = ""
    limit: str = ""
    why: str = ""
    correlation_id: str
    record: Record


class Signals:
    """The newest signals, and how many were denied for what.

    Attributes:
        rows: by the id of their first event, oldest first.
        denials: by code.
        changes: events folded.
        dropped: rows that were let go.
    """

    def __init__(self) -> None:
        self.rows: dict[str, SignalRow] = {}
        self.denials: dict[str, int] = {}
        self.changes = 0
        self.dropped = 0
        self.allowed = 0
        self.denied = 0

    def fold(self, event: Event, record: Record) -> None:
        """Fold an event of a signal."""
        envelope, data = event.envelope, event.data
        key = str(envelope.id)
        signal: Signal
        verdict, code, value, limit, why = RiskVerdict.PENDING, "", "", "", ""
        if event.type is EventType.SIGNAL_RAW:
            signal = data
            if key in self.rows:
                return  # its verdict was read before it
            why = signal.reason
        elif isinstance(data, SignalValidated):
            key, signal = _row_of(event), data.signal
            verdict, why = RiskVerdict.ALLOWED, signal.reason
            self.allowed += 1
        elif isinstance(data, SignalRejected):
            key, signal = _row_of(event), data.signal
            verdict, code, why = RiskVerdict.DENIED, data.code.value, data.message
            value, limit = data.failed.value, data.failed.limit
            self.denials[code] = self.denials.get(code, 0) + 1
            self.denied += 1
        else:
            return
        self.changes += 1
        self.rows[key] = SignalRow(
            id=key,
            at=envelope.ts,
            written_ms=record.timestamp_ms,
            broker=str(envelope.broker),
            signal=signal,
            verdict=verdict,
            code=code,
            value=value,
            limit=limit,
            why=why,
            correlation_id=str(envelope.correlation_id),
            record=record,
        )
        if len(self.rows) > KEPT:
            del self.rows[next(iter(self.rows))]
            self.dropped += 1


def _row_of(verdict: Event) -> str:
    """Return the row of a verdict: its signal's; of an operator's command there are many, each with its own."""
    envelope = verdict.envelope
    return str(envelope.id if verdict.data.signal.command_id else envelope.causation_id or envelope.id)
