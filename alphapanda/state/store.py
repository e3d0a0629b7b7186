"""The connection to Redis, the one place where its errors become ours, and snapshots: one key a service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from alphapanda.errors import RedisUnreachableError
from alphapanda.model.stage import Snapshot

SOCKET_TIMEOUT_S = 3.0
RETRIES = 2
SAVE_TIMEOUT_S = 2.0
"""How long saving may hold a runner up: a snapshot only saves time."""

_ENCODE = msgspec.msgpack.Encoder().encode
_DECODER = msgspec.msgpack.Decoder(Snapshot)


@contextmanager
def redis_errors(doing: str) -> Iterator[None]:
    """Translate redis-py's errors while `doing` something, e.g. `saving a snapshot`."""
    try:
        yield
    except AuthenticationError as error:
        raise RedisUnreachableError(
            f"Redis refused the password while {doing}.", hint="Set REDIS__URL with the right one."
        ) from error
    except (RedisError, OSError) as error:
        raise RedisUnreachableError(
            f"Redis did not answer while {doing}: {str(error) or 'not in time'}.", hint="Run: alphapanda doctor"
        ) from error


@asynccontextmanager
async def open_redis(url: str, *, retries: int = RETRIES) -> AsyncIterator[Redis]:
    """Open a client; each call of it is tried again `retries` times, within seconds. Connects when first used."""
    backoff = ExponentialWithJitterBackoff(base=0.05, cap=0.5)
    client = Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        retry=Retry(backoff, retries),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )
    try:
        yield client
    finally:
        await client.aclose()


class RedisSnapshots:
    """Keeps one service's snapshot.

    Args:
        client: of Redis.
        key: of the snapshot.
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
            async with asyncio.timeout(SAVE_TIMEOUT_S):
                await self._client.set(self._key, _ENCODE(snapshot))
