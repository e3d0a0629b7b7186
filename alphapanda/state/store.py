"""The connection to Redis, and the one seam where its errors become ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from alphapanda.errors import RedisUnreachableError

SOCKET_TIMEOUT_S = 3.0
RETRIES = 2


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
