"""Quotes of all instruments."""

from __future__ import annotations

from collections.abc import Callable

from rich.style import Style

from tui.render.spec import USUAL, WIDE, Document, TableColumn, TableSpec
from tui.store.market import InstrumentQuote, Market
from tui.tables.documents import of_value
from tui.theme.formatter import Cell, Formatter, from_ms
from tui.theme.glyphs import sparkline

FRESH_S = 0.7
OLD_S = 30.0
_BOLD = Style(bold=True)


def quotes(market: Callable[[], Market]) -> TableSpec[InstrumentQuote]:
    """Return the table of quotes; trails are looked up in the market of the moment."""

    def trail(quote: InstrumentQuote, fmt: Formatter) -> Cell:
        values = market().trail(quote.tick.instrument)
        return sparkline(values, 18, fmt.glyphs), fmt.of_sign(values[-1] - values[0] if values else 0)

    return TableSpec(
        name="quotes",
        title="Market",
        noun="instruments",
        columns=(
            TableColumn(
                key="instrument", title="Instrument", width=21, value=lambda q: q.tick.instrument, grow=True
            ),
            TableColumn(
                key="last", title="Last", width=11, right=True, value=lambda q: q.tick.last_price, cell=_last
            ),
            TableColumn(
                key="change",
                title="Change",
                width=9,
                right=True,
                value=lambda q: q.change,
                cell=lambda q, fmt: fmt.percent(q.change),
            ),
            TableColumn(
                key="bid",
                title="Bid",
                width=11,
                right=True,
                rank=USUAL,
                value=lambda q: q.tick.bid,
                cell=lambda q, fmt: (fmt.price(q.tick.bid), fmt.palette.buy),
            ),
            TableColumn(
                key="ask",
                title="Ask",
                width=11,
                right=True,
                rank=USUAL,
                value=lambda q: q.tick.ask,
                cell=lambda q, fmt: (fmt.price(q.tick.ask), fmt.palette.sell),
            ),
            TableColumn(
                key="spread",
                title="bps",
                width=5,
                right=True,
                rank=WIDE,
                value=lambda q: q.spread_bps,
                cell=_spread,
            ),
            TableColumn(
                key="volume",
                title="Volume",
                width=12,
                right=True,
                rank=USUAL,
                value=lambda q: q.tick.volume,
                cell=lambda q, fmt: (fmt.quantity(q.tick.volume), None),
            ),
            TableColumn(
                key="oi",
                title="OI",
                width=12,
                right=True,
                rank=WIDE,
                value=lambda q: q.tick.open_interest or None,
                cell=lambda q, fmt: (fmt.quantity(q.tick.open_interest) if q.tick.open_interest else "-", None),
            ),
            TableColumn(
                key="ticks",
                title="Ticks",
                width=8,
                right=True,
                rank=WIDE,
                value=lambda q: q.updates,
                cell=lambda q, fmt: (fmt.count(q.updates), fmt.palette.dim),
            ),
            TableColumn(key="trail", title="Trail", width=18, value=lambda q: q.change, cell=trail),
            TableColumn(key="age", title="Age", width=6, right=True, value=lambda q: q.written_ms, cell=_age),
        ),
        search=lambda q: q.tick.instrument,
        document=_document,
        empty="No tick yet.",
        sort="instrument",
        ages=True,
    )


def _last(quote: InstrumentQuote, fmt: Formatter) -> Cell:
    style = fmt.of_sign(quote.direction) if quote.direction else fmt.palette.text
    fresh = fmt.now.timestamp() * 1000 - quote.written_ms < FRESH_S * 1000
    return fmt.price(quote.tick.last_price), style + _BOLD if fresh else style


def _spread(quote: InstrumentQuote, fmt: Formatter) -> Cell:
    spread = quote.spread_bps
    return ("-" if spread is None else f"{spread:.1f}"), fmt.palette.dim


def _age(quote: InstrumentQuote, fmt: Formatter) -> Cell:
    moment = from_ms(quote.written_ms)
    old = (fmt.now - moment).total_seconds() > OLD_S
    return fmt.rough_age(moment), fmt.palette.warn if old else fmt.palette.dim


def _document(quote: InstrumentQuote) -> Document:
    return of_value(quote.tick.instrument, quote.tick)
