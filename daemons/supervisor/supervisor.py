"""Runs the processes of one deployment according to the desired state, and publishes every change."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from alphapanda.clock import Clock
from alphapanda.errors import AlphaPandaError, UnknownNameError
from alphapanda.infra.control.protocol import Applied, Apply, ProcessEvent
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.infra.control.run_records import RunRecord, RunRecords, end_orphans
from alphapanda.infra.identity import ProcessIdentity
from alphapanda.infra.ports import is_free
from alphapanda.infra.process import ManagedProcess
from alphapanda.infra.startup import find_stray
from alphapanda.model.process_status import OrphanPolicy, ProcessState, ProcessStatus, UnitKind
from alphapanda.telemetry.log import Logger
from daemons.notify import DaemonNotice
from daemons.supervisor.event_bus import EventBus
from daemons.supervisor.incidents import IncidentRecorder, user_name
from daemons.supervisor.plan import (
    DesiredState,
    ProcessSpec,
    StartPlan,
    difference,
    remembered_state,
    with_selection,
)
from daemons.supervisor.process_controller import ProcessController


class SystemUnits(Protocol):
    """The processes of a deployment under the present settings and files."""

    @property
    def plan(self) -> StartPlan:
        """Every process that this deployment can have."""
        ...

    async def idle_work(self) -> None:
        """Do the work that can wait until all processes are ready; may be cancelled at any time."""
        ...


class Supervisor:
    """The processes of one deployment. Its operations run one after the other.

    Attributes:
        plan: the processes that run, or are to run.
        desired: the operator's wishes.
        events: the bus that changes are published on.
    """

    def __init__(
        self,
        paths: RunPaths,
        clock: Clock,
        log: Logger,
        pid: int,
        build_units: Callable[[Apply, DesiredState], Awaitable[SystemUnits]],
        incidents: IncidentRecorder,
    ) -> None:
        """Prepare; nothing runs before `apply`.

        Args:
            paths: the supervisor's files.
            clock: of starts, delays and events.
            log: the supervisor's.
            pid: of this process: the daemons end when it dies.
            build_units: builds the processes under the present settings; raises ConfigError, DependencyError.
            incidents: records what is done and what goes wrong.
        """
        self.plan = StartPlan()
        self.desired = remembered_state(paths.desired_state)
        self.events = EventBus()
        self.clock = clock
        self._paths = paths
        self._log = log
        self._pid = pid
        self._build_units = build_units
        self._incidents = incidents
        self._run_records = RunRecords(paths.run_records)
        self._controllers: dict[str, ProcessController] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lock = asyncio.Lock()
        self._random = random.Random()  # noqa: S311 - jitter, not secrets
        self._units: SystemUnits | None = None
        self._idle_work: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None

    async def serve(self, until: asyncio.Event) -> None:
        """Supervise until `until` is set; processes that still run then are left alone."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await until.wait()
            for task in (*self._tasks.values(), *filter(None, [self._idle_work])):
                task.cancel()
        self.events.close()

    # ------------------------------------------------------------ operations

    async def apply(self, request: Apply, actor: str = "") -> Applied:
        """Apply the desired state: stop unplanned processes, restart changed ones, start missing ones.

        Returns when stops are done and starts have begun.

        Args:
            request: the operator's wishes.
            actor: the user who asks; the user of this process when not given.

        Raises:
            ConfigError: settings or files are invalid; nothing was changed.
            UnknownNameError: a name is not in the plan.
        """
        async with self._lock:
            desired = self._merged(request)
            units = await self._build_units(request, desired)
            desired = with_selection(desired, request, units.plan, self.plan)
            wanted = units.plan
            if desired.selection is not None:
                known = [name for name in desired.selection if name in wanted.by_name]
                wanted = wanted.select(known, with_needs=False)
            change = self._change(wanted)
            if request.dry_run:
                return change
            self.desired = desired
            desired.save(self._paths.desired_state)
            self._units = units
            acts = {"start": change.start, "restart": change.restart, "stop": change.stop}
            with self._incidents.act(actor or user_name(), **acts):
                await self._carry_out(wanted, change, request)
            return change

    async def restart(self, names: Sequence[str], actor: str = "") -> None:
        """Stop `names` in reverse order and start them again, as asked by `actor`; raises UnknownNameError."""
        async with self._lock:
            with self._incidents.act(actor or user_name(), restart=names):
                await self._restart(self._known(names))

    async def stop(self, names: Sequence[str] = (), actor: str = "") -> None:
        """Stop `names`, or all, each after what needs it, as asked by `actor`; raises UnknownNameError."""
        async with self._lock:
            with self._incidents.act(actor or user_name(), stop=names or self.plan.order):
                chosen = self._known(names) if names else self.plan.order
                self._log.info("stop asked for", names=chosen)
                await self._cancel_idle_work()
                await self._stop(chosen)

    def forget(self) -> None:
        """Clear the desired state: the system was taken down on purpose."""
        self.desired = DesiredState()
        self._paths.desired_state.unlink(missing_ok=True)

    def kill_all(self) -> None:
        """Kill every process now."""
        for controller in self._controllers.values():
            controller.kill()

    def on_notice(self, notice: DaemonNotice) -> None:
        """Handle a state report from a daemon."""
        controller = self._controllers.get(notice.name)
        if controller is not None:
            controller.on_notice(notice)

    # ------------------------------------------------------------ questions

    @property
    def controllers(self) -> tuple[ProcessController, ...]:
        """Return all controllers, in dependency order."""
        return tuple(self._controllers[name] for name in self.plan.order if name in self._controllers)

    def pids(self) -> dict[str, int]:
        """Return the pids of the running processes, by name."""
        return {
            controller.name: controller.current_run.process.pid
            for controller in self.controllers
            if controller.current_run is not None
        }

    def status_of(self, controller: ProcessController) -> ProcessStatus:
        """Return the status of one process, without its CPU and memory."""
        spec, run = controller.spec, controller.current_run
        return ProcessStatus(
            name=controller.name,
            kind=spec.kind,
            state=controller.state,
            reason=controller.reason,
            since=controller.since,
            pid=run.process.pid if run else None,
            uptime_s=run.uptime_s(self.clock.monotonic()) if run else None,
            restarts=controller.restarts,
            last_exit=controller.last_exit,
            adopted=bool(run and run.process.adopted),
            needs=spec.needs,
            orphan=spec.orphan,
            url=spec.url,
            retry_in_s=controller.retry_in_s,
        )

    # ------------------------------------------------------------ SupervisorContext, for the controllers

    def random(self) -> float:
        """Return a number in [0, 1), for jitter."""
        return self._random.random()

    def blockers(self, spec: ProcessSpec) -> tuple[str, ...]:
        """Return the processes that `spec` needs and that are not up, each with its state."""
        needed = [self._controllers[name] for name in spec.needs if name in self._controllers]
        return tuple(
            f"{controller.name} ({controller.state})" for controller in needed if not controller.state.is_up
        )

    def spawn(self, spec: ProcessSpec, extra_args: tuple[str, ...]) -> ManagedProcess:
        """Start a process, or adopt the one that an earlier supervisor left; raises DependencyError."""
        process = self._adopt(spec)
        if process is None:
            child = spec.child
            if spec.announces:
                child = replace(child, argv=(*child.argv, "--gated", *self._lifeline(spec), *extra_args))
            process = ManagedProcess.spawn(child)
        with self._tolerate_disk_errors():
            self._run_records.started(self._record_of(spec, process.identity))
        self._log.info("adopted" if process.adopted else "spawned", process=spec.name, pid=process.pid)
        return process

    def ended(self, spec: ProcessSpec, process: ManagedProcess) -> None:
        """Record that a process has ended."""
        with self._tolerate_disk_errors():
            self._run_records.ended(spec.name, process.identity)

    def changed(self, controller: ProcessController, before: ProcessState, tail: tuple[str, ...]) -> None:
        """Log and publish a change, and wake the processes that depend on it."""
        status = self.status_of(controller)
        self.events.publish(ProcessEvent(at=self.clock.now(), before=before, process=status, output_tail=tail))
        if before is controller.state:
            return
        self._incidents.on_change(before, status)
        write = self._log.error if controller.state.is_stuck else self._log.info
        write(
            "process changed",
            process=controller.name,
            before=str(before),
            state=str(controller.state),
            reason=controller.reason,
            last_exit=controller.last_exit,
        )
        for other in self._controllers.values():
            if controller.name in other.spec.needs:
                other.wake()
        self._begin_idle_work()

    def lost(self, controller: ProcessController, what: str, count: int) -> None:
        """Raise an alert for ticks or log lines that a process dropped."""
        self._incidents.on_loss(controller.name, what, count)

    # ------------------------------------------------------------ parts

    @contextmanager
    def _tolerate_disk_errors(self) -> Iterator[None]:
        """Log a disk error and continue: the identity files still identify every process."""
        try:
            yield
        except OSError as error:
            self._log.error("run records cannot be written", reason=str(error))

    def _merged(self, request: Apply) -> DesiredState:
        return DesiredState(
            overrides={**self.desired.overrides, **request.overrides}, selection=self.desired.selection
        )

    def _change(self, wanted: StartPlan) -> Applied:
        change = difference(self.plan, wanted)
        resting = [name for name in change.keep if self._rests(name)]
        return Applied(
            start=tuple(name for name in wanted.order if name in {*change.start, *resting}),
            restart=change.restart,
            stop=change.stop,
            keep=tuple(name for name in change.keep if name not in resting),
        )

    def _rests(self, name: str) -> bool:
        """Whether `name` stays down until an operator runs `up`."""
        state = self._controllers[name].state
        return state is ProcessState.STOPPED or state.is_stuck

    async def _carry_out(self, wanted: StartPlan, change: Applied, request: Apply) -> None:
        self._log.info("applying", start=change.start, restart=change.restart, stop=change.stop)
        await self._end_unplanned(wanted)
        await self._stop([*change.stop, *change.restart])
        for name in change.stop:
            self._tasks.pop(name).cancel()
            del self._controllers[name]
        self.plan = wanted
        assert self._group is not None
        for spec in wanted:
            controller = self._controllers.get(spec.name)
            if controller is None:
                controller = self._controllers[spec.name] = ProcessController(spec, self)
                self._tasks[spec.name] = self._group.create_task(
                    controller.run(), name=f"controller of {spec.name}"
                )
            else:
                controller.replace(spec)
        extra = ("--accept-log-reset",) if request.accept_log_reset else ()
        begun = {*change.start, *change.restart}
        for spec in wanted:
            if spec.name in begun:
                self._controllers[spec.name].start(extra if spec.kind is UnitKind.DAEMON else ())

    async def _end_unplanned(self, wanted: StartPlan) -> None:
        """End the orphans of an earlier supervisor that will not be adopted."""
        orphans = [
            entry
            for entry in self._run_records.survivors
            if entry.name not in self._controllers
            and not (entry.name in wanted.by_name and self._adoptable(wanted.by_name[entry.name]))
        ]
        await end_orphans(self._paths, orphans, self._log.warning)
        self._run_records.forget_the_dead()

    def _adoptable(self, spec: ProcessSpec) -> bool:
        entry = self._run_records.get(spec.name)
        return (
            entry is not None
            and spec.orphan is OrphanPolicy.SURVIVE
            and entry.digest == spec.digest
            and entry.identity.alive
        )

    def _adopt(self, spec: ProcessSpec) -> ManagedProcess | None:
        """Return an orphan of `spec`, found by run record, identity file or command line."""
        if self._adoptable(spec):
            entry = self._run_records.get(spec.name)
            return ManagedProcess.adopt(spec.child, entry.identity if entry else None)
        if spec.orphan is OrphanPolicy.STOP:
            return None
        orphan = ManagedProcess.adopt(spec.child)
        if orphan is None and not all(is_free(port) for port in spec.child.ports):
            stray = find_stray(spec.child)
            orphan = ManagedProcess.adopt(spec.child, stray) if stray else None
        return orphan

    def _record_of(self, spec: ProcessSpec, identity: ProcessIdentity) -> RunRecord:
        return RunRecord(
            name=spec.name,
            identity=identity,
            digest=spec.digest,
            place=self.plan.order.index(spec.name),
            orphan=spec.orphan,
            stop_signal=spec.child.stop_signal,
            grace_s=spec.child.grace_s,
        )

    def _lifeline(self, spec: ProcessSpec) -> tuple[str, ...]:
        return ("--supervisor", str(self._pid)) if spec.orphan is OrphanPolicy.STOP else ()

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        wanted = set(names)
        for name in wanted:
            if name not in self._controllers:
                raise UnknownNameError("process", name, self._controllers)
        return tuple(name for name in self.plan.order if name in wanted)

    async def _restart(self, chosen: Sequence[str]) -> None:
        self._log.info("restart asked for", names=chosen)
        await self._stop(chosen)
        for name in chosen:
            self._controllers[name].start()

    async def _stop(self, names: Iterable[str]) -> None:
        """Stop `names` in reverse dependency order, one level at a time."""
        chosen = set(names)
        for level in reversed(self.plan.levels):
            controllers = [self._controllers[name] for name in level if name in chosen]
            for controller in controllers:
                controller.stop()
            for controller in controllers:
                await controller.stopped()

    def _begin_idle_work(self) -> None:
        all_up = all(controller.state.is_up for controller in self._controllers.values())
        if not all_up or self._units is None or self._idle_work is not None or self._group is None:
            return
        self._idle_work = self._group.create_task(self._do_idle_work(self._units), name="idle work")

    async def _do_idle_work(self, units: SystemUnits) -> None:
        try:
            await units.idle_work()
        except AlphaPandaError as error:
            self._log.warning("idle work failed", reason=str(error))

    async def _cancel_idle_work(self) -> None:
        if self._idle_work is not None:
            self._idle_work.cancel()
            await asyncio.wait({self._idle_work})
            self._idle_work = None
