"""Matching rules of the simulated exchange: one order, one quote, whole fills at the touch, in event time."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from alphapanda.ids import ClientOrderId
from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import Side, Validity


class Quote(msgspec.Struct, frozen=True, gc=False):
    """The best prices of one instrument at one time, rupees, as the feed gave them.

    Attributes:
        exchange_ts: time of the quote.
        bid: best bid, or the last price where there is no depth.
        ask: best ask, or the last price where there is no depth.
    """

    exchange_ts: datetime
    bid: float
    ask: float


class ExchangeOrder(msgspec.Struct, kw_only=True):
    """An order as the exchange has it.

    Attributes:
        order_id: the sender's.
        instrument: as it was known when the order was made: its price grid stays the same for this order.
        side: buy or sell.
        quantity: units.
        limit_price: None for a market order.
        validity: DAY rests until `expires`; IOC trades at once or is cancelled.
        arrives: when it reaches the exchange, event time.
        expires: end of its session, event time.
        rests: whether it has met a quote since it arrived.
    """

    order_id: ClientOrderId
    instrument: Instrument
    side: Side
    quantity: int
    limit_price: Decimal | None
    validity: Validity
    arrives: datetime
    expires: datetime
    rests: bool = False


class ReportKind(StrEnum):
    """What happened to an order."""

    FILL = "fill"
    CANCEL = "cancel"
    EXPIRE = "expire"


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's report about one order; each of them closes it.

    Attributes:
        order_id: the sender's.
        kind: filled, cancelled or expired.
        ts: when, event time.
        price: of a fill, rupees on the instrument's grid.
        reason: of a cancellation or an expiry.
    """

    order_id: ClientOrderId
    kind: ReportKind
    ts: datetime
    price: Decimal | None = None
    reason: str = ""


def match(order: ExchangeOrder, quote: Quote) -> OrderReport | None:
    """Return what `quote` does to `order`; None when the order goes on resting. Changes nothing.

    BUY meets the ask, SELL the bid. A market order takes that price; a limit order takes it if it is no worse
    than the limit. An order that rested before fills at its limit, because the market came to it.
    """
    if quote.exchange_ts < order.arrives:
        return None
    if quote.exchange_ts >= order.expires:
        reason = f"the session ended at {order.expires.isoformat()}"
        return OrderReport(order_id=order.order_id, kind=ReportKind.EXPIRE, ts=quote.exchange_ts, reason=reason)
    return _trade(order, quote)


def apply_quote(order: ExchangeOrder, quote: Quote) -> OrderReport | None:
    """Match `order` against `quote`; an order that stays open rests from its first quote at the exchange on."""
    report = match(order, quote)
    if not order.rests and report is None:
        order.rests = quote.exchange_ts >= order.arrives and _touch(order, quote) > 0.0
    return report


def _trade(order: ExchangeOrder, quote: Quote) -> OrderReport | None:
    limit, touch = order.limit_price, _touch(order, quote)
    if limit is not None and order.validity is not Validity.IOC and _is_far(order, touch, limit):
        return None
    price = order.instrument.price_of(touch)
    if price is None:
        return None
    if limit is None or (price - limit) * order.side.sign <= 0:
        at = limit if limit is not None and order.rests else price
        return OrderReport(order_id=order.order_id, kind=ReportKind.FILL, ts=quote.exchange_ts, price=at)
    if order.validity is Validity.IOC:
        reason = f"IOC: {price} is worse than the limit {limit}"
        return OrderReport(order_id=order.order_id, kind=ReportKind.CANCEL, ts=quote.exchange_ts, reason=reason)
    return None


def _touch(order: ExchangeOrder, quote: Quote) -> float:
    return quote.ask if order.side is Side.BUY else quote.bid


def _is_far(order: ExchangeOrder, touch: float, limit: Decimal) -> bool:
    """Return whether rounding to the grid cannot bring the price to the limit: cheap, asked for every quote."""
    return (touch - float(limit)) * order.side.sign > float(order.instrument.tick_size)
