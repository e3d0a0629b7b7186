"""The external tier: a Kafka or Redpanda and a Redis run by others."""

from __future__ import annotations

import asyncio

from alphapanda.errors import AlphaPandaError, ConfigError, first_error
from alphapanda.infra.base import ChildSpec, Endpoints
from alphapanda.infra.progress import ProgressReporter
from alphapanda.infra.redis_probe import probe_redis
from alphapanda.kafka.probe import parse_servers, probe_kafka, require_compatible
from alphapanda.settings import Settings


class ExternalTier:
    """Servers by address: nothing to start, everything to check."""

    def __init__(self, settings: Settings) -> None:
        self._endpoints = Endpoints(
            bootstrap_servers=settings.kafka.bootstrap_servers, redis_url=settings.redis.url.get_secret_value()
        )

    async def prepare(self, _progress: ProgressReporter) -> None:
        """Check that both addresses were given.

        Raises:
            ConfigError: one is missing or malformed.
        """
        if not self._endpoints.bootstrap_servers:
            raise ConfigError(
                "The external tier has no Kafka: KAFKA__BOOTSTRAP_SERVERS is empty.",
                hint="Set it to host:port, or use INFRA__TIER=embedded.",
            )
        if not self._endpoints.redis_url:
            raise ConfigError(
                "The external tier has no Redis: REDIS__URL is empty.",
                hint="Set it to redis://:password@host:6379/0, or use INFRA__TIER=embedded.",
            )
        parse_servers(self._endpoints.bootstrap_servers)

    def children(self) -> tuple[ChildSpec, ...]:
        """Return nothing: others run them."""
        return ()

    async def ready(self, deadline_s: float) -> Endpoints:
        """Check both servers once: they are up before us.

        Raises:
            KafkaUnreachableError: no Kafka answers.
            IncompatibleServerError: Kafka is too old or too new.
            RedisUnreachableError: Redis does not answer, or refuses the password.
        """
        try:
            async with asyncio.TaskGroup() as group:
                kafka = group.create_task(probe_kafka(self._endpoints.bootstrap_servers, timeout_s=deadline_s))
                group.create_task(probe_redis(self._endpoints.redis_url, timeout_s=deadline_s))
        except* AlphaPandaError as failures:
            raise first_error(failures) from failures
        require_compatible(kafka.result())
        return self._endpoints

    def endpoints(self) -> Endpoints:
        """Return the addresses of the settings."""
        return self._endpoints

    async def idle_work(self) -> None:
        """Do nothing: there is nothing of ours to improve."""
