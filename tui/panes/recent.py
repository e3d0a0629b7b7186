"""What happened last: orders as they changed, denials, and what people and daemons said, the newest first."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import islice
from typing import Final

from alphapanda.model.control import Alert, AuditRecord, ControlEvent
from alphapanda.model.order import OrderStatus
from tui.panes.canvas import Drawing, Line, Piece, spread
from tui.render.layout import padded
from tui.store.signals import RiskVerdict
from tui.store.store import Note, Store
from tui.tables.trading import order_state, side
from tui.theme.formatter import Formatter, from_ms

WIDE: Final = 64

_TOLD: Final = frozenset({OrderStatus.UNKNOWN, OrderStatus.REJECTED, OrderStatus.EXPIRED})
"""States whose sign alone is not enough where there is little room."""

Happening = tuple[int, list[Piece], list[Piece]]
"""When, in Unix milliseconds, then what stands at the left and at the right."""


class RecentEvents(Drawing):
    """One line for each."""

    def version(self, store: Store, fmt: Formatter) -> Hashable:
        """Draw when something happened."""
        del fmt
        return store.orders.changes, store.signals.changes, store.notes.added

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return the newest, as many as fit."""
        wide = width >= WIDE
        found = [
            *_orders(store, fmt, height, wide=wide),
            *_denials(store, fmt, height, wide=wide),
            *_notes(store, fmt, height),
        ]
        newest = sorted(found, key=lambda one: one[0], reverse=True)[:height]
        return [
            spread([(f" {fmt.clock(from_ms(at))} ", fmt.palette.dim), *left], [*right, (" ", None)], width)
            for at, left, right in newest
        ]


def _orders(store: Store, fmt: Formatter, count: int, *, wide: bool) -> Iterator[Happening]:
    for row in islice(reversed(store.orders.rows.values()), 2 * count):
        if row.changed_ms is None:
            continue
        order = row.order
        text, style = order_state(row, fmt)
        filled = order.status is OrderStatus.FILLED
        price = f" {fmt.price(order.average_price)}" if filled and wide else ""
        what = f"{fmt.quantity(order.quantity)} {order.instrument}"
        left: list[Piece] = [
            (f"{padded(order.broker, 10, right=False)} ", fmt.palette.text),
            (padded(side(order.side, fmt)[0], 5, right=False), side(order.side, fmt)[1]),
            (f"{what}{price}", fmt.palette.text),
        ]
        short = not wide and order.status not in _TOLD
        yield row.changed_ms, left, [(text.split(" ")[0] if short else text, style)]


def _denials(store: Store, fmt: Formatter, count: int, *, wide: bool) -> Iterator[Happening]:
    denied = (row for row in reversed(store.signals.rows.values()) if row.verdict is RiskVerdict.DENIED)
    for row in islice(denied, count):
        signal = row.signal
        left: list[Piece] = [
            (f"{padded(row.broker, 10, right=False)} ", fmt.palette.text),
            (padded(side(signal.side, fmt)[0], 5, right=False), side(signal.side, fmt)[1]),
            (f"{fmt.quantity(signal.quantity)} {signal.instrument}", fmt.palette.dim),
        ]
        yield row.written_ms, left, [(f"{fmt.glyphs.failed} {row.code if wide else 'denied'}", fmt.palette.warn)]


def _notes(store: Store, fmt: Formatter, count: int) -> Iterator[Happening]:
    notes = [note for note in store.notes.rows.values() if isinstance(note, Note)][-count:]
    for note in notes:
        data, at = note.event.data, note.record.timestamp_ms
        if isinstance(data, Alert):
            yield at, [(f"{data.source} {data.message}", fmt.palette.warn)], [(data.code, fmt.palette.warn)]
        elif isinstance(data, AuditRecord):
            yield (
                at,
                [(f"{data.actor} {data.action} {data.target}", fmt.palette.text)],
                [(data.outcome.value, fmt.palette.dim)],
            )
        elif isinstance(data, ControlEvent):
            yield (
                at,
                [(f"{data.service} obeyed {data.actor}", fmt.palette.text)],
                [(data.after.value, fmt.palette.accent)],
            )
