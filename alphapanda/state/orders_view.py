"""A broker's orders in Redis: one hash with a field for each order, of which only changed fields are written.

The newest thousand orders are over half a megabyte of JSON; written whole with each fill they would be
gigabytes a day in the append-only file.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from alphapanda.ids import ClientOrderId
from alphapanda.model.order import Order

WRITTEN_AT: Final = "written_at"
"""The field that is no order: when the hash was written, as JSON."""

_encode = msgspec.json.Encoder(decimal_format="string").encode


class OrdersView(msgspec.Struct, frozen=True, kw_only=True):
    """A broker's orders as of one moment: all open ones, and the newest closed ones."""

    written_at: datetime
    orders: tuple[Order, ...]


class OrdersWriter:
    """Keeps one hash equal to the view, by the differences from the last one that Redis took.

    Args:
        key: of the hash.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._written: dict[ClientOrderId, Order] | None = None

    def queue(self, pipe: Pipeline, view: OrdersView) -> None:
        """Queue the changes that turn the hash into `view`, and the count of its fields afterwards."""
        before = self._written
        if before is None:
            pipe.delete(self._key)
            before = {}
        # An order that moved is another value, so identity tells without comparing.
        moved = [order for order in view.orders if before.get(order.client_order_id) is not order]
        gone = before.keys() - {order.client_order_id for order in view.orders}
        if gone:
            pipe.hdel(self._key, *sorted(gone))
        pipe.hset(
            self._key,
            mapping={
                WRITTEN_AT: _encode(view.written_at),
                **{order.client_order_id: _encode(order) for order in moved},
            },
        )
        pipe.hlen(self._key)

    def took(self, view: OrdersView, fields: int) -> bool:
        """Note that Redis took `view` and has so many fields; returns whether that is all of it.

        It is not when Redis was emptied meanwhile: the next write is whole.
        """
        is_whole = fields == len(view.orders) + 1
        self._written = {order.client_order_id: order for order in view.orders} if is_whole else None
        return is_whole

    def lost(self) -> None:
        """Note that the hash in Redis is unknown: the next write is whole."""
        self._written = None


async def read_orders(client: Redis, key: str) -> OrdersView | None:
    """Return the orders of one hash, by the time they were submitted; None before any was written."""
    fields = await client.hgetall(key)
    written_at = fields.pop(WRITTEN_AT.encode(), None)
    if written_at is None:
        return None
    orders = [msgspec.json.decode(value, type=Order) for value in fields.values()]
    orders.sort(key=lambda order: (order.submitted_at, order.client_order_id))
    return OrdersView(written_at=msgspec.json.decode(written_at, type=datetime), orders=tuple(orders))
