"""Quotes of all instruments."""

from __future__ import annotations

from collections.abc import Callable

from rich.style import Style

from tui.render.spec import USUAL, WIDE, Column, Document, TableSpec
from tui.store.market import Market, Quote
from tui.tables.documents import of_value
from tui.theme.formatter import Cell, Look, from_ms
from tui.theme.glyphs import sparkline

FRESH_S = 0.7
OLD_S = 30.0
_BOLD = Style(bold=True)


def quotes(market: Callable[[], Market]) -> TableSpec[Quote]:
    """Return the table of quotes; trails are looked up in the market of the moment."""

    def trail(quote: Quote, look: Look) -> Cell:
        values = market().trail(quote.tick.instrument)
        return sparkline(values, 18, look.glyphs), look.of_sign(values[-1] - values[0] if values else 0)

    return TableSpec(
        name="quotes",
        title="Market",
        noun="instruments",
        columns=(
            Column(key="instrument", title="Instrument", width=21, value=lambda q: q.tick.instrument, grow=True),
            Column(key="last", title="Last", width=11, right=True, value=lambda q: q.tick.last_price, cell=_last),
            Column(
                key="change",
                title="Change",
                width=9,
                right=True,
                value=lambda q: q.change,
                cell=lambda q, look: look.percent(q.change),
            ),
            Column(
                key="bid",
                title="Bid",
                width=11,
                right=True,
                rank=USUAL,
                value=lambda q: q.tick.bid,
                cell=lambda q, look: (look.price(q.tick.bid), look.palette.buy),
            ),
            Column(
                key="ask",
                title="Ask",
                width=11,
                right=True,
                rank=USUAL,
                value=lambda q: q.tick.ask,
                cell=lambda q, look: (look.price(q.tick.ask), look.palette.sell),
            ),
            Column(
                key="spread",
                title="bps",
                width=5,
                right=True,
                rank=WIDE,
                value=lambda q: q.spread_bps,
                cell=_spread,
            ),
            Column(
                key="volume",
                title="Volume",
                width=12,
                right=True,
                rank=USUAL,
                value=lambda q: q.tick.volume,
                cell=lambda q, look: (look.quantity(q.tick.volume), None),
            ),
            Column(
                key="oi",
                title="OI",
                width=12,
                right=True,
                rank=WIDE,
                value=lambda q: q.tick.open_interest or None,
                cell=lambda q, look: (look.quantity(q.tick.open_interest) if q.tick.open_interest else "-", None),
            ),
            Column(
                key="ticks",
                title="Ticks",
                width=8,
                right=True,
                rank=WIDE,
                value=lambda q: q.updates,
                cell=lambda q, look: (look.count(q.updates), look.palette.dim),
            ),
            Column(key="trail", title="Trail", width=18, value=lambda q: q.change, cell=trail),
            Column(key="age", title="Age", width=6, right=True, value=lambda q: q.written_ms, cell=_age),
        ),
        search=lambda q: q.tick.instrument,
        document=_document,
        empty="No tick yet.",
        sort="instrument",
        ages=True,
    )


def _last(quote: Quote, look: Look) -> Cell:
    style = look.of_sign(quote.direction) if quote.direction else look.palette.text
    fresh = look.now.timestamp() * 1000 - quote.written_ms < FRESH_S * 1000
    return look.price(quote.tick.last_price), style + _BOLD if fresh else style


def _spread(quote: Quote, look: Look) -> Cell:
    spread = quote.spread_bps
    return ("-" if spread is None else f"{spread:.1f}"), look.palette.dim


def _age(quote: Quote, look: Look) -> Cell:
    moment = from_ms(quote.written_ms)
    old = (look.now - moment).total_seconds() > OLD_S
    return look.rough_age(moment), look.palette.warn if old else look.palette.dim


def _document(quote: Quote) -> Document:
    return of_value(quote.tick.instrument, quote.tick)
