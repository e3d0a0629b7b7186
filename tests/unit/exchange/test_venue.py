"""The simulated exchange alone: orders and quotes in, reports out, without signals and without a log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from alphapanda.exchange.matching import ExchangeOrder, OrderReport, Quote, ReportKind
from alphapanda.exchange.venue import SimulatedExchange
from alphapanda.ids import ClientOrderId
from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import Side, Validity

INFY = Instrument(exchange="NSE", tradingsymbol="INFY", instrument_token=1)
TCS = Instrument(exchange="NSE", tradingsymbol="TCS", instrument_token=2)
START = datetime(2025, 11, 17, 4, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def order(
    name: str,
    side: Side = Side.BUY,
    limit: str | None = None,
    *,
    instrument: Instrument = INFY,
    validity: Validity = Validity.DAY,
    arrives: float = 0,
) -> ExchangeOrder:
    return ExchangeOrder(
        order_id=ClientOrderId(name),
        instrument=instrument,
        side=side,
        quantity=10,
        limit_price=None if limit is None else Decimal(limit),
        validity=validity,
        arrives=at(arrives),
        expires=at(3600),
    )


def quote(seconds: float, bid: float, ask: float) -> Quote:
    return Quote(at(seconds), bid, ask)


def told(reports: list[OrderReport]) -> list[tuple[str, ReportKind, Decimal | None]]:
    return [(report.order_id, report.kind, report.price) for report in reports]


@pytest.fixture
def exchange() -> SimulatedExchange:
    return SimulatedExchange()


def test_a_market_order_takes_the_other_side(exchange: SimulatedExchange) -> None:
    exchange.submit(order("buy"))
    exchange.submit(order("sell", Side.SELL))
    reports = exchange.on_quote(INFY.id, quote(1, 99.95, 100.05))
    assert told(reports) == [
        ("buy", ReportKind.FILL, Decimal("100.05")),
        ("sell", ReportKind.FILL, Decimal("99.95")),
    ]
    assert exchange.on_quote(INFY.id, quote(2, 99.95, 100.05)) == []


def test_a_preview_says_the_same_and_changes_nothing(exchange: SimulatedExchange) -> None:
    exchange.submit(order("buy"))
    seen = exchange.preview(INFY.id, quote(1, 99, 100))
    assert ClientOrderId("buy") in exchange
    assert exchange.on_quote(INFY.id, quote(1, 99, 100)) == seen
    assert ClientOrderId("buy") not in exchange


def test_only_orders_of_the_quotes_instrument_meet_it(exchange: SimulatedExchange) -> None:
    exchange.submit(order("infy"))
    exchange.submit(order("tcs", instrument=TCS))
    assert told(exchange.on_quote(TCS.id, quote(1, 99, 100))) == [("tcs", ReportKind.FILL, Decimal(100))]
    assert ClientOrderId("infy") in exchange


def test_an_order_that_rested_fills_at_its_limit_and_a_new_one_at_the_touch(exchange: SimulatedExchange) -> None:
    exchange.submit(order("rests", limit="95"))
    assert exchange.on_quote(INFY.id, quote(1, 99, 100)) == []
    exchange.submit(order("new", limit="95", arrives=2))
    assert told(exchange.on_quote(INFY.id, quote(2, 93, 94))) == [
        ("rests", ReportKind.FILL, Decimal(95)),
        ("new", ReportKind.FILL, Decimal(94)),
    ]


def test_an_order_meets_no_quote_before_it_arrives(exchange: SimulatedExchange) -> None:
    exchange.submit(order("slow", arrives=5))
    assert exchange.on_quote(INFY.id, quote(4.9, 99, 100)) == []
    assert told(exchange.on_quote(INFY.id, quote(5, 99, 101))) == [("slow", ReportKind.FILL, Decimal(101))]


def test_an_ioc_order_trades_at_once_or_is_cancelled(exchange: SimulatedExchange) -> None:
    exchange.submit(order("ioc", limit="95", validity=Validity.IOC))
    (report,) = exchange.on_quote(INFY.id, quote(1, 99, 100))
    assert (report.kind, report.reason) == (ReportKind.CANCEL, "IOC: 100.00 is worse than the limit 95")


def test_orders_expire_with_their_session(exchange: SimulatedExchange) -> None:
    exchange.submit(order("day", limit="95"))
    (report,) = exchange.on_quote(INFY.id, quote(3600, 90, 91))
    assert (report.kind, report.price) == (ReportKind.EXPIRE, None)
    assert report.reason == f"the session ended at {at(3600).isoformat()}"


def test_a_cancelled_order_meets_nothing_more(exchange: SimulatedExchange) -> None:
    exchange.submit(order("buy", limit="95"))
    assert exchange.cancel(ClientOrderId("buy")) is not None
    assert exchange.cancel(ClientOrderId("buy")) is None
    assert exchange.on_quote(INFY.id, quote(1, 90, 91)) == []
    assert exchange.get(ClientOrderId("buy")) is None
