"""Candles of an instrument, and the book beside them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from rich.segment import Segment
from rich.style import Style

from alphapanda.model.tick import DepthLevel
from tui.panes.canvas import Drawing, Line, line, spread
from tui.panes.chart import levels
from tui.render.layout import padded
from tui.store.market import Candle, InstrumentQuote
from tui.store.store import Store
from tui.theme.formatter import Formatter, from_ms

AXIS: Final = 11
VOLUME_ROWS: Final = 2


class CandleChart(Drawing):
    """Minutes of one instrument; candles rise and fall in colour, and filled or hollow.

    Attributes:
        instrument: whose; None before one is selected.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.instrument: str | None = None

    def version(self, store: Store, fmt: Formatter) -> Hashable:
        """Draw when the instrument or its last candle changed."""
        del fmt
        held = store.market.candles(self.instrument or "")
        last = held[-1] if held else None
        return self.instrument, len(held), last and (last.high, last.low, last.close, last.volume)

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return the chart."""
        held = store.market.candles(self.instrument or "")
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
            label = fmt.price(labelled[row]) if row in labelled else ""
            edge = Segment(f"{padded(label, AXIS - 1, right=True)} {fmt.glyphs.bar}", fmt.palette.dim)
            lines.append([edge, *_candle_row(shown, top, bottom, fmt)])
        lines += _volumes(shown, fmt)
        left, right = fmt.clock(from_ms(shown[0].start_ms))[:5], fmt.clock(from_ms(shown[-1].start_ms))[:5]
        room = 2 * len(shown)
        times = left + right.rjust(max(0, room - len(left))) if room > 11 else right
        lines.append([Segment(" " * (AXIS + 1) + times, fmt.palette.dim)])
        return lines


def _candle_row(shown: Sequence[Candle], top: float, bottom: float, fmt: Formatter) -> Line:
    glyphs, segments, middle = fmt.glyphs, list[Segment](), (top + bottom) / 2
    for candle in shown:
        body_top, body_bottom = max(candle.open, candle.close), min(candle.open, candle.close)
        style = fmt.of_sign(candle.close - candle.open)
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


def _volumes(shown: Sequence[Candle], fmt: Formatter) -> list[Line]:
    most = max((c.volume for c in shown), default=0) or 1
    blocks = fmt.glyphs.blocks
    levels = [c.volume / most * VOLUME_ROWS * len(blocks) for c in shown]
    lines: list[Line] = []
    for row in range(VOLUME_ROWS - 1, -1, -1):
        label = padded("volume" if row == 0 else "", AXIS - 1, right=True)
        segments = [Segment(f"{label} {fmt.glyphs.bar}", fmt.palette.dim)]
        for level in levels:
            here = min(len(blocks), max(0, round(level - row * len(blocks))))
            segments.append(
                Segment((blocks[here - 1] if here else " ") + " ", fmt.palette.faint + fmt.palette.dim)
            )
        lines.append(segments)
    return lines


class DepthLadder(Drawing):
    """Five levels of bids and asks with bars, and what else the newest tick says.

    Attributes:
        instrument: whose; None before one is selected.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.instrument: str | None = None

    def version(self, store: Store, fmt: Formatter) -> Hashable:
        """Draw when the tick is another, and once a second for its age."""
        quote = store.market.quotes.get(self.instrument or "")
        return self.instrument, id(quote), int(fmt.now.timestamp())

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return the ladder."""
        quote = store.market.quotes.get(self.instrument or "")
        if quote is None:
            return []
        tick, palette = quote.tick, fmt.palette
        change, change_style = fmt.percent(quote.change)
        lines = [
            spread(
                [(f" {tick.instrument}", palette.accent)],
                [(f"{fmt.price(tick.last_price)} ", _price(quote, fmt)), (f"{change} ", change_style)],
                width,
            ),
        ]
        lines += _levels(tick.bids, tick.asks, fmt, width)
        lines.append(_balance(tick.total_buy_quantity, tick.total_sell_quantity, fmt, width))
        ohlc = tick.ohlc
        facts = [
            ("volume", fmt.quantity(tick.volume)),
            ("VWAP", fmt.price(tick.average_price) if tick.average_price else "-"),
            ("open", fmt.price(ohlc.open) if ohlc else "-"),
            ("high", fmt.price(ohlc.high) if ohlc else "-"),
            ("low", fmt.price(ohlc.low) if ohlc else "-"),
            ("prev close", fmt.price(ohlc.close) if ohlc else "-"),
            ("open interest", fmt.quantity(tick.open_interest) if tick.open_interest else "-"),
            ("exchange time", fmt.clock(tick.exchange_ts, millis=True)),
            ("in the log", f"{fmt.age(from_ms(quote.written_ms))} ago"),
        ]
        lines += _facts(facts, fmt, width)
        return lines[:height]


def _price(quote: InstrumentQuote, fmt: Formatter) -> Style:
    return fmt.of_sign(quote.direction) if quote.direction else fmt.palette.text


def _levels(bids: Sequence[DepthLevel], asks: Sequence[DepthLevel], fmt: Formatter, width: int) -> list[Line]:
    palette = fmt.palette
    half = width // 2
    most = max((level.quantity for level in (*bids, *asks)), default=0) or 1
    head = padded(" BID", half, right=False), padded("ASK ", width - half, right=True)
    lines = [line((head[0], palette.buy), (head[1], palette.sell))]
    for place in range(5):
        bid = bids[place] if place < len(bids) else None
        ask = asks[place] if place < len(asks) else None
        lines.append(_side(bid, half, most, fmt, right=False) + _side(ask, width - half, most, fmt, right=True))
    return lines


def _side(level: DepthLevel | None, width: int, most: int, fmt: Formatter, *, right: bool) -> Line:
    if level is None:
        return line((" " * width, None))
    palette, style = fmt.palette, fmt.palette.sell if right else fmt.palette.buy
    price, quantity = fmt.price(level.price), fmt.quantity(level.quantity)
    room = max(0, width - len(price) - len(quantity) - 4)
    size = max(1, round(level.quantity / most * room)) if room else 0
    block = fmt.glyphs.body if not fmt.glyphs.is_braille else "▬"
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


def _balance(buyers: int, sellers: int, fmt: Formatter, width: int) -> Line:
    total = buyers + sellers
    if not total:
        return line(("", None))
    room = width - 16
    size = max(0, min(room, round(room * buyers / total)))
    share = f"{100 * buyers / total:3.0f}%"
    return line(
        (f" {share} ", fmt.palette.buy),
        (fmt.glyphs.line * size, fmt.palette.buy),
        (fmt.glyphs.line * (room - size), fmt.palette.sell),
        (f" {100 * sellers / total:3.0f}% ", fmt.palette.sell),
    )


def _facts(facts: Sequence[tuple[str, str]], fmt: Formatter, width: int) -> list[Line]:
    """Return facts in one column, or in two where there is room."""
    columns = 2 if width >= 56 else 1
    size = width // columns
    lines: list[Line] = []
    for first in range(0, len(facts), columns):
        pieces: Line = []
        for name, value in facts[first : first + columns]:
            pieces += spread([(f" {name}", fmt.palette.dim)], [(f"{value} ", fmt.palette.text)], size)
        lines.append(pieces)
    return lines
