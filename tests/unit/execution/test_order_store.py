"""Orders are the same fold whatever comes twice and in whatever order the topics are read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import IllegalTransitionError, InvariantError
from alphapanda.execution.order_store import CLOSED_REMEMBERED, REFUSED_KEPT, OrderStore
from alphapanda.ids import ClientOrderId, TradeId, VenueOrderId
from alphapanda.model.envelope import Event, follow
from alphapanda.model.kinds import EventType, Side, TradingMode
from alphapanda.model.order import (
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderRejected,
    OrderStatus,
    OrderSubmitted,
    OrderUnknown,
)


class Story:
    """The events of one order of 10 units, as a venue would tell them."""

    def __init__(self, make: Any, name: str = "O") -> None:
        self.make = make
        self.order_id = ClientOrderId(name)
        signal = make.signal(make.tick(0))
        self.cause = signal.envelope
        wanted = signal.data.signal
        self.order = Order(
            client_order_id=self.order_id,
            signal_id=signal.id,
            decision_id=wanted.decision_id,
            strategy_id=wanted.strategy_id,
            broker=wanted.broker,
            trading_mode=TradingMode.PAPER,
            instrument=wanted.instrument,
            instrument_token=1,
            side=Side.BUY,
            quantity=10,
            order_type=wanted.order_type,
            product=wanted.product,
            validity=wanted.validity,
            submitted_at=make.start,
            updated_at=make.start,
        )
        self.n = 0

    def _event(self, kind: EventType, data: object) -> Event:
        self.n += 1
        return follow(
            self.cause,
            kind,
            data,
            key=self.order_id,
            source="trader.paper",
            broker=self.order.broker,
            name=f"{self.order_id}/{self.n}",
            ts=self.make.at(self.n),
        )

    def _common(self) -> dict[str, Any]:
        names = ("client_order_id", "strategy_id", "broker", "trading_mode", "instrument", "side", "quantity")
        return {name: getattr(self.order, name) for name in names}

    def submitted(self) -> Event:
        data = OrderSubmitted(broker=self.order.broker, trading_mode=TradingMode.PAPER, order=self.order)
        return self._event(EventType.ORDER_SUBMITTED, data)

    def accepted(self) -> Event:
        data = OrderAccepted(**self._common(), venue_order_id=VenueOrderId("V"))
        return self._event(EventType.ORDER_ACCEPTED, data)

    def filled(self, quantity: int, total: int, price: str = "100") -> Event:
        fill = self.make.fill(self.n, Side.BUY, quantity, price)
        changed = {"client_order_id": self.order_id, "trade_id": TradeId(f"{self.order_id}/T{total}")}
        fill = type(fill)(**{name: getattr(fill, name) for name in fill.__struct_fields__} | changed)
        data = OrderFilled(**self._common(), fill=fill, filled_quantity=total, leaves_quantity=10 - total)
        return self._event(EventType.ORDER_FILLED, data)

    def cancelled(self, filled: int) -> Event:
        data = OrderCancelled(**self._common(), filled_quantity=filled, reason="asked")
        return self._event(EventType.ORDER_CANCELLED, data)

    def expired(self, filled: int) -> Event:
        data = OrderExpired(**self._common(), filled_quantity=filled, reason="session over")
        return self._event(EventType.ORDER_EXPIRED, data)

    def rejected(self) -> Event:
        return self._event(EventType.ORDER_REJECTED, OrderRejected(**self._common(), reason="no margin"))

    def unknown(self) -> Event:
        return self._event(EventType.ORDER_UNKNOWN, OrderUnknown(**self._common(), reason="timed out"))

    def modified(self, price: str) -> Event:
        data = OrderModified(**self._common(), limit_price=Decimal(price), trigger_price=None)
        return self._event(EventType.ORDER_MODIFIED, data)


def fold(*events: Event) -> OrderStore:
    book = OrderStore()
    for event in events:
        book.evolve(event)
    return book


def only(book: OrderStore) -> Order:
    (order,) = book.orders()
    return order


def test_an_order_is_filled_in_parts(make: Any) -> None:
    s = Story(make)
    book = fold(s.submitted(), s.accepted(), s.filled(4, 4, "100"))
    order = only(book)
    assert (order.status, order.filled_quantity, order.leaves_quantity) == (OrderStatus.PARTIALLY_FILLED, 4, 6)
    assert (book.open_count, order.venue_order_id) == (1, "V")
    book.evolve(s.filled(6, 10, "101"))
    order = only(book)
    assert (order.status, order.average_price, order.leaves_quantity) == (OrderStatus.FILLED, Decimal("100.6"), 0)
    assert (book.open_count, order.updated_at) == (0, make.at(4))


def test_a_rejection_a_cancellation_and_an_expiry_close_it_with_their_reason(make: Any) -> None:
    for name, status, reason in (
        ("rejected", OrderStatus.REJECTED, "no margin"),
        ("cancelled", OrderStatus.CANCELLED, "asked"),
        ("expired", OrderStatus.EXPIRED, "session over"),
    ):
        s = Story(make)
        end = getattr(s, name)
        order = only(fold(s.submitted(), s.accepted(), end() if name == "rejected" else end(0)))
        assert (order.status, order.reason) == (status, reason)


def test_unknown_is_settled_by_a_report(make: Any) -> None:
    s = Story(make)
    book = fold(s.submitted(), s.unknown())
    assert only(book).status is OrderStatus.UNKNOWN
    assert book.open_count == 1
    book.evolve(s.accepted())
    assert only(book).status is OrderStatus.ACCEPTED


def test_a_modification_changes_the_price(make: Any) -> None:
    s = Story(make)
    order = only(fold(s.submitted(), s.accepted(), s.modified("99.5")))
    assert (order.limit_price, order.status) == (Decimal("99.5"), OrderStatus.ACCEPTED)


def test_a_step_that_the_table_does_not_have_is_refused(make: Any) -> None:
    s = Story(make)
    book = fold(s.submitted(), s.accepted(), s.filled(4, 4))
    with pytest.raises(IllegalTransitionError, match="PARTIALLY_FILLED cannot reject"):
        book.evolve(s.rejected())


def test_more_than_was_ordered_is_refused(make: Any) -> None:
    s = Story(make)
    with pytest.raises(InvariantError, match="to 11 of 10 units"):
        fold(s.submitted(), s.filled(11, 11))


def test_the_acceptance_may_come_last(make: Any) -> None:
    s = Story(make)
    submitted, accepted, filled = s.submitted(), s.accepted(), s.filled(10, 10)
    order = only(fold(submitted, filled, accepted))
    assert (order.status, order.venue_order_id) == (OrderStatus.FILLED, "V")


@given(data=st.data())
def test_topics_may_be_read_in_any_order_and_twice(make: Any, data: st.DataObject) -> None:
    s = Story(make)
    first = [s.submitted(), s.accepted(), s.filled(2, 2, "100"), s.filled(3, 5, "101.05"), s.filled(1, 6, "99")]
    end = data.draw(st.sampled_from(("cancelled", "expired", "filled")))
    events = [*first, s.filled(4, 10, "100") if end == "filled" else getattr(s, end)(6)]
    want = only(fold(*events))
    twice = data.draw(st.permutations([*events, *data.draw(st.lists(st.sampled_from(events), max_size=6))]))
    book, again = OrderStore(), OrderStore()
    for event in twice:
        book.evolve(event)
        again.load(book.dump())
        assert again.dump() == book.dump()
    got = only(book)
    changed = {"updated_at": want.updated_at}
    assert type(got)(**{name: getattr(got, name) for name in got.__struct_fields__} | changed) == want
    assert book.open_count == 0
    assert book.dump().early == []


def test_a_rejection_may_come_before_its_order(make: Any) -> None:
    s = Story(make)
    submitted = s.submitted()
    assert only(fold(s.rejected(), submitted)).status is OrderStatus.REJECTED


def test_what_is_kept_of_closed_and_of_refused_orders_is_bounded(make: Any) -> None:
    book = OrderStore(closed_kept=5)
    for n in range(CLOSED_REMEMBERED + 100):
        s = Story(make, f"O{n}")
        book.evolve(s.submitted())
        book.evolve(s.filled(10, 10))
    for n in range(REFUSED_KEPT + 100):
        book.evolve(Story(make, f"R{n}").rejected())
    state = book.dump()
    assert (len(state.closed), len(state.refused), state.open, state.early) == (5, REFUSED_KEPT, [], [])
    assert len(state.remembered) == CLOSED_REMEMBERED * 12
    again = Story(make, f"O{n}")
    for event in (again.submitted(), again.filled(10, 10)):
        book.evolve(event)
    assert book.dump() == state


def test_the_view_is_by_time_of_submission(make: Any) -> None:
    book = OrderStore()
    for name in ("b", "a", "c"):
        book.evolve(Story(make, name).submitted())
    assert [order.client_order_id for order in book.orders()] == ["a", "b", "c"]
