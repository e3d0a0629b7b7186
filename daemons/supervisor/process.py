"""The supervisor process, from start to end: lock, sockets, HTTP, signals, samples, heartbeat."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from alphapanda.clock import Clock, SystemClock
from alphapanda.deployment import Deployment
from alphapanda.errors import AlphaPandaError
from alphapanda.files import write_atomically
from alphapanda.infra.control.outbox import Outbox
from alphapanda.infra.control.protocol import VERSION, Apply, Hello, SystemStatus
from alphapanda.infra.control.run_paths import SUPERVISOR, RunPaths
from alphapanda.infra.identity import IdentityFile, ProcessIdentity
from alphapanda.infra.ports import PortBook
from alphapanda.model.process_status import OrphanPolicy, ProcessState, ProcessStatus, UnitKind
from alphapanda.settings import load
from alphapanda.telemetry.http_server import HttpServer
from alphapanda.telemetry.log import Channel, Logger
from alphapanda.telemetry.logs import configure_logging
from daemons.notify import NoticeListener
from daemons.supervisor.environment import system_variables
from daemons.supervisor.http import supervisor_routes
from daemons.supervisor.incidents import SIGNAL_ACTOR, IncidentRecorder
from daemons.supervisor.inspection import Sampler, keep_bounded
from daemons.supervisor.plan import DesiredState
from daemons.supervisor.server import ControlServer
from daemons.supervisor.supervisor import Supervisor, SystemUnits
from daemons.supervisor.unit_builder import build_units

SAMPLE_S = 5.0

UnitBuilder = Callable[[Deployment, Mapping[str, str], Clock], Awaitable[SystemUnits]]


class Heartbeat(msgspec.Struct, frozen=True):
    """The content of the heartbeat file.

    Attributes:
        at: when it was written, ISO 8601.
        pid: of the supervisor.
        states: the state of each process.
    """

    at: str
    pid: int
    states: Mapping[str, ProcessState]


class SupervisorProcess:
    """One supervisor. `run` returns when everything was stopped."""

    def __init__(
        self, deployment: Deployment, environ: Mapping[str, str], *, build: UnitBuilder = build_units
    ) -> None:
        """Prepare.

        Args:
            deployment: whose processes.
            environ: the operator's; an `Apply` may bring another.
            build: makes the plan; tests give their own.
        """
        self._deployment = deployment
        self._environ = environ
        self._build_units = build
        self._paths = RunPaths(deployment)
        self._clock = SystemClock()
        self._started_at = self._clock.now()
        self._started = self._clock.monotonic()
        self._sampler = Sampler()
        self._end = asyncio.Event()
        self._stops = 0
        self._url = ""
        self._stopping: asyncio.Task[None] | None = None

    async def run(
        self, *, console: bool = False, ready: Callable[[Supervisor], Coroutine[Any, Any, None]] | None = None
    ) -> None:
        """Supervise until told to stop.

        Args:
            console: whether the log also goes to stderr.
            ready: called once requests are answered.

        Raises:
            RefusedError: another supervisor has this deployment.
            ConfigError: the settings cannot be used.
        """
        self._paths.prepare()
        settings = load(self._deployment, self._environ).settings
        async with AsyncExitStack() as stack:
            stack.enter_context(self._paths.hold())
            identity = ProcessIdentity.of(os.getpid())
            assert identity is not None
            IdentityFile(self._paths.identity).write(identity)
            stack.callback(IdentityFile(self._paths.identity).clear, identity)
            logs = configure_logging(
                settings.logging,
                self._deployment,
                SUPERVISOR,
                console=console,
                clock=self._clock,
                environ=self._environ,
            )
            log = stack.enter_context(logs).log
            outbox = Outbox(self._paths.outbox)
            incidents = IncidentRecorder(outbox, self._clock, log)
            supervisor = Supervisor(self._paths, self._clock, log, os.getpid(), self._build, incidents)
            hello = Hello(VERSION, os.getpid(), str(self._deployment.root))
            server = ControlServer(
                self._paths.control_socket,
                hello,
                supervisor,
                lambda: self._status(supervisor),
                self._end.set,
                log,
            )
            await stack.enter_async_context(NoticeListener(self._paths.notify_socket, supervisor.on_notice))
            await stack.enter_async_context(server)
            http = HttpServer(
                settings.api.host,
                PortBook(self._deployment).port(SUPERVISOR),
                supervisor_routes(lambda: self._status(supervisor), lambda: outbox.dropped),
                log=log.bind(channel=Channel.API),
                clock=self._clock,
                origins=settings.api.cors_origins,
            )
            try:
                await stack.enter_async_context(http)
                self._url = http.url
            except OSError as error:
                log.error("no HTTP", port=http.port, reason=str(error))  # noqa: TRY400 - supervision matters more
            try:
                await self._serve(supervisor, log, ready)
            except* AlphaPandaError:
                raise
            except* Exception as defects:
                log.critical("crashed", exc_info=defects)
                raise
            self._paths.heartbeat.unlink(missing_ok=True)

    # ------------------------------------------------------------ parts

    async def _serve(
        self, supervisor: Supervisor, log: Logger, ready: Callable[[Supervisor], Coroutine[Any, Any, None]] | None
    ) -> None:
        async with asyncio.TaskGroup() as group:
            self._handle_signals(supervisor, group, log)
            serving = group.create_task(supervisor.serve(self._end), name="supervisor")
            sampling = group.create_task(self._sample(supervisor, log), name="samples")
            if ready is not None:
                group.create_task(ready(supervisor), name="begin")
            await serving
            sampling.cancel()

    async def _build(self, request: Apply, desired: DesiredState) -> SystemUnits:
        # What the command line said goes over the environment, as it does in every program.
        environ = {**system_variables(self._environ), **request.environ, **desired.overrides}
        return await self._build_units(self._deployment, environ, self._clock)

    def _handle_signals(self, supervisor: Supervisor, group: asyncio.TaskGroup, log: Logger) -> None:
        loop = asyncio.get_running_loop()

        async def stop() -> None:
            await supervisor.stop(actor=SIGNAL_ACTOR)
            supervisor.forget()
            self._end.set()

        def asked_to_stop() -> None:
            self._stops += 1
            if self._stops == 1:
                log.info("asked to stop by a signal")
                self._stopping = group.create_task(stop(), name="stop")
            else:
                log.warning("asked to stop again: kills what is left")
                supervisor.kill_all()

        async def reload() -> None:
            try:
                await supervisor.apply(Apply(environ=self._environ), SIGNAL_ACTOR)
            except AlphaPandaError as error:
                log.warning("settings cannot be applied", reason=str(error))

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked_to_stop)
        loop.add_signal_handler(signal.SIGHUP, lambda: group.create_task(reload(), name="reload"))

    async def _sample(self, supervisor: Supervisor, log: Logger) -> None:
        while True:
            self._sampler.sample({**supervisor.pids(), SUPERVISOR: os.getpid()})
            try:
                self._beat(supervisor)
            except OSError as error:
                # A full disk: supervision continues, the operator clears it.
                log.error("heartbeat not written", reason=str(error))  # noqa: TRY400 - no defect of ours
            await asyncio.sleep(SAMPLE_S)

    def _beat(self, supervisor: Supervisor) -> None:
        """Bound the children's output files and write the heartbeat."""
        for controller in supervisor.controllers:
            if controller.spec.kind is not UnitKind.INFRA:
                keep_bounded(controller.spec.child.log_file)
        states = {controller.name: controller.state for controller in supervisor.controllers}
        beat = Heartbeat(at=self._clock.now().isoformat(), pid=os.getpid(), states=states)
        write_atomically(self._paths.heartbeat, msgspec.json.encode(beat), durable=False)

    def _status(self, supervisor: Supervisor) -> SystemStatus:
        own = ProcessStatus(
            name=SUPERVISOR,
            kind=UnitKind.DAEMON,
            state=ProcessState.STOPPING if self._stops else ProcessState.READY,
            since=self._started_at,
            pid=os.getpid(),
            uptime_s=self._clock.monotonic() - self._started,
            orphan=OrphanPolicy.STOP,
            url=self._url,
        )
        return SystemStatus(
            at=self._clock.now(),
            supervisor=self._with_usage(own),
            processes=tuple(
                self._with_usage(supervisor.status_of(controller)) for controller in supervisor.controllers
            ),
            overrides=supervisor.desired.overrides,
        )

    def _with_usage(self, status: ProcessStatus) -> ProcessStatus:
        usage = self._sampler.usage(status.pid) if status.pid is not None else None
        if usage is None:
            return status
        return msgspec.structs.replace(status, cpu_percent=usage.cpu_percent, rss_bytes=usage.rss_bytes)
