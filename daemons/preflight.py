"""The checks before a daemon starts: Redis, Kafka, the topics.

Each is waited for, because all of them may be starting. What waiting cannot mend (a wrong password, a Kafka that
is too old, a broken address) ends the wait at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from alphapanda.errors import DependencyError, IncompatibleServerError
from alphapanda.infra.base import Endpoints
from alphapanda.infra.redis_probe import RedisRefusedError, probe_redis
from alphapanda.kafka.probe import probe_kafka, require_compatible
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.waits import up_to

PAUSE_S = 0.1

_NOT_BY_WAITING = (IncompatibleServerError, RedisRefusedError)


class MissingTopicsError(DependencyError):
    """Kafka answers, but topics of the catalogue are missing."""


async def preflight(
    endpoints: Endpoints, topics: Collection[str], *, patience_s: float, tell: Callable[[str], None]
) -> None:
    """Return when Redis and Kafka answer and `topics` exist; `tell` is called with what is still missing.

    Raises:
        DependencyError: something was missing after `patience_s`, or waiting cannot mend it.
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(_wait(lambda: _check_redis(endpoints.redis_url), patience_s, tell))
        group.create_task(_wait(lambda: _check_kafka(endpoints.bootstrap_servers, topics), patience_s, tell))


async def _check_redis(url: str) -> None:
    await probe_redis(url)


async def _check_kafka(bootstrap_servers: str, topics: Collection[str]) -> None:
    require_compatible(await probe_kafka(bootstrap_servers))
    async with Cluster.connect(bootstrap_servers) as cluster:
        live = await cluster.read()
    missing = sorted(name for name in topics if name not in live.topics)
    if missing:
        others = f" and {len(missing) - 1} more are" if len(missing) > 1 else " is"
        raise MissingTopicsError(
            f"Topic {missing[0]}{others} missing in Kafka at {bootstrap_servers}.",
            hint="Run: alphapanda topics bootstrap",
        )


async def _wait(check: Callable[[], Awaitable[None]], patience_s: float, tell: Callable[[str], None]) -> None:
    last: DependencyError | None = None
    async with up_to(patience_s) as limit:
        while not limit.expired():
            try:
                return await check()
            except _NOT_BY_WAITING:
                raise
            except DependencyError as error:
                last = error
                tell(error.message)
            await asyncio.sleep(PAUSE_S)
    raise last or DependencyError(f"Nothing answered within {patience_s:g} s.")
