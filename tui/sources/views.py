"""The traders' views in Redis: asked once a second, decoded only when they changed.

Orders are many and the log tells what moves them: they are read seldom, for what the log's reader passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
from redis.asyncio import Redis

from alphapanda.ids import BrokerId
from alphapanda.model.kinds import TradingMode
from alphapanda.state import keys
from alphapanda.state.orders_view import read_orders
from alphapanda.state.store import open_redis, redis_errors
from alphapanda.state.views import PnlView, PositionsView
from tui.sources.handle import SourceHandle
from tui.theme.formatter import to_ms

EVERY_S: Final = 1.0
ORDERS_EVERY_LOOKS: Final = 10


class ViewsSource:
    """Reads positions, orders and profit of each broker.

    Args:
        address: returns the URL of Redis; raises AlphaPandaError for a deployment that was never started.
        brokers: the active ones, and how near to real money each is.
    """

    name = "Redis"

    def __init__(self, address: Callable[[], str], brokers: tuple[tuple[str, TradingMode], ...]) -> None:
        self._address = address
        self._brokers = brokers
        self._seen: dict[str, bytes] = {}

    async def run(self, handle: SourceHandle) -> None:
        """Ask until Redis does not answer."""
        wanted = [
            (key(BrokerId(broker)), broker, mode)
            for broker, mode in self._brokers
            for key in (keys.positions, keys.pnl)
        ]
        async with open_redis(await asyncio.to_thread(self._address)) as client:
            looks = 0
            while True:
                with redis_errors("reading views"):
                    values = await client.mget([key for key, _, _ in wanted])
                handle.up()
                for (key, broker, mode), value in zip(wanted, values, strict=True):
                    if isinstance(value, bytes) and self._seen.get(key) != value:
                        self._seen[key] = value
                        self._fold(handle, key.rsplit(":", 1)[-1], broker, mode, value)
                if looks % ORDERS_EVERY_LOOKS == 0:
                    await self._fold_orders(handle, client)
                looks += 1
                await asyncio.sleep(EVERY_S)

    async def _fold_orders(self, handle: SourceHandle, client: Redis) -> None:
        for broker, _ in self._brokers:
            with redis_errors("reading orders"):
                view = await read_orders(client, keys.orders(BrokerId(broker)))
            if view is not None:
                handle.store.fold_orders(view.orders)

    def _fold(self, handle: SourceHandle, what: str, broker: str, mode: TradingMode, value: bytes) -> None:
        store = handle.store
        match what:
            case "positions":
                store.money.hold(broker, mode, msgspec.json.decode(value, type=PositionsView).positions)
            case _:
                view = msgspec.json.decode(value, type=PnlView)
                store.money.fold(view.pnl, to_ms(view.written_at))
                store.money.trading(broker, view.trading_state)
