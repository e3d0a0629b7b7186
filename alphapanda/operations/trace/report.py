"""The report on a chain: its records in the order of time, and the missing ones. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from alphapanda.ids import BrokerId
from alphapanda.model.envelope import Event, LogPosition
from alphapanda.model.records import Record


class TraceStep(StrEnum):
    """The places of a chain, in their order."""

    TICK = "tick"
    COMMAND = "command"
    """An operator's: in place of the tick and the signal of an order, or it cancelled one."""
    SIGNAL = "signal"
    RISK = "risk"
    ORDER = "order"
    REPORT = "report"
    FILL = "fill"
    PNL = "p&l"
    DEAD_LETTER = "dead letter"
    OTHER = "event"

    @property
    def rank(self) -> int:
        """Its place."""
        return list(TraceStep).index(self)


@dataclass(frozen=True, slots=True)
class DecodedRecord:
    """A record of the chain.

    Attributes:
        record: as it was read.
        event: its event; None when it cannot be decoded.
        error: why it cannot.
    """

    record: Record
    event: Event | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class RiskCheckResult:
    """One check of risk: the measured value, the limit, and whether it passed."""

    check: str
    value: str
    limit: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSpan:
    """One record of a chain, as it is reported.

    Attributes:
        step: its place in the chain.
        broker: its broker.
        title: what happened, in words.
        position: its place in the log.
        written_at: when it was written there, by Kafka's clock.
        event_id: its event.
        happened_at: when it happened, in event time; None when it cannot be decoded.
        checks: of risk.
        notes: more lines.
        data: for programs: the payload in JSON.
        hop_ms: since the record that it follows from was written; None for the first.
        total_ms: since the first was written.
    """

    step: TraceStep
    broker: BrokerId
    title: str
    position: LogPosition
    written_at: datetime
    event_id: str
    happened_at: datetime | None = None
    checks: tuple[RiskCheckResult, ...] = ()
    notes: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    hop_ms: float | None = None
    total_ms: float | None = None


@dataclass(frozen=True, slots=True)
class MissingEvent:
    """A record that should be in the log and is not.

    Attributes:
        step: the missing hop.
        why: the reason, as far as it is known.
        pending: whether it may simply not have happened yet: the order is open, the record not yet read.
    """

    step: TraceStep
    why: str
    pending: bool = False


@dataclass(frozen=True, slots=True)
class BrokerTrace:
    """The records of one broker after a decision.

    Attributes:
        broker: its broker.
        hops: in the order of time.
        gaps: the missing records; empty when it is whole.
    """

    broker: BrokerId
    hops: tuple[TraceSpan, ...]
    gaps: tuple[MissingEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionTrace:
    """One decision of a strategy, and what followed.

    Attributes:
        decision_id: its id, which all that follows carries as correlation id.
        tick: what caused it; None when it is missing.
        gaps: the missing records before it went to brokers.
        branches: one a broker.
    """

    decision_id: str
    tick: TraceSpan | None
    gaps: tuple[MissingEvent, ...]
    branches: tuple[BrokerTrace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceReport:
    """The report on one id.

    Attributes:
        asked: the id that was asked for.
        is_what: the kind of id: `client order id`, `trade id`, `event: signal_raw` …
        tick: the tick, if one was asked for.
        decisions: that it belongs to, or led to.
        others: other records: commands, audits, alerts; fills that a tick was matched with.
        gaps: the missing records of the whole.
    """

    asked: str
    is_what: str
    tick: TraceSpan | None = None
    decisions: Sequence[DecisionTrace] = ()
    others: Sequence[TraceSpan] = ()
    gaps: Sequence[MissingEvent] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every record is there that cannot still come."""
        gaps = [*self.gaps]
        for decision in self.decisions:
            gaps += decision.gaps
            for branch in decision.branches:
                gaps += branch.gaps
        return all(gap.pending for gap in gaps)
