"""What is missing in a chain, and why, as far as the log and the groups' places in it tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alphapanda.ids import BrokerId
from alphapanda.model.envelope import LogPosition
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Offsets, Partition
from alphapanda.operations.trace.identity import signal_in
from alphapanda.operations.trace.report import DecodedRecord, MissingEvent, TraceSpan, TraceStep
from topics.services import risk_of, trader_of

_ENDS = frozenset({EventType.ORDER_CANCELLED, EventType.ORDER_REJECTED, EventType.ORDER_EXPIRED})


@dataclass(frozen=True, slots=True)
class GroupPositions:
    """How far groups have come.

    Attributes:
        committed: of each group, the next offset of each partition.
    """

    committed: Mapping[str, Offsets]

    def why_not(self, group: str, at: LogPosition, wanted: str) -> tuple[str, bool]:
        """Return why `group` made no `wanted` of the record at a place, and whether it may still come."""
        offset = self.committed.get(group, {}).get(Partition(at.topic, at.partition))
        if offset is None:
            return f"{group} has never committed anything: does it run? (alphapanda status)", True
        if offset <= at.offset:
            return f"{group} has not read {at} yet, its offset is {offset}: does it run? (alphapanda status)", True
        return f"{group} has read past {at} but produced no {wanted}", False


def branch_gaps(
    broker: BrokerId, founds: Sequence[DecodedRecord], hops: Sequence[TraceSpan], places: GroupPositions
) -> tuple[MissingEvent, ...]:
    """Return what is missing of a broker's part of a decision."""
    kinds = {found.event.type for found in founds if found.event is not None}
    at = {hop.step: hop.position for hop in reversed(hops)}
    dead = next((hop for hop in hops if hop.step is TraceStep.DEAD_LETTER), None)
    gaps: list[MissingEvent] = []
    if is_operators(founds):
        if TraceStep.COMMAND not in at:
            gaps.append(MissingEvent(TraceStep.COMMAND, "the operator's command is no longer in the log"))
    elif TraceStep.SIGNAL not in at:
        gaps.append(MissingEvent(TraceStep.SIGNAL, "the strategy's signal is no longer in the log"))
    if TraceStep.RISK not in at:
        if TraceStep.SIGNAL in at and TraceStep.ORDER not in at:
            gaps.append(
                _gap(TraceStep.RISK, dead, places.why_not(risk_of(broker).group, at[TraceStep.SIGNAL], "verdict"))
            )
        elif TraceStep.ORDER in at:
            gaps.append(MissingEvent(TraceStep.RISK, "risk's verdict is no longer in the log"))
        return tuple(gaps)
    if EventType.SIGNAL_REJECTED in kinds:
        return tuple(gaps)
    return (*gaps, *_order_gaps(broker, founds, kinds, at, dead, places))


def is_operators(founds: Sequence[DecodedRecord]) -> bool:
    """Return whether an operator ordered it: then no strategy's signal is behind it, and no tick."""
    return any(signal.command_id is not None for found in founds if (signal := signal_in(found)) is not None)


def _order_gaps(
    broker: BrokerId,
    founds: Sequence[DecodedRecord],
    kinds: set[EventType],
    at: Mapping[TraceStep, LogPosition],
    dead: TraceSpan | None,
    places: GroupPositions,
) -> list[MissingEvent]:
    if TraceStep.ORDER not in at:
        if EventType.ORDER_REJECTED in kinds:
            return []  # the trader refused to send it, and said why
        return [_gap(TraceStep.ORDER, dead, places.why_not(trader_of(broker).group, at[TraceStep.RISK], "order"))]
    if EventType.ORDER_UNKNOWN in kinds and not kinds & {*_ENDS, EventType.ORDER_FILLED}:
        return [
            MissingEvent(
                TraceStep.REPORT, "what became of the order is not known; only the venue's report settles it", True
            )
        ]
    if not kinds & {*_ENDS, EventType.ORDER_ACCEPTED, EventType.ORDER_FILLED}:
        return [
            MissingEvent(
                TraceStep.REPORT, "nothing was heard of the order since: neither accepted nor refused", True
            )
        ]
    gaps = []
    if not kinds & _ENDS:
        leaves = _leaves(founds)
        if leaves:
            gaps.append(MissingEvent(TraceStep.FILL, f"the order is open: {leaves} units wait to be filled", True))
    if EventType.ORDER_FILLED in kinds and EventType.PNL_SNAPSHOT not in kinds:
        gaps.append(MissingEvent(TraceStep.PNL, "no profit snapshot follows the fill"))
    return gaps


def _leaves(founds: Sequence[DecodedRecord]) -> int:
    leaves = 0
    for found in founds:
        event = found.event
        if event is not None and event.type is EventType.ORDER_SUBMITTED:
            leaves = leaves or event.data.order.quantity
    fills = [f.event.data for f in founds if f.event is not None and f.event.type is EventType.ORDER_FILLED]
    return min((fill.leaves_quantity for fill in fills), default=leaves)


def _gap(step: TraceStep, dead: TraceSpan | None, why: tuple[str, bool]) -> MissingEvent:
    return (
        MissingEvent(step, *why)
        if dead is None
        else MissingEvent(step, f"it went to the dead letters: {dead.title}")
    )
