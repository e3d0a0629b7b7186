"""Positions and profit are exact, whatever the fills and however they are split or ordered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alphapanda.accounting.portfolio import TRADES_REMEMBERED, Portfolio
from alphapanda.ids import InstrumentId
from alphapanda.model.fill import Charges
from alphapanda.model.kinds import Side, TradingMode
from alphapanda.model.position import Position

INFY, TCS, SBIN = InstrumentId("NSE:INFY"), InstrumentId("NSE:TCS"), InstrumentId("NSE:SBIN")
D = Decimal

prices = st.integers(min_value=1, max_value=2_000_000).map(lambda steps: str(D(steps) * D("0.05")))
trades = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 5_000), prices, st.sampled_from((INFY, TCS, SBIN))),
    max_size=30,
)


def portfolio(make: Any) -> Portfolio:
    return Portfolio("paper", TradingMode.PAPER, make.instruments)  # type: ignore[arg-type]


def after(make: Any, *fills: tuple[Side, int, str]) -> Position:
    held = portfolio(make)
    for n, (side, quantity, price) in enumerate(fills):
        assert held.fill(make.fill(n, side, quantity, price))
    (position,) = held.positions()
    return position


def test_adding_averages(make: Any) -> None:
    position = after(make, (Side.BUY, 10, "100"), (Side.BUY, 30, "102"))
    assert (position.quantity, position.average_price, position.realised) == (40, D("101.5"), D(0))
    assert (position.bought, position.sold) == (40, 0)


def test_reducing_realises_at_the_average_and_keeps_it(make: Any) -> None:
    position = after(make, (Side.BUY, 10, "100"), (Side.BUY, 10, "102"), (Side.SELL, 5, "103"))
    assert (position.quantity, position.average_price, position.realised) == (15, D("101"), D("10"))


def test_a_short_earns_when_the_price_falls(make: Any) -> None:
    position = after(make, (Side.SELL, 10, "100"), (Side.BUY, 4, "98.5"))
    assert (position.quantity, position.average_price, position.realised) == (-6, D("100"), D("6.0"))


def test_a_reversal_closes_one_side_and_opens_the_other_at_the_fill(make: Any) -> None:
    position = after(make, (Side.BUY, 10, "100"), (Side.SELL, 25, "101"))
    assert (position.quantity, position.average_price, position.realised) == (-15, D("101"), D("10"))
    assert (position.bought, position.sold) == (10, 25)


def test_flat_has_no_average_and_keeps_what_was_realised(make: Any) -> None:
    position = after(make, (Side.SELL, 3, "100"), (Side.BUY, 3, "99.95"))
    assert (position.quantity, position.average_price, position.realised) == (0, D(0), D("0.15"))


def test_an_average_that_does_not_end_realises_nothing_before_something_is_closed(make: Any) -> None:
    held = portfolio(make)
    for n, price in enumerate(("100", "100", "100.05")):
        held.fill(make.fill(n, Side.BUY, 1, price))
    (position,) = held.positions()
    assert position.realised == 0
    assert position.average_price == D("100.01666667")


def test_marks_are_rounded_to_the_grid_where_they_become_money(make: Any) -> None:
    held = portfolio(make)
    held.fill(make.fill(1, Side.BUY, 10, "100"))
    held.mark(INFY, 100.1 + 0.2)  # 100.30000000000001
    pnl = held.pnl(make.start, open_orders=2)
    assert str(pnl.unrealised) == "3.00"
    assert (pnl.gross_exposure, pnl.net_exposure) == (D("1003.0"), D("1003.0"))
    assert (pnl.open_positions, pnl.open_orders, pnl.fills) == (1, 2, 1)


def test_a_price_that_is_none_does_not_move_the_mark(make: Any) -> None:
    held = portfolio(make)
    held.fill(make.fill(1, Side.BUY, 10, "100"))
    for quoted in (101.0, 0.0, float("nan"), -1.0):
        held.mark(INFY, quoted)
    assert held.pnl(make.start).unrealised == 10


def test_charges_are_named_and_come_off_the_net(make: Any) -> None:
    held = portfolio(make)
    held.fill(make.fill(1, Side.BUY, 1, "100", charges=Charges(brokerage=D(20), gst=D("3.6"))))
    pnl = held.pnl(make.start)
    assert (pnl.charges, pnl.realised, pnl.net) == (D("23.6"), D(0), D("-23.6"))


def test_a_trade_id_counts_once(make: Any) -> None:
    held = portfolio(make)
    fill = make.fill(1, Side.BUY, 10, "100")
    assert held.fill(fill)
    assert not held.fill(fill)
    assert (held.quantity(fill.strategy_id, INFY), held.fills) == (10, 1)


def test_what_is_remembered_of_trades_is_bounded(make: Any) -> None:
    held = portfolio(make)
    for n in range(TRADES_REMEMBERED + 500):
        held.fill(make.fill(n, Side.BUY, 1, "100"))
    assert not held.fill(make.fill(n, Side.BUY, 1, "100"))
    assert len(held.dump().trades) == TRADES_REMEMBERED * 12


def test_a_preview_changes_nothing(make: Any) -> None:
    held = portfolio(make)
    held.fill(make.fill(1, Side.BUY, 10, "100"))
    before = held.dump()
    later = held.preview([make.fill(2, Side.SELL, 10, "101")])
    later.mark(INFY, 5.0)
    assert held.dump() == before
    assert later.pnl(make.start).realised == 10
    assert later.fills == 2


@given(side=st.sampled_from(Side), price=prices, parts=st.lists(st.integers(1, 500), min_size=1), before=trades)
def test_any_split_of_a_fill_gives_the_same(
    make: Any, side: Side, price: str, parts: list[int], before: list[Any]
) -> None:
    whole, split = portfolio(make), portfolio(make)
    for n, (s, quantity, p, instrument) in enumerate(before):
        for held in (whole, split):
            held.fill(make.fill(n, s, quantity, p, instrument=instrument))
    whole.fill(make.fill(1_000, side, sum(parts), price))
    for n, part in enumerate(parts):
        split.fill(make.fill(1_000 + n, side, part, price))
    for held in (whole, split):
        held.mark(INFY, 123.45)
    want, got = whole.pnl(make.start), split.pnl(make.start)
    assert (got.realised, got.unrealised, got.net) == (want.realised, want.unrealised, want.net)
    for mine, theirs in zip(split.positions(), whole.positions(), strict=True):
        assert (mine.quantity, mine.average_price, mine.realised) == (
            theirs.quantity,
            theirs.average_price,
            theirs.realised,
        )


@given(trades=trades, marks=st.fixed_dictionaries(dict.fromkeys((INFY, TCS, SBIN), prices)))
def test_profit_is_the_cash_and_what_the_rest_is_worth(
    make: Any, trades: list[Any], marks: dict[InstrumentId, str]
) -> None:
    held = portfolio(make)
    cash, units = D(0), dict.fromkeys(marks, 0)
    for n, (side, quantity, price, instrument) in enumerate(trades):
        held.fill(make.fill(n, side, quantity, price, instrument=instrument))
        cash -= side.sign * quantity * D(price)
        units[instrument] += side.sign * quantity
    for instrument, price in marks.items():
        held.mark(instrument, float(price))
    pnl = held.pnl(make.start)
    assert pnl.realised + pnl.unrealised == cash + sum(D(marks[name]) * units[name] for name in marks)
    assert pnl.net == pnl.realised + pnl.unrealised - pnl.charges
    assert pnl.realised == sum(position.realised for position in pnl.positions)


@given(trades=trades, data=st.data())
def test_instruments_may_come_in_any_order(make: Any, trades: list[Any], data: st.DataObject) -> None:
    fills = [make.fill(n, s, q, p, instrument=name) for n, (s, q, p, name) in enumerate(trades)]
    queues = {name: [fill for fill in fills if fill.instrument == name] for name in (INFY, TCS, SBIN)}
    straight, mixed = portfolio(make), portfolio(make)
    for fill in fills:
        straight.fill(fill)
    while any(queues.values()):
        name = data.draw(st.sampled_from([name for name, queue in queues.items() if queue]))
        mixed.fill(queues[name].pop(0))
    assert mixed.pnl(make.start) == straight.pnl(make.start)


@given(trades=trades, cut=st.integers(0, 30))
def test_a_restored_portfolio_goes_on_the_same(make: Any, trades: list[Any], cut: int) -> None:
    fills = [make.fill(n, s, q, p, instrument=name) for n, (s, q, p, name) in enumerate(trades)]
    one, other = portfolio(make), portfolio(make)
    for fill in fills[:cut]:
        one.fill(fill)
    other.load(one.dump())
    for fill in fills:  # those before the cut come again
        one.fill(fill)
        other.fill(fill)
    assert other.pnl(make.start) == one.pnl(make.start)
    assert other.dump() == one.dump()
