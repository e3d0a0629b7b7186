"""Runs one daemon in the foreground: the same under systemd, in a container, and under our supervisor.

Settings → logs, metrics, HTTP → gate (supervised only) → preflight → the service → drain with a deadline.
A service is written against `DaemonService` and `DaemonContext`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from alphapanda.clock import Clock, SystemClock
from alphapanda.deployment import Deployment
from alphapanda.errors import AlphaPandaError, InvariantError
from alphapanda.exit_codes import ExitCode
from alphapanda.infra.base import Endpoints
from alphapanda.infra.ports import PortBook
from alphapanda.infra.tiers import tier_for
from alphapanda.kafka.watch import watch_kafka
from alphapanda.settings import Settings, load
from alphapanda.settings.model import declared_topics
from alphapanda.telemetry.health import Health, HealthReport
from alphapanda.telemetry.http import TelemetryServer
from alphapanda.telemetry.log import Logger
from alphapanda.telemetry.logs import LogSystem, configure_logging
from alphapanda.telemetry.metrics import Metrics
from alphapanda.waits import unless_set
from daemons.catalogue import DaemonSpec, find, services
from daemons.credentials import own_credentials, secret_texts
from daemons.exit_report import code_of, known_errors, leaves, lines_of
from daemons.notify import Notifier
from daemons.preflight import preflight
from daemons.service import LOG_PART, DaemonContext, DaemonService

__all__ = ["DaemonContext", "DaemonService", "RunOptions", "run_daemon", "run_service"]

HEARTBEAT_S = 5.0
DRAIN_SHARE = 0.8
"""The share of the supervisor's stop timeout that draining may take; the rest is for closing."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a daemon is run.

    Attributes:
        gated: wait for SIGUSR1 before touching Kafka: a supervisor starts daemons early and signals them when
            their dependencies are ready.
        console: whether logs also go to stderr.
        accept_log_reset: given to the service.
    """

    gated: bool = False
    console: bool = True
    accept_log_reset: bool = False


def run_daemon(
    name: str, deployment: Deployment, environ: Mapping[str, str], options: RunOptions | None = None
) -> int:
    """Run the daemon `name` of `deployment` until it is told to stop; return its exit code."""
    try:
        settings = load(deployment, environ).settings
        spec = find(services(settings), name)
        settings = own_credentials(settings, spec.broker)
        endpoints = tier_for(settings, deployment, SystemClock()).endpoints()
    except AlphaPandaError as error:
        return _refuse(error, options or RunOptions())
    return run_service(spec, deployment, settings, endpoints, environ, options)


def run_service(
    spec: DaemonSpec,
    deployment: Deployment,
    settings: Settings,
    endpoints: Endpoints,
    environ: Mapping[str, str],
    options: RunOptions | None = None,
) -> int:
    """Run the service of `spec` until it is told to stop; return its exit code."""
    runtime = _Runtime(spec, deployment, settings, endpoints, environ, options or RunOptions())
    try:
        return asyncio.run(runtime.live())
    except asyncio.CancelledError:
        # The second signal: do not wait for the drain.
        return ExitCode.INTERRUPTED


def _refuse(error: AlphaPandaError, options: RunOptions) -> int:
    for line in lines_of(error):
        sys.stderr.write(f"{'error: ' if options.console else ''}{line}\n")
    return code_of(error)


class _Runtime:
    """One life."""

    def __init__(
        self,
        spec: DaemonSpec,
        deployment: Deployment,
        settings: Settings,
        endpoints: Endpoints,
        environ: Mapping[str, str],
        options: RunOptions,
    ) -> None:
        self._spec = spec
        self._deployment = deployment
        self._settings = settings
        self._endpoints = endpoints
        self._environ = environ
        self._options = options
        self._clock: Clock = SystemClock()
        self._stop = asyncio.Event()
        self._gate = asyncio.Event()
        self._drain_s = settings.supervisor.stop_timeout_s * DRAIN_SHARE

    async def live(self) -> int:
        """Open logs, metrics and HTTP, run the service, and report how it ended."""
        self._deployment.prepare()
        main = asyncio.current_task()
        assert main is not None
        self._handle_signals(main)
        with (
            configure_logging(
                self._settings.logging,
                self._deployment,
                self._spec.name,
                console=self._options.console,
                secrets=secret_texts(self._settings, self._endpoints),
                environ=self._environ,
            ) as logs,
            Notifier.from_environ(self._environ, self._spec.name) as notifier,
        ):
            metrics = Metrics(self._spec.name, self._spec.scope, self._clock)
            health = Health(self._spec.name, self._clock)
            metrics.watch_health(health)
            health.subscribe(lambda report: _push(notifier, report))
            port = PortBook(self._deployment).port(self._spec.name)
            try:
                async with AsyncExitStack() as stack:
                    server = TelemetryServer(
                        self._settings.api, port, metrics, health, logs.stats, log=logs.log, clock=self._clock
                    )
                    await stack.enter_async_context(server)
                    context = DaemonContext(
                        deployment=self._deployment,
                        settings=self._settings,
                        clock=self._clock,
                        log=logs.log,
                        metrics=metrics,
                        health=health,
                        endpoints=self._endpoints,
                        stop=self._stop,
                        accept_log_reset=self._options.accept_log_reset,
                    )
                    await self._work(context, notifier, logs)
            except Exception as error:  # noqa: BLE001 - the last place where anything can be said
                return self._report_end(error, logs.log)
            else:
                return ExitCode.OK

    def _handle_signals(self, main: asyncio.Task[int]) -> None:
        loop = asyncio.get_running_loop()

        def asked_to_stop() -> None:
            if self._stop.is_set():
                main.cancel()
            self._stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked_to_stop)
        loop.add_signal_handler(signal.SIGUSR1, self._gate.set)

    async def _work(self, context: DaemonContext, notifier: Notifier, logs: LogSystem) -> None:
        """Wait for the dependencies, then run the service; a request to stop ends either."""
        async with asyncio.TaskGroup() as group:
            pulse = group.create_task(
                _beat(notifier, lambda: {**context.lost, "log lines": logs.stats().dropped}), name="heartbeat"
            )
            try:
                # Its imports are done before the gate, while others start.
                service = self._spec.factory()
                if self._options.gated:
                    context.health.not_ready("waits for what it needs")
                    notifier.waiting("waits for what it needs")
                    await unless_set(self._stop, self._gate.wait())
                if not self._stop.is_set():
                    topics = [str(topic.name) for topic in declared_topics(context.settings)]
                    check = preflight(
                        context.endpoints,
                        topics,
                        patience_s=context.settings.supervisor.ready_timeout_s,
                        tell=context.health.not_ready,
                    )
                    await unless_set(self._stop, check)
                if not self._stop.is_set():
                    context.health.not_ready("recovers")
                    await self._serve(service, context, notifier)
            finally:
                pulse.cancel()

    async def _serve(self, service: DaemonService, context: DaemonContext, notifier: Notifier) -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(service.run(context), name=service.name)
            watching = group.create_task(_watch_log(context), name="log")
            running.add_done_callback(lambda _: watching.cancel())
            stopping = group.create_task(self._stop.wait(), name="stop")
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not self._stop.is_set():
                stopping.cancel()
                if running.exception() is None:
                    raise InvariantError(f"{service.name} ended without having been told to stop.")
                return
            context.health.not_ready("drains")
            notifier.stopping("drains")
            context.log.info("draining", deadline_s=self._drain_s)
            _, late = await asyncio.wait({running}, timeout=self._drain_s)
            if late:
                running.cancel()
                raise InvariantError(f"{service.name} had not drained after {self._drain_s:g} s and was cut off.")

    def _report_end(self, error: Exception, log: Logger) -> int:
        """Report why the daemon ends, to stderr and the log: one line for an error of ours, else the traceback."""
        ours = known_errors(error)
        code = code_of(error)
        if ours:
            for line in (line for each in ours for line in lines_of(each)):
                log.error("ended", reason=line, exit_code=int(code))
                if not self._options.console:  # where the log does not say it already
                    sys.stderr.write(f"{line}\n")
        else:
            log.critical("crashed", exc_info=error, exit_code=int(code))
            # Without the frames of task groups, so that the last line says what happened.
            for leaf in leaves(error):
                traceback.print_exception(leaf)
        return code


async def _watch_log(context: DaemonContext) -> None:
    """Report not ready while Kafka does not answer: an idle client would not notice."""

    def report(problem: str | None) -> None:
        if problem is None:
            context.health.ready(LOG_PART)
        else:
            context.health.not_ready(problem, part=LOG_PART)

    await watch_kafka(context.endpoints.bootstrap_servers, report)


async def _beat(notifier: Notifier, lost: Callable[[], Mapping[str, int]]) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        notifier.alive(lost())


def _push(notifier: Notifier, report: HealthReport) -> None:
    if report.ready:
        notifier.ready(report.status)
    else:
        notifier.unready("; ".join(report.reasons))
