"""The Overview's drawings: what needs attention, the brokers side by side, and the day's line of each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from typing import Final

from rich.segment import Segment
from rich.style import Style

from alphapanda.model.kinds import TradingMode, TradingState
from tui.panes.canvas import Drawing, Line, Piece, line, spread
from tui.panes.chart import Series, plot
from tui.render.layout import padded
from tui.store.concerns import concerns
from tui.store.money import BrokerMoney
from tui.store.store import Store
from tui.theme.formatter import Formatter, from_ms

LEAST_CARD: Final = 36
TWO_COLUMNS: Final = 52
"""Cells inside a card from which on its facts stand in two columns."""
HEAD: Final = 2
FACTS: Final = 6
FEW_FACTS: Final = 4
"""In one column, where there is little room."""
FRAME: Final = 2

Troubles = Callable[[], Sequence[tuple[str, str]]]
"""What is wrong with the sources: (what, since when or what to do)."""


class Attention(Drawing):
    """What somebody should look at, worst first; one calm line when there is nothing.

    Attributes:
        count: how many there were when it was last drawn.

    Args:
        troubles: of the sources.
        waiting: names of the sources that have not said anything yet.
    """

    def __init__(self, troubles: Troubles, waiting: Callable[[], Sequence[str]], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._troubles = troubles
        self._waiting = waiting
        self.count = 0

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return one line for each thing, as many as fit."""
        found = concerns(store, fmt, self._troubles())
        self.count = len(found)
        waiting = self._waiting()
        if not found and waiting:
            names = " and ".join(waiting)
            return [line((f" {fmt.glyphs.starting} Nothing is known yet: waiting for {names} ", fmt.palette.warn))]
        if not found:
            calm = f" {fmt.glyphs.ok} Nothing needs your attention."
            return [spread([(calm, fmt.palette.good)], [(f"{self._facts(store, fmt)} ", fmt.palette.dim)], width)]
        lines: list[Line] = []
        for concern in found:
            style = fmt.palette.bad if concern.is_bad else fmt.palette.warn
            glyph = fmt.glyphs.failed if concern.is_bad else fmt.glyphs.degraded
            pieces = [(f" {glyph} {concern.what}", style), (f"  {concern.more}", fmt.palette.dim)]
            hidden = len(found) - height
            more = hidden > 0 and len(lines) == height - 1
            lines.append(spread(pieces, [(f" +{hidden} more ", style)] if more else [], width))
        return lines[:height]

    def _facts(self, store: Store, fmt: Formatter) -> str:
        signals, orders = store.signals, store.orders
        return (
            f"{fmt.count(signals.allowed)} signals allowed {fmt.glyphs.dot} {fmt.count(signals.denied)} denied "
            f"{fmt.glyphs.dot} {fmt.count(len(orders.rows))} orders"
        )


class BrokerCards(Drawing):
    """Each broker's profit and exposure, side by side; real money is framed in its own colour."""

    def version(self, store: Store, fmt: Formatter) -> Hashable:
        """Draw when a broker's numbers changed, and once a second for their age."""
        return tuple(id(row) for row in store.money.brokers.values()), int(fmt.now.timestamp())

    @staticmethod
    def rows_needed(store: Store, width: int) -> int:
        """Return how many lines the cards fill."""
        fitting = _fitting(len(store.money.brokers), width)
        columns = _columns(width // fitting - 5)
        return HEAD + (FACTS // columns if columns > 1 else FEW_FACTS) + FRAME

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return the cards."""
        brokers = list(store.money.brokers.values())
        if not brokers:
            return []
        fitting = _fitting(len(brokers), width)
        size = width // fitting
        cards = [self._card(row, fmt, size - 1, height, past=store.system.of_past) for row in brokers[:fitting]]
        return [
            [segment for card in cards for segment in (*card[y], Segment(" "))]
            for y in range(min(height, max(len(card) for card in cards)))
        ]

    def _card(self, row: BrokerMoney, fmt: Formatter, width: int, height: int, *, past: bool) -> list[Line]:
        palette, pnl = fmt.palette, row.pnl
        live = row.mode is TradingMode.LIVE
        frame = palette.live if live else palette.faint
        pill = palette.live_pill if live else palette.paper_pill
        inner = width - 4
        state = row.state or TradingState.ACTIVE
        unknown = f"state {fmt.glyphs.unknown}" if past else ""
        state_style = palette.good if state is TradingState.ACTIVE else palette.warn
        age = "" if row.written_ms is None else fmt.age(from_ms(row.written_ms))
        body: list[Line] = [
            spread(
                [(f" {row.mode.upper()} ", pill), (f" {row.broker} ", palette.strong)],
                [(f"{state}", state_style) if row.state else (unknown, palette.dim)],
                inner,
            ),
        ]
        if pnl is None:
            body.append(line((padded("no profit or loss yet", inner, right=False), palette.dim)))
        else:
            dot = fmt.glyphs.dot
            text, style = fmt.gain(pnl.net)
            body.append(
                spread(
                    [("P&L ", palette.dim), (text, (style or palette.text) + Style(bold=True))],
                    [(f"{pnl.open_orders} open {dot} {age} ago", palette.dim)],
                    inner,
                )
            )
            facts: list[tuple[str, Piece]] = [
                ("realised", fmt.gain(pnl.realised)),
                ("unrealised", fmt.gain(pnl.unrealised)),
                ("gross", (f"{fmt.money(pnl.gross_exposure)}  ", None)),
                ("net", (f"{fmt.money(pnl.net_exposure, signed=True)}  ", None)),
                ("charges", (f"{fmt.money(pnl.charges)}  ", None)),
                ("held", (f"{pnl.open_positions} {dot} {fmt.count(pnl.fills)} fills  ", None)),
            ]
            body += _pairs(facts, fmt, inner, max(0, height - 4))
        return _framed(body, frame, fmt, width, height)


def _fitting(brokers: int, width: int) -> int:
    """Return how many cards stand side by side."""
    return max(1, min(brokers, width // LEAST_CARD))


def _columns(inner: int) -> int:
    return 2 if inner >= TWO_COLUMNS else 1


def _pairs(facts: Sequence[tuple[str, Piece]], fmt: Formatter, width: int, height: int) -> list[Line]:
    columns = _columns(width)
    size = width // columns
    lines: list[Line] = []
    for first in range(0, len(facts), columns):
        made: Line = []
        for place, (name, (value, style)) in enumerate(facts[first : first + columns]):
            last = place == columns - 1
            room = size - (0 if last else 2)
            made += spread([(name, fmt.palette.dim)], [(value, style or fmt.palette.text)], room)
            if not last:
                made.append(Segment("  "))
        lines.append(made)
    return lines[:height]


def _framed(body: Sequence[Line], style: Style, fmt: Formatter, width: int, height: int) -> list[Line]:
    glyphs = fmt.glyphs
    corners = ("╭", "╮", "╰", "╯") if glyphs.is_braille else ("+", "+", "+", "+")
    inner = width - 4
    rows = list(body[: max(0, height - 2)])
    rows += [[Segment(" " * inner)] for _ in range(max(0, height - 2 - len(rows)))]
    lines: list[Line] = [[Segment(corners[0] + glyphs.line * (width - 2) + corners[1], style)]]
    for row in rows:
        fitted = Segment.adjust_line_length(row, inner)
        lines.append([Segment(f"{glyphs.bar} ", style), *fitted, Segment(f" {glyphs.bar}", style)])
    lines.append([Segment(corners[2] + glyphs.line * (width - 2) + corners[3], style)])
    return lines


class DayChart(Drawing):
    """Profit after charges along the day, one line a broker."""

    def version(self, store: Store, fmt: Formatter) -> Hashable:
        """Draw when a line grew."""
        del fmt
        return tuple((name, len(day.points), day.points[-1:]) for name, day in store.money.lines.items())

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return the chart."""
        return plot(series_of(store, fmt), fmt, width, height)


def series_of(store: Store, fmt: Formatter) -> list[Series]:
    """Return each broker's line; real money in its own colour."""
    palette = fmt.palette
    others = [palette.accent, palette.buy, palette.sell]
    made: list[Series] = []
    for name, row in store.money.brokers.items():
        day = store.money.lines.get(name)
        if day is None:
            continue
        style = palette.live if row.mode is TradingMode.LIVE else others[len(made) % len(others)]
        made.append(Series(name, day.points, style))
    return made


def total_of(store: Store) -> Decimal | None:
    """Return all brokers' profit."""
    return store.money.net
