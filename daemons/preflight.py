"""What must answer before a daemon begins: Redis, Kafka, the topics.

Each is waited for, because all of them may be on their way up; what will not come by waiting (a wrong password,
a Kafka that is too old) ends the wait at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from aiokafka.admin import AIOKafkaAdminClient
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, AuthorizationError, RedisError

from alphapanda.bus.seam import kafka_errors
from alphapanda.errors import (
    AuthError,
    DependencyError,
    IncompatibleServerError,
    KafkaUnreachableError,
    RedisUnreachableError,
)
from alphapanda.infra.base import Endpoints

PAUSE_S = 0.1
REQUEST_TIMEOUT_MS = 5_000


async def preflight(
    endpoints: Endpoints, topics: Collection[str], *, patience_s: float, tell: Callable[[str], None]
) -> None:
    """Return when Redis and Kafka answer and `topics` exist; `tell` hears what is waited for.

    Raises:
        DependencyError: what was missing after `patience_s`, or what waiting does not bring.
    """
    await _wait(lambda: check_redis(endpoints.redis_url), patience_s, tell)
    await _wait(lambda: check_kafka(endpoints.bootstrap_servers, topics), patience_s, tell)


async def check_redis(url: str) -> None:
    """Ask Redis for a sign of life; raises RedisUnreachableError, or AuthError when it refuses the password."""
    address = url.rpartition("@")[2].removeprefix("redis://")
    client = Redis.from_url(url)
    try:
        await client.ping()
    except (AuthenticationError, AuthorizationError) as error:
        raise AuthError(
            f"Redis at {address} refuses the password: {error}.", hint="Check the password in REDIS__URL."
        ) from error
    except (RedisError, OSError) as error:
        raise RedisUnreachableError(
            f"Redis at {address} does not answer: {error}.", hint="Run: alphapanda doctor"
        ) from error
    finally:
        await client.aclose()


async def check_kafka(bootstrap_servers: str, topics: Collection[str]) -> None:
    """Ask Kafka for its topics; raises DependencyError when it does not answer, is too old, or lacks one."""
    await _reachable(bootstrap_servers)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=REQUEST_TIMEOUT_MS)
    try:
        with kafka_errors(f"connecting to {bootstrap_servers}", connecting=True):
            await admin.start()
            found = set(await admin.list_topics())
    finally:
        await admin.close()
    missing = sorted(set(topics) - found)
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DependencyError(
            f"Topic {missing[0]}{others} is missing in Kafka at {bootstrap_servers}.",
            hint="Run: alphapanda topics bootstrap",
        )


async def _reachable(bootstrap_servers: str) -> None:
    """Connect to any of the servers: aiokafka's own attempt logs an error for each that is not up yet."""
    problem: OSError | None = None
    for server in bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except OSError as error:  # TimeoutError is one, too
            problem = error
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise KafkaUnreachableError(
        f"No Kafka answers at {bootstrap_servers}: {problem}.", hint="Run: alphapanda doctor"
    ) from problem


async def _wait(check: Callable[[], Awaitable[None]], patience_s: float, tell: Callable[[str], None]) -> None:
    last: DependencyError | None = None
    try:
        async with asyncio.timeout(patience_s):
            while True:
                try:
                    return await check()
                except IncompatibleServerError:
                    raise
                except DependencyError as error:
                    last = error
                    tell(error.message)
                await asyncio.sleep(PAUSE_S)
    except TimeoutError:
        raise last or DependencyError(f"Nothing answered within {patience_s:g} s.") from None
