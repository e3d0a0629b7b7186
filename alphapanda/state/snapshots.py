"""Snapshots in Redis: one key a service, replaced as a whole."""

from __future__ import annotations

import asyncio

import msgspec
from redis.asyncio import Redis

from alphapanda.model.snapshot import Snapshot
from alphapanda.state.store import redis_errors

PATIENCE_S = 2.0
"""How long saving may hold a runner up: a snapshot only saves time."""

_ENCODE = msgspec.msgpack.Encoder().encode
_DECODER = msgspec.msgpack.Decoder(Snapshot)


class RedisSnapshots:
    """Keeps one service's snapshot.

    Args:
        client: of Redis.
        key: see `alphapanda.state.keys.snapshot`.
    """

    def __init__(self, client: Redis, key: str) -> None:
        self._client = client
        self._key = key

    async def load(self) -> Snapshot | None:
        """Return the last one; None when there is none, or none that this version can read."""
        with redis_errors(f"reading the snapshot {self._key}"):
            value = await self._client.get(self._key)
        if value is None:
            return None
        try:
            return _DECODER.decode(value if isinstance(value, bytes) else value.encode())
        except msgspec.MsgspecError:
            # Another version's: the log has everything, so it is folded from there.
            return None

    async def save(self, snapshot: Snapshot) -> None:
        """Replace it; raises RedisUnreachableError."""
        with redis_errors(f"saving the snapshot {self._key}"):
            async with asyncio.timeout(PATIENCE_S):
                await self._client.set(self._key, _ENCODE(snapshot))
