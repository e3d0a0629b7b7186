"""A broker's views: the trader writes them for people, the faces read them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec
from redis.asyncio import Redis

from alphapanda.clock import Clock
from alphapanda.errors import RedisUnreachableError
from alphapanda.ids import BrokerId
from alphapanda.model.kinds import TradingState
from alphapanda.model.position import PnlSnapshot, Position
from alphapanda.state import keys
from alphapanda.state.orders_view import OrdersView, OrdersWriter, read_orders
from alphapanda.state.store import redis_errors
from alphapanda.telemetry.health import Health
from alphapanda.telemetry.log import Logger

EVERY_S = 0.25
PATIENCE_S = 1.0
"""How long one write may hold the trader up."""
REST = 9
"""After a failure that took a second, so many pass until the next attempt: a Redis that hangs slows trading
by a tenth at the most."""
PART = "redis"

T = TypeVar("T")

_encode = msgspec.json.Encoder(decimal_format="string").encode


class PositionsView(msgspec.Struct, frozen=True, kw_only=True):
    """A broker's positions as of one moment."""

    written_at: datetime
    positions: tuple[Position, ...]


class PnlView(msgspec.Struct, frozen=True, kw_only=True):
    """A broker's trading state and P&L as of one moment."""

    written_at: datetime
    trading_state: TradingState
    pnl: PnlSnapshot


class ViewProjector:
    """Writes a stage's views at once, at most four times a second, and only the orders that changed.

    Redis is a view: when it does not answer, trading continues, and health reports it.

    Args:
        client: of Redis.
        views: returns the views by key, at a moment.
        clock: the time.
        health: not ready while Redis does not answer.
        log: gets a warning then.
    """

    def __init__(
        self,
        client: Redis,
        views: Callable[[datetime], Mapping[str, msgspec.Struct]],
        *,
        clock: Clock,
        health: Health,
        log: Logger,
    ) -> None:
        self._client = client
        self._views = views
        self._clock = clock
        self._health = health
        self._log = log
        self._orders: dict[str, OrdersWriter] = {}
        self._stale = True
        self._due = 0.0

    async def project(self, *, changed: bool, force: bool = False) -> None:
        """Write the views if they changed since, unless it was done a moment ago; `force` writes now."""
        now = self._clock.monotonic()
        self._stale = self._stale or changed
        if not force and (not self._stale or now < self._due):
            return
        self._due = now + EVERY_S
        try:
            with redis_errors("writing views"):
                async with asyncio.timeout(PATIENCE_S):
                    is_whole = await self._write(self._views(self._clock.now()))
        except RedisUnreachableError as error:
            for writer in self._orders.values():
                writer.lost()
            tried_until = self._clock.monotonic()
            self._due = tried_until + max(4 * EVERY_S, REST * (tried_until - now))
            self._log.warning("views not written", error=str(error))
            self._health.not_ready("Redis does not answer; trading goes on, views are stale", part=PART)
            return
        self._stale = not is_whole
        self._health.ready(PART)

    async def _write(self, views: Mapping[str, msgspec.Struct]) -> bool:
        """Write views in one transaction; returns whether Redis has all of them now."""
        took: list[tuple[OrdersWriter, OrdersView, int]] = []
        async with self._client.pipeline(transaction=True) as pipe:
            for key, view in views.items():
                if isinstance(view, OrdersView):
                    writer = self._orders.setdefault(key, OrdersWriter(key))
                    writer.queue(pipe, view)
                    took.append((writer, view, len(pipe) - 1))
                else:
                    pipe.set(key, _encode(view))
            answers = await pipe.execute()
        wholes = [writer.took(view, answers[place]) for writer, view, place in took]
        return all(wholes)


class Views:
    """Reads the views of brokers.

    Args:
        client: of Redis.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def positions(self, broker: BrokerId) -> PositionsView | None:
        """Return a broker's positions; None before its trader wrote any."""
        return await self._read(keys.positions(broker), PositionsView)

    async def orders(self, broker: BrokerId) -> OrdersView | None:
        """Return a broker's orders; None before its trader wrote any."""
        key = keys.orders(broker)
        with redis_errors(f"reading {key}"):
            return await read_orders(self._client, key)

    async def pnl(self, broker: BrokerId) -> PnlView | None:
        """Return a broker's P&L; None before its trader wrote any."""
        return await self._read(keys.pnl(broker), PnlView)

    async def _read(self, key: str, kind: type[T]) -> T | None:
        with redis_errors(f"reading {key}"):
            value = await self._client.get(key)
        return None if value is None else msgspec.json.decode(value, type=kind)
