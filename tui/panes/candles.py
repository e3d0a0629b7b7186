"""Candles of an instrument, and the book beside them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from rich.segment import Segment
from rich.style import Style

from alphapanda.model.tick import DepthLevel
from tui.panes.canvas import Drawn, Line, line, spread
from tui.panes.chart import levels
from tui.render.layout import padded
from tui.store.market import Candle, InstrumentQuote
from tui.store.store import Store
from tui.theme.formatter import Formatter, from_ms

AXIS: Final = 11
VOLUME_ROWS: Final = 2


class CandleChart(Drawn):
    """Minutes of one instrument; candles rise and fall in colour, and filled or hollow.

    Attributes:
        instrument: whose; None before one is selected.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.instrument: str | None = None

    def version(self, desk: Store, look: Formatter) -> Hashable:
        """Draw when the instrument or its last candle changed."""
        del look
        held = desk.market.candles(self.instrument or "")
        last = held[-1] if held else None
        return self.instrument, len(held), last and (last.high, last.low, last.close, last.volume)

    def draw(self, desk: Store, look: Formatter, width: int, height: int) -> list[Line]:
        """Return the chart."""
        held = desk.market.candles(self.instrument or "")
        rows = height - 1 - VOLUME_ROWS
        columns = width - AXIS - 1
        if not held or rows < 3 or columns < 4:
            return []
        shown = held[-max(1, columns // 2) :]
        high, low = max(c.high for c in shown), min(c.low for c in shown)
        if high == low:
            high, low = high * 1.0005, low * 0.9995
        lines: list[Line] = []
        labelled = {
            min(rows - 1, int((high - level) / (high - low) * rows)): level for level in levels(low, high, rows)
        }
        for row in range(rows):
            top = high - (high - low) * row / rows
            bottom = high - (high - low) * (row + 1) / rows
            label = look.price(labelled[row]) if row in labelled else ""
            edge = Segment(f"{padded(label, AXIS - 1, right=True)} {look.glyphs.bar}", look.palette.dim)
            lines.append([edge, *_candle_row(shown, top, bottom, look)])
        lines += _volumes(shown, look)
        left, right = look.clock(from_ms(shown[0].start_ms))[:5], look.clock(from_ms(shown[-1].start_ms))[:5]
        room = 2 * len(shown)
        times = left + right.rjust(max(0, room - len(left))) if room > 11 else right
        lines.append([Segment(" " * (AXIS + 1) + times, look.palette.dim)])
        return lines


def _candle_row(shown: Sequence[Candle], top: float, bottom: float, look: Formatter) -> Line:
    glyphs, segments, middle = look.glyphs, list[Segment](), (top + bottom) / 2
    for candle in shown:
        body_top, body_bottom = max(candle.open, candle.close), min(candle.open, candle.close)
        style = look.of_sign(candle.close - candle.open)
        upper = body_top >= middle and body_bottom <= top and body_top > body_bottom
        lower = body_bottom <= middle and body_top >= bottom and body_top > body_bottom
        if upper and lower:
            mark = glyphs.body
        elif upper and body_bottom >= middle:
            mark = glyphs.upper_half
        elif lower and body_top <= middle:
            mark = glyphs.lower_half
        elif body_top == body_bottom and bottom <= body_top <= top:
            mark = glyphs.line
        elif candle.high >= bottom and candle.low <= top:
            mark = glyphs.wick
        else:
            mark = " "
        segments.append(Segment(mark, style))
        segments.append(Segment(" "))
    return segments


def _volumes(shown: Sequence[Candle], look: Formatter) -> list[Line]:
    most = max((c.volume for c in shown), default=0) or 1
    blocks = look.glyphs.blocks
    levels = [c.volume / most * VOLUME_ROWS * len(blocks) for c in shown]
    lines: list[Line] = []
    for row in range(VOLUME_ROWS - 1, -1, -1):
        label = padded("volume" if row == 0 else "", AXIS - 1, right=True)
        segments = [Segment(f"{label} {look.glyphs.bar}", look.palette.dim)]
        for level in levels:
            here = min(len(blocks), max(0, round(level - row * len(blocks))))
            segments.append(
                Segment((blocks[here - 1] if here else " ") + " ", look.palette.faint + look.palette.dim)
            )
        lines.append(segments)
    return lines


class DepthLadder(Drawn):
    """Five levels of bids and asks with bars, and what else the newest tick says.

    Attributes:
        instrument: whose; None before one is selected.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.instrument: str | None = None

    def version(self, desk: Store, look: Formatter) -> Hashable:
        """Draw when the tick is another, and once a second for its age."""
        quote = desk.market.quotes.get(self.instrument or "")
        return self.instrument, id(quote), int(look.now.timestamp())

    def draw(self, desk: Store, look: Formatter, width: int, height: int) -> list[Line]:
        """Return the ladder."""
        quote = desk.market.quotes.get(self.instrument or "")
        if quote is None:
            return []
        tick, palette = quote.tick, look.palette
        change, change_style = look.percent(quote.change)
        lines = [
            spread(
                [(f" {tick.instrument}", palette.accent)],
                [(f"{look.price(tick.last_price)} ", _price(quote, look)), (f"{change} ", change_style)],
                width,
            ),
        ]
        lines += _levels(tick.bids, tick.asks, look, width)
        lines.append(_balance(tick.total_buy_quantity, tick.total_sell_quantity, look, width))
        ohlc = tick.ohlc
        facts = [
            ("volume", look.quantity(tick.volume)),
            ("VWAP", look.price(tick.average_price) if tick.average_price else "-"),
            ("open", look.price(ohlc.open) if ohlc else "-"),
            ("high", look.price(ohlc.high) if ohlc else "-"),
            ("low", look.price(ohlc.low) if ohlc else "-"),
            ("prev close", look.price(ohlc.close) if ohlc else "-"),
            ("open interest", look.quantity(tick.open_interest) if tick.open_interest else "-"),
            ("exchange time", look.clock(tick.exchange_ts, millis=True)),
            ("in the log", f"{look.age(from_ms(quote.written_ms))} ago"),
        ]
        lines += _facts(facts, look, width)
        return lines[:height]


def _price(quote: InstrumentQuote, look: Formatter) -> Style:
    return look.of_sign(quote.direction) if quote.direction else look.palette.text


def _levels(bids: Sequence[DepthLevel], asks: Sequence[DepthLevel], look: Formatter, width: int) -> list[Line]:
    palette = look.palette
    half = width // 2
    most = max((level.quantity for level in (*bids, *asks)), default=0) or 1
    head = padded(" BID", half, right=False), padded("ASK ", width - half, right=True)
    lines = [line((head[0], palette.buy), (head[1], palette.sell))]
    for place in range(5):
        bid = bids[place] if place < len(bids) else None
        ask = asks[place] if place < len(asks) else None
        lines.append(_side(bid, half, most, look, right=False) + _side(ask, width - half, most, look, right=True))
    return lines


def _side(level: DepthLevel | None, width: int, most: int, look: Formatter, *, right: bool) -> Line:
    if level is None:
        return line((" " * width, None))
    palette, style = look.palette, look.palette.sell if right else look.palette.buy
    price, quantity = look.price(level.price), look.quantity(level.quantity)
    room = max(0, width - len(price) - len(quantity) - 4)
    size = max(1, round(level.quantity / most * room)) if room else 0
    block = look.glyphs.body if not look.glyphs.is_braille else "▬"
    bar = padded(block * size, room, right=not right)
    if right:
        return line(
            (" ", None),
            (price, style),
            (" ", None),
            (bar, palette.faint + style),
            (" ", None),
            (quantity + " ", palette.dim),
        )
    return line(
        (f" {quantity}", palette.dim),
        (" ", None),
        (bar, palette.faint + style),
        (" ", None),
        (price, style),
        (" ", None),
    )


def _balance(buyers: int, sellers: int, look: Formatter, width: int) -> Line:
    total = buyers + sellers
    if not total:
        return line(("", None))
    room = width - 16
    size = max(0, min(room, round(room * buyers / total)))
    share = f"{100 * buyers / total:3.0f}%"
    return line(
        (f" {share} ", look.palette.buy),
        (look.glyphs.line * size, look.palette.buy),
        (look.glyphs.line * (room - size), look.palette.sell),
        (f" {100 * sellers / total:3.0f}% ", look.palette.sell),
    )


def _facts(facts: Sequence[tuple[str, str]], look: Formatter, width: int) -> list[Line]:
    """Return facts in one column, or in two where there is room."""
    columns = 2 if width >= 56 else 1
    size = width // columns
    lines: list[Line] = []
    for first in range(0, len(facts), columns):
        pieces: Line = []
        for name, value in facts[first : first + columns]:
            pieces += spread([(f" {name}", look.palette.dim)], [(f"{value} ", look.palette.text)], size)
        lines.append(pieces)
    return lines
