"""From records to hops: what each event says, in words and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from alphapanda.errors import PermanentError, TopicNameError
from alphapanda.ids import BrokerId
from alphapanda.model.control import ControlCommand
from alphapanda.model.fill import Fill
from alphapanda.model.kinds import EventType
from alphapanda.model.order import OrderFilled
from alphapanda.model.position import PnlSnapshot, Position
from alphapanda.model.records import Record
from alphapanda.model.signal import Signal, SignalRejected, SignalValidated
from alphapanda.model.tick import Tick
from alphapanda.operations.trace.report import DecodedRecord, RiskCheckResult, TraceSpan, TraceStep
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.rupees import price, rupees
from alphapanda.serialization.codec import to_jsonable
from topics.dead_letter_families import read_headers
from topics.names import TopicName

_STEPS: Mapping[EventType, TraceStep] = MappingProxyType(
    {
        EventType.MARKET_TICK: TraceStep.TICK,
        EventType.SIGNAL_RAW: TraceStep.SIGNAL,
        EventType.SIGNAL_VALIDATED: TraceStep.RISK,
        EventType.SIGNAL_REJECTED: TraceStep.RISK,
        EventType.ORDER_SUBMITTED: TraceStep.ORDER,
        EventType.ORDER_ACCEPTED: TraceStep.REPORT,
        EventType.ORDER_CANCELLED: TraceStep.REPORT,
        EventType.ORDER_REJECTED: TraceStep.REPORT,
        EventType.ORDER_MODIFIED: TraceStep.REPORT,
        EventType.ORDER_EXPIRED: TraceStep.REPORT,
        EventType.ORDER_UNKNOWN: TraceStep.REPORT,
        EventType.ORDER_FILLED: TraceStep.FILL,
        EventType.PNL_SNAPSHOT: TraceStep.PNL,
        EventType.CONTROL_COMMAND: TraceStep.COMMAND,
    }
)


def read_record(routes: Routes, record: Record) -> DecodedRecord:
    """Return a record with its event, or with the reason why it has none."""
    try:
        return DecodedRecord(record, routes.read(record))
    except (PermanentError, TopicNameError, ValueError) as error:
        return DecodedRecord(record, None, str(error))


def step_of(found: DecodedRecord) -> TraceStep:
    """Return the place of a record in a chain, by its topic where it cannot be decoded."""
    if found.record.partition.topic.endswith(".dlq"):
        return TraceStep.DEAD_LETTER
    return TraceStep.OTHER if found.event is None else _STEPS.get(found.event.type, TraceStep.OTHER)


def span_of(found: DecodedRecord) -> TraceSpan:
    """Return a record as it is reported."""
    record, event = found.record, found.event
    step = step_of(found)
    written_at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
    if event is None:
        return TraceSpan(
            step=step,
            broker=_scope(record),
            title=f"cannot be decoded: {found.error}",
            position=record.position,
            written_at=written_at,
            event_id="",
        )
    title, notes, checks = (
        _dead_letter_words(record) if step is TraceStep.DEAD_LETTER else _words(event.type, event.data)
    )
    return TraceSpan(
        step=step,
        broker=event.envelope.broker,
        title=title,
        position=record.position,
        written_at=written_at,
        event_id=event.id,
        happened_at=event.envelope.ts,
        checks=checks,
        notes=notes,
        data=to_jsonable(event.data),
    )


def timed(hops: Sequence[TraceSpan], start: TraceSpan | None) -> tuple[TraceSpan, ...]:
    """Return hops in the order of time, each with the time since the one before it and since the first."""
    ordered = sorted(hops, key=lambda hop: (hop.written_at, hop.step.rank, hop.position))
    first = start or (ordered[0] if ordered else None)
    before, found = start, []
    for hop in ordered:
        found.append(
            replace(
                hop,
                hop_ms=None if before is None else _ms(hop, before),
                total_ms=None if first is None else _ms(hop, first),
            )
        )
        before = hop
    return tuple(found)


def pnl_span(found: DecodedRecord, before: PnlSnapshot | None, fill: Fill) -> TraceSpan:
    """Return a profit snapshot as what a fill did to it: one position and the sums, not all positions."""
    hop = span_of(found)
    assert found.event is not None
    after: PnlSnapshot = found.event.data
    position = _position(after, fill)
    earlier = None if before is None else _position(before, fill)
    notes = []
    if position is not None:
        moved = "" if earlier is None else f"{earlier.quantity} → "
        realised = position.realised - (earlier.realised if earlier is not None else 0)
        unrealised = rupees(position.unrealised, signed=True)
        notes.append(
            f"{fill.instrument} of {fill.strategy_id}: {moved}{position.quantity}"
            f" @ {price(position.average_price)}, realised {rupees(Decimal(realised), signed=True)},"
            f" unrealised {unrealised}"
        )
    was = "" if before is None else f"{rupees(before.net, signed=True)} → "
    title = f"net {was}{rupees(after.net, signed=True)} ({rupees(after.charges)} charges)"
    data = {name: value for name, value in hop.data.items() if name != "positions"}
    data["position"] = None if position is None else to_jsonable(position)
    data["before"] = (
        None
        if before is None
        else {"net": str(before.net), "position": None if earlier is None else to_jsonable(earlier)}
    )
    return replace(hop, title=title, notes=tuple(notes), data=data)


def _position(snapshot: PnlSnapshot, fill: Fill) -> Position | None:
    key = fill.strategy_id, fill.instrument
    return next((one for one in snapshot.positions if (one.strategy_id, one.instrument) == key), None)


def _ms(hop: TraceSpan, since: TraceSpan) -> float:
    return (hop.written_at - since.written_at).total_seconds() * 1000


def _scope(record: Record) -> BrokerId:
    try:
        return BrokerId(TopicName.parse(record.partition.topic).scope)
    except TopicNameError:
        return BrokerId(record.partition.topic)


_Words = tuple[str, tuple[str, ...], tuple[RiskCheckResult, ...]]


def _dead_letter_words(record: Record) -> _Words:
    failure = read_headers(record.headers, record.partition.topic).failure
    origin = f"{failure.topic}:{failure.partition}:{failure.offset}"
    return f"{origin} was refused by {failure.group}: {failure.message}", (), ()


def _words(kind: EventType, data: Any) -> _Words:
    notes: tuple[str, ...] = ()
    checks: tuple[RiskCheckResult, ...] = ()
    match data:
        case Tick():
            title = f"{data.instrument} {data.last_price:,.2f} (bid {data.bid:,.2f}, ask {data.ask:,.2f})"
        case Signal():
            title, notes = f"{data.strategy_id}: {_wish(data)}", (data.reason,) if data.reason else ()
        case SignalValidated():
            checks = tuple(RiskCheckResult(one.check, one.value, one.limit, passed=True) for one in data.checks)
            title = f"validated, {len(checks)} checks passed: {_wish(data.signal)}"
        case SignalRejected():
            checks = (
                *(RiskCheckResult(one.check, one.value, one.limit, passed=True) for one in data.checks),
                RiskCheckResult(data.failed.check, data.failed.value, data.failed.limit, passed=False),
            )
            title = f"denied, {data.code.value}: {data.message}"
        case OrderFilled():
            title, notes = _fill_words(data)
        case ControlCommand():
            scope = f" ({data.scope})" if data.scope is not None else ""
            title, notes = f"{data.actor}: {data.command} {data.broker}{scope}", (data.reason,)
        case _:
            title = _report_words(kind, data)
    return title, notes, checks


def _wish(signal: Signal) -> str:
    limit = "" if signal.limit_price is None else f" @ {price(signal.limit_price)}"
    return (
        f"{signal.side.value} {signal.quantity} {signal.instrument} {signal.order_type.value}{limit}"
        f" ({signal.intent.value})"
    )


def _fill_words(data: OrderFilled) -> tuple[str, tuple[str, ...]]:
    fill = data.fill
    title = (
        f"{fill.side.value} {fill.quantity} {fill.instrument} @ {price(fill.price)}, {data.filled_quantity} of"
        f" {data.quantity} done, trade {fill.trade_id}"
    )
    if fill.tick is None:
        return title, ()
    tick = fill.tick
    return title, (f"matched with market.ticks:{tick.partition}:{tick.offset} at {tick.last_price:,.2f}",)


def _report_words(kind: EventType, data: Any) -> str:
    match kind:
        case EventType.ORDER_SUBMITTED:
            order = data.order
            title = (
                f"submitted {order.side.value} {order.quantity} {order.instrument} {order.order_type.value}"
                f" {order.product.value} {order.validity.value}, client order id {order.client_order_id}"
            )
        case EventType.ORDER_ACCEPTED:
            title = f"accepted as {data.venue_order_id}"
        case EventType.ORDER_CANCELLED | EventType.ORDER_EXPIRED:
            word = kind.value.removeprefix("order_")
            title = f"{word} after {data.filled_quantity} of {data.quantity}: {data.reason}"
        case EventType.ORDER_REJECTED:
            title = f"rejected: {data.reason}"
        case EventType.ORDER_MODIFIED:
            title = f"modified to {data.quantity} @ {price(data.limit_price)}"
        case EventType.ORDER_UNKNOWN:
            title = f"outcome not known: {data.reason}"
        case _:
            plain = to_jsonable(data)
            title = f"{kind.value}: " + ", ".join(f"{name} {value}" for name, value in plain.items() if value)
    return title
