"""A daemon's HTTP on loopback: its metrics, its health, and the counts of its logs."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Protocol, Self

from prometheus_client import exposition

from alphapanda.clock import Clock, SystemClock
from alphapanda.errors import DependencyError
from alphapanda.telemetry.health import Health
from alphapanda.telemetry.http_server import HttpReply, HttpRequest, HttpServer, json_reply
from alphapanda.telemetry.log import Channel, Logger
from alphapanda.telemetry.logs import get_logger
from alphapanda.telemetry.metrics import Metrics
from alphapanda.telemetry.sinks import LogStats


class ApiConfig(Protocol):
    """What the settings say about HTTP (`API__*`)."""

    @property
    def host(self) -> str:
        """The address to listen on."""
        ...

    @property
    def cors_origins(self) -> Collection[str]:
        """Origins that a browser may ask from."""
        ...


class TelemetryServer:
    """Serves `/metrics`, `/healthz`, `/readyz` and `/api/v1/logs/stats` while it is entered.

    Args:
        settings: the address, and who may ask from a browser.
        port: where to listen; 0 lets the system choose, `port` then tells.
        metrics: served at `/metrics`.
        health: served at `/readyz`.
        log_stats: served at `/api/v1/logs/stats`.
        log: gets one line a request, on the channel `api`.
        clock: measures how long answers take.
    """

    def __init__(
        self,
        settings: ApiConfig,
        port: int,
        metrics: Metrics,
        health: Health,
        log_stats: Callable[[], LogStats],
        *,
        log: Logger | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._host = settings.host
        self._metrics = metrics
        self._health = health
        self._log_stats = log_stats
        metrics.watch_health(health)
        metrics.watch_logs(log_stats)
        self._server = HttpServer(
            settings.host,
            port,
            {
                "/metrics": self._show_metrics,
                "/healthz": self._show_health,
                "/readyz": self._show_readiness,
                "/api/v1/logs/stats": self._show_log_stats,
            },
            log=log.bind(channel=Channel.API) if log else get_logger(Channel.API),
            clock=clock or SystemClock(),
            origins=settings.cors_origins,
            observe=lambda route, status, seconds: metrics.http_seconds(route, status).observe(seconds),
        )

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._server.url

    async def __aenter__(self) -> Self:
        """Listen; raises DependencyError when the port is taken."""
        try:
            await self._server.__aenter__()
        except OSError as problem:
            raise self._cannot_listen(problem) from problem
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Stop listening."""
        await self._server.__aexit__()

    def _cannot_listen(self, problem: OSError) -> DependencyError:
        where = f"{self._host}:{self.port}"
        if problem.errno == errno.EADDRINUSE:
            return DependencyError(
                f"HTTP of {self._metrics.service} cannot listen on {where}: another process has the port.",
                hint=f"Find it with: ss -ltnp 'sport = :{self.port}'",
            )
        return DependencyError(
            f"HTTP of {self._metrics.service} cannot listen on {where}: {problem.strerror or problem}.",
            hint="Check API__HOST.",
        )

    def _show_metrics(self, request: HttpRequest) -> HttpReply:
        encode, content_type = exposition.choose_encoder(request.headers.get("accept", ""))
        return HttpReply(encode(self._metrics.registry), content_type=content_type)

    def _show_health(self, _request: HttpRequest) -> HttpReply:
        return json_reply({"service": self._metrics.service, "alive": True, "schema_version": 1})

    def _show_readiness(self, _request: HttpRequest) -> HttpReply:
        report = self._health.report()
        return json_reply(report, HTTPStatus.OK if report.ready else HTTPStatus.SERVICE_UNAVAILABLE)

    def _show_log_stats(self, _request: HttpRequest) -> HttpReply:
        return json_reply(self._log_stats())
