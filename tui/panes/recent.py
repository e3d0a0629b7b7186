"""What happened last: orders as they changed, denials, and what people and daemons said, the newest first."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import islice
from typing import Final

from alphapanda.model.control import Alert, AuditRecord, ControlEvent
from alphapanda.model.order import OrderStatus
from tui.panes.canvas import Drawn, Line, Piece, spread
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


class Lately(Drawn):
    """One line for each."""

    def version(self, desk: Store, look: Formatter) -> Hashable:
        """Draw when something happened."""
        del look
        return desk.orders.changes, desk.signals.changes, desk.notes.added

    def draw(self, desk: Store, look: Formatter, width: int, height: int) -> list[Line]:
        """Return the newest, as many as fit."""
        wide = width >= WIDE
        found = [
            *_orders(desk, look, height, wide=wide),
            *_denials(desk, look, height, wide=wide),
            *_notes(desk, look, height),
        ]
        newest = sorted(found, key=lambda one: one[0], reverse=True)[:height]
        return [
            spread([(f" {look.clock(from_ms(at))} ", look.palette.dim), *left], [*right, (" ", None)], width)
            for at, left, right in newest
        ]


def _orders(desk: Store, look: Formatter, count: int, *, wide: bool) -> Iterator[Happening]:
    for row in islice(reversed(desk.orders.rows.values()), 2 * count):
        if row.changed_ms is None:
            continue
        order = row.order
        text, style = order_state(row, look)
        filled = order.status is OrderStatus.FILLED
        price = f" {look.price(order.average_price)}" if filled and wide else ""
        what = f"{look.quantity(order.quantity)} {order.instrument}"
        left: list[Piece] = [
            (f"{padded(order.broker, 10, right=False)} ", look.palette.text),
            (padded(side(order.side, look)[0], 5, right=False), side(order.side, look)[1]),
            (f"{what}{price}", look.palette.text),
        ]
        short = not wide and order.status not in _TOLD
        yield row.changed_ms, left, [(text.split(" ")[0] if short else text, style)]


def _denials(desk: Store, look: Formatter, count: int, *, wide: bool) -> Iterator[Happening]:
    denied = (row for row in reversed(desk.signals.rows.values()) if row.verdict is RiskVerdict.DENIED)
    for row in islice(denied, count):
        signal = row.signal
        left: list[Piece] = [
            (f"{padded(row.broker, 10, right=False)} ", look.palette.text),
            (padded(side(signal.side, look)[0], 5, right=False), side(signal.side, look)[1]),
            (f"{look.quantity(signal.quantity)} {signal.instrument}", look.palette.dim),
        ]
        yield row.written_ms, left, [(f"{look.glyphs.failed} {row.code if wide else 'denied'}", look.palette.warn)]


def _notes(desk: Store, look: Formatter, count: int) -> Iterator[Happening]:
    notes = [note for note in desk.notes.rows.values() if isinstance(note, Note)][-count:]
    for note in notes:
        data, at = note.event.data, note.record.timestamp_ms
        if isinstance(data, Alert):
            yield at, [(f"{data.source} {data.message}", look.palette.warn)], [(data.code, look.palette.warn)]
        elif isinstance(data, AuditRecord):
            yield (
                at,
                [(f"{data.actor} {data.action} {data.target}", look.palette.text)],
                [(data.outcome.value, look.palette.dim)],
            )
        elif isinstance(data, ControlEvent):
            yield (
                at,
                [(f"{data.service} obeyed {data.actor}", look.palette.text)],
                [(data.after.value, look.palette.accent)],
            )
