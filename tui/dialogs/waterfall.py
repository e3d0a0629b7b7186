"""The chain of a decision as a waterfall: from the tick to the fills, with each hop's time and place."""

from __future__ import annotations

from rich.text import Text

from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType
from alphapanda.model.order import OrderFilled, OrderSubmitted
from alphapanda.model.signal import Signal, SignalRejected, SignalValidated
from tui.render.layout import padded
from tui.store.chains import Chain
from tui.theme.formatter import Formatter

NAME = 18
PLACE = 38

_NAMES = {
    EventType.SIGNAL_RAW: "signal",
    EventType.SIGNAL_VALIDATED: "risk allowed",
    EventType.SIGNAL_REJECTED: "risk denied",
    EventType.ORDER_SUBMITTED: "order submitted",
    EventType.ORDER_ACCEPTED: "order accepted",
    EventType.ORDER_FILLED: "order filled",
    EventType.ORDER_CANCELLED: "order cancelled",
    EventType.ORDER_REJECTED: "order rejected",
    EventType.ORDER_MODIFIED: "order modified",
    EventType.ORDER_EXPIRED: "order expired",
    EventType.ORDER_UNKNOWN: "outcome unknown",
}


def waterfall(chain: Chain, tick_ms: int | None, fmt: Formatter, width: int) -> Text:
    """Return the chain, a line for each event, broker by broker.

    Args:
        chain: what followed from one decision.
        tick_ms: when the log took the tick behind it, Unix milliseconds; None where that is not known.
        fmt: of the moment.
        width: cells.
    """
    palette, text = fmt.palette, Text()
    first = tick_ms if tick_ms is not None else chain.links[0].written_ms
    last = max(link.written_ms for link in chain.links)
    whole = max(1, last - first)
    room = max(10, width - NAME - PLACE - 12)
    text.append(f"decision {chain.correlation_id}\n", palette.dim)
    if chain.tick is not None:
        place = f"market.ticks:{chain.tick.partition}:{chain.tick.offset}"
        _row(text, "tick", 0, 0, place, fmt, room, whole, palette.accent)
        at = fmt.clock(chain.tick.exchange_ts, millis=True)
        what = f"{fmt.price(chain.tick.last_price)} at {at} exchange time"
        text.append(f"{'':{NAME}} {what}\n", palette.dim)
    brokers = sorted({str(link.event.envelope.broker) for link in chain.links})
    for broker in brokers:
        text.append(f"\n{broker}\n", palette.strong)
        before = first
        for link in chain.links:
            if link.event.envelope.broker != broker:
                continue
            start, end = before - first, link.written_ms - first
            bad = link.event.type in {EventType.SIGNAL_REJECTED, EventType.ORDER_REJECTED, EventType.ORDER_UNKNOWN}
            style = (
                palette.bad
                if bad
                else palette.good
                if link.event.type is EventType.ORDER_FILLED
                else palette.accent
            )
            _row(text, _NAMES[link.event.type], start, end, str(link.record.position), fmt, room, whole, style)
            about = _about(link.event, fmt)
            if about:
                text.append(f"{'':{NAME}} {about}\n", palette.dim)
            before = link.written_ms
    text.append(
        f"\n{whole} ms from the {'tick' if tick_ms is not None else 'signal'} to the last event,", palette.strong
    )
    text.append(" by when the log took each record\n", palette.dim)
    return text


def _row(
    text: Text, name: str, start: int, end: int, place: str, fmt: Formatter, room: int, whole: int, style: object
) -> None:
    palette = fmt.palette
    before = round(start / whole * room)
    size = max(1, round((end - start) / whole * room))
    before = min(before, room - 1)
    size = min(size, room - before)
    text.append(padded(name, NAME, right=False) + " ")
    text.append(" " * before)
    text.append((fmt.glyphs.body if end > start else fmt.glyphs.cursor) * size, style)  # type: ignore[arg-type]
    text.append(" " * (room - before - size))
    text.append(f" {end - start:>5} ms  ", palette.text if end > start else palette.dim)
    text.append(f"{padded(place, PLACE, right=False)}\n", palette.dim)


def _about(event: Event, fmt: Formatter) -> str:
    match event.data:
        case Signal() as signal:
            wish = f"{signal.side} {fmt.quantity(signal.quantity)} {signal.instrument}"
            return f"{signal.strategy_id} {wish}: {signal.reason}"
        case SignalValidated() as passed:
            return f"{len(passed.checks)} checks passed"
        case SignalRejected() as denied:
            return f"{denied.code}: {denied.failed.value} of {denied.failed.limit}"
        case OrderSubmitted(order=order):
            return f"{order.order_type} {order.side} {fmt.quantity(order.quantity)} {order.client_order_id}"
        case OrderFilled(fill=fill):
            return f"{fmt.quantity(fill.quantity)} at {fmt.price(fill.price)}"
        case _:
            return str(getattr(event.data, "reason", ""))
