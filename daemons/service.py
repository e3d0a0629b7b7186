"""The interface between a daemon and the runtime: a name, and a coroutine that runs until it is told to stop."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from alphapanda.kafka.client import KafkaOptions

if TYPE_CHECKING:
    from alphapanda.clock import Clock
    from alphapanda.deployment import Deployment
    from alphapanda.infra.base import Endpoints
    from alphapanda.settings import Settings
    from alphapanda.telemetry.health import Health
    from alphapanda.telemetry.log import Logger
    from alphapanda.telemetry.metrics import Metrics


LOG_PART = "kafka"
"""The part of a daemon's health that stands for its connection to Kafka."""


@dataclass(frozen=True, slots=True)
class DaemonContext:
    """Everything that the runtime gives to a service.

    Attributes:
        deployment: the folder it works in.
        settings: validated; credentials of other brokers are not in it.
        clock: the time of day.
        log: of this process, on channel `app`; `log.bind(channel=Channel.TRADING)` gives another.
        metrics: of this process, served at `/metrics`.
        health: `ready()` once recovered, `not_ready(reason)` while not; goes to the supervisor and to `/readyz`.
        endpoints: of Kafka and Redis, which have answered; all topics of the catalogue exist.
        stop: set when the daemon is to drain.
        accept_log_reset: start empty when the log is shorter than the snapshot, instead of refusing.
        lost: what was dropped since the start, by kind (`ticks`); the supervisor raises alerts for it.
    """

    deployment: Deployment
    settings: Settings
    clock: Clock
    log: Logger
    metrics: Metrics
    health: Health
    endpoints: Endpoints
    stop: asyncio.Event
    accept_log_reset: bool = False
    lost: Counter[str] = field(default_factory=Counter[str])


class DaemonService(Protocol):
    """The work of one daemon."""

    @property
    def name(self) -> str:
        """The daemon's name in the catalogue: `feed`, `risk.paper`."""
        ...

    async def run(self, context: DaemonContext) -> None:
        """Recover, say `context.health.ready()`, work; when `context.stop` is set: drain, close and return.

        Draining has a deadline, after which the coroutine is cancelled: a cancelled service commits nothing.
        Returning without having been told to stop is an error; raising an `AlphaPandaError` ends the daemon with
        that error's exit code.
        """
        ...


def kafka_options(context: DaemonContext, name: str) -> KafkaOptions:
    """Return how the daemon `name` reaches Kafka."""
    return KafkaOptions.from_settings(context.settings.kafka, context.endpoints.bootstrap_servers, name)
