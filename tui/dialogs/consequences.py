"""What follows from an act, in words and numbers, before it is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from rich.style import Style
from rich.text import Text

from alphapanda.model.control import ControlEvent
from alphapanda.model.kinds import TradingState
from alphapanda.model.order import Order
from tui.render.layout import padded
from tui.sources.control import Disposition, Preview
from tui.store.money import PositionRow
from tui.store.orders import OrderRow
from tui.store.store import Note, Store
from tui.theme.formatter import Formatter, from_ms

MOST: Final = 6
"""Orders or positions that are listed; the others are counted."""


def of_state(broker: str, store: Store, fmt: Formatter) -> Text:
    """Return what a broker may do now and since when, what is open there, and what it made."""
    palette, text = fmt.palette, Text()
    row = store.money.brokers.get(broker)
    if row is None:
        return text
    state = row.state or TradingState.ACTIVE
    style = palette.good if state is TradingState.ACTIVE else palette.warn
    text.append(f"{broker} ", palette.strong).append(f"is {state.value}", style)
    last = _last_change(broker, store)
    if last is not None:
        said, at = last
        why = f": {said.reason}" if said.reason else ""
        text.append(f" since {fmt.clock(from_ms(at))}, by {said.actor}{why}", palette.dim)
    if row.pnl is None:
        return text
    orders = sum(1 for one in store.orders.rows.values() if one.order.broker == broker and one.is_open)
    text.append("\n")
    text.append(f"{counted(max(orders, row.pnl.open_orders), 'open order')}, ", palette.text)
    text.append(f"{counted(row.pnl.open_positions, 'position')}, net ", palette.text)
    text.append(f"{fmt.money(row.pnl.net_exposure, signed=True)}, P&L ", palette.text)
    amount, gain = fmt.gain(row.pnl.net)
    return text.append(amount, gain or palette.text)


def of_orders(rows: Sequence[OrderRow], fmt: Formatter) -> Text:
    """Return the orders that would be withdrawn."""
    palette, text = fmt.palette, Text()
    for row in rows[:MOST]:
        order = row.order
        buys = order.side.value == "BUY"
        text.append(f"  {order.side.value:<4} ", palette.buy if buys else palette.sell)
        text.append(f"{fmt.quantity(order.quantity):>6} {padded(order.instrument, 15, right=False)}", palette.text)
        text.append(f" {_terms(order, fmt)}", palette.dim)
        if order.filled_quantity:
            text.append(f", {fmt.quantity(order.filled_quantity)} done", palette.dim)
        text.append(f"  {order.strategy_id}\n", palette.dim)
    return _more(text, len(rows), palette.dim)


def of_positions(rows: Sequence[PositionRow], fmt: Formatter) -> Text:
    """Return the positions that would be closed, and what they made."""
    palette, text = fmt.palette, Text()
    for row in rows[:MOST]:
        position = row.position
        style = palette.buy if position.quantity > 0 else palette.sell
        text.append(f"  {fmt.quantity(position.quantity, signed=True):>7} ", style)
        text.append(f"{padded(position.instrument, 15, right=False)}", palette.text)
        text.append(f" at {fmt.price(position.average_price.quantize(Decimal('0.01'))):>9}", palette.dim)
        amount, gain = fmt.gain(position.unrealised)
        text.append(f"  {amount:>14}", gain or palette.text)
        text.append(f"  {position.strategy_id}\n", palette.dim)
    _more(text, len(rows), palette.dim)
    if len(rows) == 1:
        text.rstrip()
        return text
    amount, gain = fmt.gain(sum((row.position.unrealised for row in rows), Decimal(0)))
    text.append("  unrealised together ", palette.dim).append(amount, gain or palette.text)
    return text


def of_letters(preview: Preview, disposition: Disposition, fmt: Formatter, width: int) -> Text:
    """Return a plan over dead letters: those that are alike together, then the first, then what is to be known."""
    palette, text = fmt.palette, Text()
    styles = {"sent": palette.good, "held": palette.warn, "quarantined": palette.bad}
    room = max(10, width - 6 - 1 - 17 - 1 - 11 - 2)
    for line in preview.lines[:MOST]:
        text.append(f"{fmt.count(line.count):>6} ", palette.strong)
        text.append(f"{line.verdict:<17} ", palette.text)
        text.append(f"{line.fate:<11} ", styles.get(line.fate, palette.text))
        text.append(f"{padded(line.why, min(room, len(line.why)), right=False)}\n", palette.dim)
    _more(text, len(preview.lines), palette.dim, "kinds")
    if preview.first:
        text.append("\n")
        for record in preview.first[:3]:
            text.append(f"  {padded(record, min(width - 4, len(record)), right=False)}\n", palette.dim)
        if preview.touched > len(preview.first[:3]):
            text.append(f"  and {fmt.count(preview.touched - len(preview.first[:3]))} more\n", palette.dim)
    text.append("\n")
    return text.append_text(_of_fate(preview, disposition, fmt))


def _of_fate(preview: Preview, disposition: Disposition, fmt: Formatter) -> Text:
    palette, text = fmt.palette, Text()
    if preview.resumes:
        text.append(f"Goes on with run {preview.resumes}.\n", palette.warn)
    if disposition is Disposition.REPLAY and preview.sent:
        groups = ", ".join(preview.groups) or "all groups"
        text.append(f"{fmt.count(preview.sent)} to {preview.target}", palette.strong)
        text.append(f" for {groups} alone.\n" if preview.groups else f" for {groups}.\n", palette.text)
        if preview.sent > 1:
            text.append("One goes first; if it comes back, nothing else is sent.\n", palette.text)
    elif disposition is Disposition.DISCARD and preview.touched:
        text.append("They count as open no longer, and no replay takes them.\n", palette.text)
    elif disposition is Disposition.QUARANTINE and preview.touched:
        text.append("No replay takes them until somebody brings them back.\n", palette.text)
    held = [line for line in preview.lines if line.fate == "held"]
    if held:
        topic = preview.target or preview.topic
        text.append("What is held: ", palette.dim)
        text.append(f"alphapanda dlq replay {topic} --dry-run\n", palette.accent)
    for note in preview.notes:
        text.append(f"{note}.\n", palette.warn)
    text.rstrip()
    return text


def counted(number: int, one: str) -> str:
    """Return a number with its noun: `1 open order`, `3 open orders`."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _terms(order: Order, fmt: Formatter) -> str:
    if order.limit_price is not None:
        return f"{order.order_type.value} {fmt.price(order.limit_price)}"
    return order.order_type.value


def _last_change(broker: str, store: Store) -> tuple[ControlEvent, int] | None:
    """Return the last event by which a broker's state changed, and when it was written."""
    for note in reversed(list(store.notes)):
        if isinstance(note, Note) and isinstance(note.event.data, ControlEvent):
            said = note.event.data
            if said.broker == broker and said.before is not said.after:
                return said, note.record.timestamp_ms
    return None


def _more(text: Text, count: int, style: Style, noun: str = "") -> Text:
    if count > MOST:
        text.append(f"  and {count - MOST:,} more{' ' + noun if noun else ''}\n", style)
    return text
