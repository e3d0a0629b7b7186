"""Recorded ticks with depth: one CSV row, one tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final

from alphapanda.market.cells import read_level_price, read_price, read_quantity, read_symbol, read_time
from alphapanda.market.instruments import Symbols
from alphapanda.model.tick import DepthLevel, Tick

NEEDED: Final = ("symbol", "exchange_timestamp", "last_price")
LEVELS: Final = 5

_PRICE = attrgetter("price")


class TickRows:
    """Reads the rows of one file; see `alphapanda.market.recording` for what is bad.

    Args:
        columns: where each column stands, by its name in lower case.
        symbols: what a symbol's instrument and token are.
    """

    def __init__(self, columns: Mapping[str, int], symbols: Symbols) -> None:
        self._symbols = symbols
        self._symbol, self._time, self._price = (columns[name] for name in NEEDED)
        self._columns = columns
        self._bids = _levels(columns, "bid")
        self._asks = _levels(columns, "ask")

    def read(self, cells: Sequence[str]) -> tuple[Tick, ...]:
        """Return the row's tick; raises RowError."""
        exchange = self._text(cells, "exchange") or None
        listing = self._symbols.resolve(read_symbol(cells[self._symbol]), exchange)
        at = read_time(cells[self._time])
        price = read_price("last_price", cells[self._price])
        bids, asks = _sides(_depth(cells, self._bids), _depth(cells, self._asks))
        token = self._quantity(cells, "instrument_token") or listing.token
        return (
            Tick(
                instrument=listing.id,
                instrument_token=token,
                exchange_ts=at,
                last_price=price,
                last_quantity=self._quantity(cells, "last_traded_quantity"),
                average_price=read_level_price("average_price", self._text(cells, "average_price")),
                volume=self._quantity(cells, "volume_traded"),
                total_buy_quantity=self._quantity(cells, "total_buy_qty"),
                total_sell_quantity=self._quantity(cells, "total_sell_qty"),
                open_interest=self._quantity(cells, "open_interest"),
                bids=bids,
                asks=asks,
            ),
        )

    def _text(self, cells: Sequence[str], name: str) -> str:
        index = self._columns.get(name)
        return "" if index is None else cells[index].strip()

    def _quantity(self, cells: Sequence[str], name: str) -> int:
        return read_quantity(name, self._text(cells, name))


_Level = tuple[str, int, str, int]
"""Name and place of a level's price, and of its quantity."""


def _levels(columns: Mapping[str, int], side: str) -> tuple[_Level, ...]:
    names = [(f"{side}_price_{level}", f"{side}_qty_{level}") for level in range(1, LEVELS + 1)]
    return tuple(
        (price, columns[price], quantity, columns[quantity])
        for price, quantity in names
        if price in columns and quantity in columns
    )


def _depth(cells: Sequence[str], levels: Sequence[_Level]) -> list[DepthLevel]:
    found = []
    for price_name, price_at, quantity_name, quantity_at in levels:
        price = read_level_price(price_name, cells[price_at])
        quantity = read_quantity(quantity_name, cells[quantity_at])
        if price and quantity:
            found.append(DepthLevel(price, quantity))
    return found


def _sides(
    bids: list[DepthLevel], asks: list[DepthLevel]
) -> tuple[tuple[DepthLevel, ...], tuple[DepthLevel, ...]]:
    """Return both sides, best first.

    Some recorders write the best ask into the second bid's columns and leave all the asks at 0. A bid
    above the best bid cannot be one, so it is read as the ask that it is.
    """
    if not asks and len(bids) > 1 and bids[1].price > bids[0].price:
        return (bids[0],), (bids[1],)
    return tuple(sorted(bids, key=_PRICE, reverse=True)), tuple(sorted(asks, key=_PRICE))
