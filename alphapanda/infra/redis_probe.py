"""Ask a Redis whether it can be worked with; redis-py's errors become one clear line."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote, urlsplit

from alphapanda.errors import ConfigError, RedisUnreachableError
from alphapanda.infra.base import redact

ANSWER_S = 5.0
RETRY_S = 0.02
"""Between two attempts at a server that is starting."""


class RedisRefusedError(RedisUnreachableError):
    """Redis answers, but does not take the password."""


class RedisStartingError(RedisUnreachableError):
    """Redis answers, but is still reading its data."""


async def probe_redis(url: str, timeout_s: float = 5.0) -> str:
    """Return the server's version.

    Raises:
        ConfigError: not a URL of Redis.
        RedisRefusedError: wrong password, or none given where one is needed.
        RedisUnreachableError: no answer, or not an answer of Redis.
    """
    from redis import asyncio as aioredis  # noqa: PLC0415 - heavy; loaded by who needs it
    from redis import exceptions  # noqa: PLC0415
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    shown = redact(url)
    try:
        client = aioredis.Redis.from_url(url, socket_connect_timeout=timeout_s, socket_timeout=timeout_s)
    except ValueError as error:
        raise ConfigError(
            f"REDIS__URL {shown!r} is not a URL of Redis.", hint="Write it like `redis://:password@host:6379/0`."
        ) from error
    client.set_retry(Retry(NoBackoff(), 0))
    try:
        async with asyncio.timeout(timeout_s), client:
            facts = await client.info("server")
    except exceptions.AuthenticationError as error:
        raise RedisRefusedError(
            f"Redis at {shown} does not take the password.", hint="Correct the password in REDIS__URL."
        ) from error
    except exceptions.BusyLoadingError as error:
        raise RedisStartingError(
            f"Redis at {shown} is still reading its data.", hint="Try again shortly."
        ) from error
    except exceptions.ResponseError as error:
        raise RedisRefusedError(
            f"Redis at {shown} refuses this user: {error}.", hint="Correct user and password in REDIS__URL."
        ) from error
    except (exceptions.RedisError, OSError) as error:
        raise RedisUnreachableError(
            f"No Redis answers at {shown}: {_reason(error)}.", hint="Start it, or correct REDIS__URL."
        ) from error
    return str(facts.get("valkey_version") or facts.get("redis_version", "unknown"))


async def redis_is_up(url: str) -> None:
    """Return once a starting Redis on this machine answers; waits for ever, but not on a refused password."""
    address = urlsplit(url)
    while True:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await _ping(address.hostname or "", address.port or 6379, unquote(address.password or ""))
        except (TimeoutError, OSError, RedisStartingError):
            await asyncio.sleep(RETRY_S)


async def _ping(host: str, port: int, password: str) -> None:
    """Ask over a plain connection: the supervisor, which waits for Valkey, needs no client of 6 MiB for that."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_command("AUTH", password) + _command("PING"))
        for _ in range(2):
            answer = (await reader.readline()).decode(errors="replace").strip()
            if answer.startswith("-LOADING") or not answer:
                raise RedisStartingError(f"Redis at {host}:{port} is still reading its data.")
            if answer.startswith("-"):
                raise RedisRefusedError(f"Redis at {host}:{port} does not take the password: {answer[1:]}.")
    finally:
        writer.close()


def _command(*words: str) -> bytes:
    parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
    return f"*{len(words)}\r\n{''.join(parts)}".encode()


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError) or "imeout" in type(error).__name__:
        return "no answer in time"
    if "refused" in str(error).lower() or "connect call failed" in str(error).lower():
        return "nobody listens there"
    return " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
