"""The simulated exchange: resting orders by instrument, quotes in, reports out."""

from __future__ import annotations

from collections.abc import Iterable

from alphapanda.exchange.matching import ExchangeOrder, OrderReport, Quote, apply_quote, match
from alphapanda.ids import ClientOrderId, InstrumentId


class SimulatedExchange:
    """Matches resting orders against quotes; an order that is reported is closed and forgotten."""

    def __init__(self) -> None:
        self._orders: dict[ClientOrderId, ExchangeOrder] = {}
        self._books: dict[InstrumentId, dict[ClientOrderId, ExchangeOrder]] = {}

    def __contains__(self, order_id: ClientOrderId) -> bool:
        return order_id in self._orders

    def get(self, order_id: ClientOrderId) -> ExchangeOrder | None:
        """Return an open order."""
        return self._orders.get(order_id)

    def submit(self, order: ExchangeOrder) -> None:
        """Take an order; it is matched from the next quote on."""
        self._orders[order.order_id] = order
        self._books.setdefault(order.instrument.id, {})[order.order_id] = order

    def cancel(self, order_id: ClientOrderId) -> ExchangeOrder | None:
        """Take an open order out and return it; None when it is not open."""
        order = self._orders.pop(order_id, None)
        if order is not None:
            book = self._books[order.instrument.id]
            del book[order_id]
            if not book:
                del self._books[order.instrument.id]
        return order

    def preview(self, instrument: InstrumentId, quote: Quote) -> list[OrderReport]:
        """Return what `on_quote` would report. Changes nothing."""
        return _reported(match(order, quote) for order in self._books.get(instrument, {}).values())

    def on_quote(self, instrument: InstrumentId, quote: Quote) -> list[OrderReport]:
        """Match the instrument's orders against its next quote; those reported are closed."""
        reports = _reported(apply_quote(order, quote) for order in self._books.get(instrument, {}).values())
        for report in reports:
            self.cancel(report.order_id)
        return reports


def _reported(reports: Iterable[OrderReport | None]) -> list[OrderReport]:
    return [report for report in reports if report is not None]
