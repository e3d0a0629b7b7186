"""A daemon's HTTP on loopback: its metrics, its health, and the counts of its logs."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection
from typing import Protocol, Self

import msgspec
from aiohttp import web
from prometheus_client import exposition

from alphapanda.clock import Clock, SystemClock
from alphapanda.errors import DependencyError
from alphapanda.telemetry.health import Health
from alphapanda.telemetry.levels import Channel
from alphapanda.telemetry.log import Logger
from alphapanda.telemetry.logs import get_logger
from alphapanda.telemetry.metrics import Metrics
from alphapanda.telemetry.middleware import access_log, cors, errors_as_json, request_ids
from alphapanda.telemetry.stats import LogStats

SHUTDOWN_TIMEOUT_S = 2.0


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
    """Serves `/metrics`, `/healthz`, `/readyz` and `/api/v1/logs/stats` while it is entered."""

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
        """Prepare the routes.

        Args:
            settings: the address, and who may ask from a browser.
            port: where to listen; 0 lets the system choose, `port` then tells.
            metrics: what `/metrics` shows.
            health: what `/readyz` answers.
            log_stats: what `/api/v1/logs/stats` answers.
            log: gets one line a request, on the channel `api`.
            clock: measures how long answers take.
        """
        self._settings = settings
        self._port = port
        self._metrics = metrics
        self._health = health
        self._log_stats = log_stats
        metrics.watch_health(health)
        metrics.watch_logs(log_stats)
        clock = clock or SystemClock()
        access = log.bind(channel=Channel.API) if log else get_logger(Channel.API)
        self._app = web.Application(
            middlewares=[
                request_ids(),
                access_log(access, metrics, clock),
                cors(frozenset(settings.cors_origins)),
                errors_as_json(access),
            ]
        )
        self._app.add_routes(
            [
                web.get("/metrics", self._show_metrics),
                web.get("/healthz", self._show_health),
                web.get("/readyz", self._show_readiness),
                web.get("/api/v1/logs/stats", self._show_log_stats),
            ]
        )
        self._runner = web.AppRunner(
            self._app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_TIMEOUT_S
        )

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """Where it answers."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return f"http://{host}:{self._port}"

    async def __aenter__(self) -> Self:
        """Listen; raises DependencyError when the port is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._port)
        try:
            await site.start()
        except OSError as problem:
            await self._runner.cleanup()
            raise self._cannot_listen(problem) from problem
        self._port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Stop listening, let answers under way finish for two seconds, and close."""
        await self._runner.cleanup()

    def _cannot_listen(self, problem: OSError) -> DependencyError:
        where = f"{self._settings.host}:{self._port}"
        if problem.errno == errno.EADDRINUSE:
            return DependencyError(
                f"HTTP of {self._metrics.service} cannot listen on {where}: another process has the port.",
                hint=f"Find it with: ss -ltnp 'sport = :{self._port}'",
            )
        return DependencyError(
            f"HTTP of {self._metrics.service} cannot listen on {where}: {problem.strerror or problem}.",
            hint="Check API__HOST.",
        )

    async def _show_metrics(self, request: web.Request) -> web.Response:
        encode, content_type = exposition.choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._metrics.registry), headers={"Content-Type": content_type})

    async def _show_health(self, _request: web.Request) -> web.Response:
        return _json({"service": self._metrics.service, "alive": True, "schema_version": 1})

    async def _show_readiness(self, _request: web.Request) -> web.Response:
        report = self._health.report()
        return _json(report, status=200 if report.ready else 503)

    async def _show_log_stats(self, _request: web.Request) -> web.Response:
        return _json(self._log_stats())


def _json(body: object, *, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
