"""Alerts for a Kafka or a Redis that is lost, and for its return."""

from __future__ import annotations

import asyncio

from alphapanda.errors import DependencyError
from alphapanda.infra.control.outbox import Outbox
from alphapanda.infra.redis_probe import probe_redis
from alphapanda.model.control import Alert, Severity
from alphapanda.telemetry.health import HealthReport
from daemons.service import LOG_PART, DaemonContext
from topics.services import MONITOR

EVERY_S = 5.0
REDIS_PART = "redis"


class ConnectionAlerts:
    """Puts an alert into the outbox when a server is lost, and when it answers again.

    Args:
        context: of the daemon.
        outbox: the queue for alerts; it keeps them until Kafka answers.
        server: `Kafka` or `Redis`.
    """

    def __init__(self, context: DaemonContext, outbox: Outbox, server: str) -> None:
        self._context = context
        self._outbox = outbox
        self._server = server
        self._lost_at: float | None = None

    def update(self, problem: str | None) -> None:
        """Take the present state: None while the server answers, else what is wrong."""
        now = self._context.clock.monotonic()
        if problem is not None and self._lost_at is None:
            self._lost_at = now
            self._raise(Severity.CRITICAL, "LOST", f"{self._server} is lost: {problem}")
        elif problem is None and self._lost_at is not None:
            lost_for, self._lost_at = now - self._lost_at, None
            self._raise(Severity.INFO, "RESTORED", f"{self._server} answers again, after {lost_for:.0f} s")

    def _raise(self, severity: Severity, suffix: str, message: str) -> None:
        code = f"{self._server.upper()}_{suffix}"
        alert = Alert(severity=severity, source=MONITOR.name, code=code, message=message)
        try:
            self._outbox.put(self._context.clock.now(), MONITOR.name, alert)
        except OSError as error:
            self._context.log.error("alert not kept", code=code, reason=str(error))  # noqa: TRY400 - no defect


async def watch_connections(context: DaemonContext, outbox: Outbox) -> None:
    """Watch Kafka, by the daemon's own health, and Redis, by asking it; until cancelled."""
    kafka, redis = ConnectionAlerts(context, outbox, "Kafka"), ConnectionAlerts(context, outbox, "Redis")

    def on_health(_report: HealthReport) -> None:
        kafka.update(context.health.reason_of(LOG_PART))

    context.health.subscribe(on_health)
    while True:
        problem = await _redis_problem(context.endpoints.redis_url)
        redis.update(problem)
        if problem is None:
            context.health.ready(REDIS_PART)
        else:
            context.health.not_ready(problem, part=REDIS_PART)
        await asyncio.sleep(EVERY_S)


async def _redis_problem(url: str) -> str | None:
    try:
        await probe_redis(url)
    except DependencyError as error:
        return error.message
    return None
