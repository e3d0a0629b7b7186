"""Controls one process: starts it, follows its state, restarts it when it ends unexpectedly, stops it."""

from __future__ import annotations

import asyncio
import signal
from datetime import datetime
from typing import Protocol

from alphapanda.clock import Clock
from alphapanda.errors import AlphaPandaError, InvariantError
from alphapanda.infra.process import ExitStatus, ManagedProcess
from alphapanda.model.process_status import ProcessState, UnitKind
from daemons.notify import DaemonNotice
from daemons.supervisor.inspection import age_s, size_of, tail_lines
from daemons.supervisor.lifecycle import ProcessTransition, RestartDecision, RestartHistory, RunSummary, after
from daemons.supervisor.plan import ProcessSpec
from daemons.supervisor.process_run import ProcessRun

SILENT_S = 20.0
"""A daemon without a heartbeat for this long is degraded. It sends one every few seconds."""
HUNG_S = 60.0
"""A daemon without a heartbeat for this long is killed: its event loop hangs."""

_TRANSITION_OF = {
    RestartDecision.RETRY: ProcessTransition.RETRY,
    RestartDecision.GIVE_UP: ProcessTransition.GIVE_UP,
    RestartDecision.FAIL: ProcessTransition.FAIL,
}


class SupervisorContext(Protocol):
    """The supervisor, as a controller sees it."""

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        ...

    def random(self) -> float:
        """Return a number in [0, 1), for jitter."""
        ...

    def blockers(self, spec: ProcessSpec) -> tuple[str, ...]:
        """Return the processes that `spec` needs and that are not up, each with its state."""
        ...

    def spawn(self, spec: ProcessSpec, extra_args: tuple[str, ...]) -> ManagedProcess:
        """Start a process, or adopt the one that an earlier supervisor left; raises DependencyError."""
        ...

    def ended(self, spec: ProcessSpec, process: ManagedProcess) -> None:
        """Record that a process has ended."""
        ...

    def changed(self, controller: ProcessController, before: ProcessState, tail: tuple[str, ...]) -> None:
        """Publish a change of state or reason."""
        ...

    def lost(self, controller: ProcessController, what: str, count: int) -> None:
        """Report ticks or log lines that the process dropped."""
        ...


class ProcessController:
    """One process and the history of its runs.

    Attributes:
        spec: how to run it; `replace` changes it for the next start.
        state: its state.
        reason: why it is not ready, or its own note while it is.
        since: when it entered its state.
        restarts: starts after the first.
        last_exit: how its last run ended.
        current_run: None without a process.
    """

    def __init__(self, spec: ProcessSpec, context: SupervisorContext) -> None:
        self.spec = spec
        self.state = ProcessState.STOPPED
        self.reason = ""
        self.since: datetime = context.clock.now()
        self.restarts = 0
        self.last_exit = ""
        self.current_run: ProcessRun | None = None
        self._context = context
        self._history = RestartHistory()
        self._starts = 0
        self._wanted = False
        self._begin = False
        self._extra_args: tuple[str, ...] = ()
        self._retry_at = 0.0
        self._wake = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._at_rest.set()

    @property
    def name(self) -> str:
        """The process's name."""
        return self.spec.name

    @property
    def retry_in_s(self) -> float | None:
        """Seconds until the next start, in state backoff."""
        if self.state is not ProcessState.BACKOFF:
            return None
        return max(0.0, self._retry_at - self._context.clock.monotonic())

    # ------------------------------------------------------------ requests

    def start(self, extra_args: tuple[str, ...] = ()) -> None:
        """Request a start; clears the restart history. `extra_args` are for this start only."""
        self._wanted = True
        self._extra_args = extra_args
        if not self.state.has_process:
            self._history = self._history.forgiven()
            self._begin = True
        self.wake()

    def stop(self) -> None:
        """Request a stop; `stopped` waits for it."""
        self._wanted = False
        self._begin = False
        self.wake()

    async def stopped(self) -> None:
        """Wait until the process has ended."""
        while self.state is not ProcessState.STOPPED:
            self._at_rest.clear()
            await self._at_rest.wait()

    def kill(self) -> None:
        """Kill the process now."""
        if self.current_run is not None:
            self.current_run.process.kill()

    def replace(self, spec: ProcessSpec) -> None:
        """Use `spec` for the next start; raises InvariantError while a process of the old one runs."""
        if self.state.has_process and spec.digest != self.spec.digest:
            raise InvariantError(f"{self.name} still runs by its old plan.")
        self.spec = spec

    def wake(self) -> None:
        """Check again what is requested, and the states of the other processes."""
        self._wake.set()

    def on_notice(self, notice: DaemonNotice) -> None:
        """Handle a state report from the process."""
        if self.current_run is not None and self.current_run.process.pid == notice.pid:
            self.current_run.on_notice(notice, self._context.clock.monotonic())
            self.wake()

    # ------------------------------------------------------------ the loop

    async def run(self) -> None:
        """Control the process until cancelled; a process that still runs then is left alone."""
        while True:
            if self._wanted and self._begin:
                self._begin = False
                await self._run_once()
            elif not self._wanted and self.state is not ProcessState.STOPPED:
                self._transition(ProcessTransition.STOP, "")
            elif self.state is ProcessState.BACKOFF:
                self._begin = await self._woken(self.retry_in_s) is False
            else:
                await self._woken(None)

    async def _run_once(self) -> None:
        """Run the process once, from its start to its end, and decide what follows."""
        self._starts += 1
        self.restarts = self._starts - 1
        self._transition(ProcessTransition.START, "")
        began, output_start = self._context.clock.monotonic(), size_of(self.spec.child.log_file)
        extra_args, self._extra_args = self._extra_args, ()
        try:
            process = self._context.spawn(self.spec, extra_args)
        except AlphaPandaError as error:
            self._run_ended(RunSummary(uptime_s=0.0, ready_s=None, exit_code=None), str(error), ())
            return
        if process.adopted:
            began -= age_s(process.pid, self._context.clock.now())
        self.current_run = run = ProcessRun(process, began)
        try:
            asked = await self._until_end(run)
        finally:
            if process.running:
                process.release()
        self.current_run = None
        status = await process.wait()
        self._context.ended(self.spec, process)
        self.last_exit = str(status)
        if asked:
            self._transition(ProcessTransition.GONE, "")
            self._begin = self._wanted
            return
        tail = tail_lines(self.spec.child.log_file, since=0 if process.adopted else output_start)
        self._run_ended(run.summary(status, self._context.clock.monotonic()), self._explain(run, status), tail)

    async def _until_end(self, run: ProcessRun) -> bool:
        """Follow the process until it has ended; return whether a stop was requested."""
        async with asyncio.TaskGroup() as group:
            ending = group.create_task(run.process.wait(), name=f"end of {self.name}")
            ending.add_done_callback(lambda _: self.wake())
            readiness = None if self.spec.announces else group.create_task(self._await_readiness(run))
            asked = await self._watch(run, ending)
            if readiness is not None:
                readiness.cancel()
        return asked

    async def _watch(self, run: ProcessRun, ending: asyncio.Task[ExitStatus]) -> bool:
        while not ending.done():
            if not self._wanted:
                self._transition(ProcessTransition.STOP, "drains")
                await run.process.stop()
                return True
            self._open_gate(run)
            self._update_state(run)
            await self._woken(SILENT_S / 2 if self.spec.announces else None)
        return False

    async def _await_readiness(self, run: ProcessRun) -> None:
        """Wait for a process that does not report its readiness itself; kill it when it cannot be used."""
        try:
            async with asyncio.timeout(self.spec.ready_deadline_s):
                await self.spec.child.ready()
        except TimeoutError:
            run.failure = f"not ready after {self.spec.ready_deadline_s:g} s"
            run.process.kill()
        except AlphaPandaError as error:
            run.failure = str(error)
            run.process.kill()
        else:
            run.mark_ready(self._context.clock.monotonic())
        self.wake()

    def _open_gate(self, run: ProcessRun) -> None:
        if run.gate_open or not self.spec.announces:
            return
        blockers = self._context.blockers(self.spec)
        if blockers:
            self._set_reason(f"waits for {', '.join(blockers)}")
        elif run.waits_at_gate:
            run.open_gate(self._context.clock.monotonic())
            run.process.send_signal(signal.SIGUSR1)
            self._set_reason("starts")

    def _update_state(self, run: ProcessRun) -> None:
        """Update the state from the last report, or from the lack of one."""
        now = self._context.clock.monotonic()
        for what, count in run.new_losses(now).items():
            self._context.lost(self, what, count)
        silence = run.silence_s(now) if self.spec.announces and self.spec.kind is UnitKind.DAEMON else 0.0
        if silence > HUNG_S:
            run.process.kill()
        ready = run.is_ready and silence <= SILENT_S
        reason = f"silent for {silence:.0f} s" if silence > SILENT_S else run.status
        if ready and self.state in {ProcessState.STARTING, ProcessState.DEGRADED}:
            self._transition(ProcessTransition.BECOME_READY, reason)
        elif not ready and self.state is ProcessState.READY:
            self._transition(ProcessTransition.LOSE_READINESS, reason)
        elif run.gate_open or not self.spec.announces:
            self._set_reason(reason)

    def _run_ended(self, run: RunSummary, explanation: str, tail: tuple[str, ...]) -> None:
        """Decide what follows from a run that ended unexpectedly."""
        if self.spec.kind is UnitKind.JOB and run.exit_code == 0:
            self._history = RestartHistory()
            self._transition(ProcessTransition.FINISH, explanation)
            return
        self._history, verdict = self._history.after(run, self.spec.restart)
        delay = self._history.delay_s(self.spec.restart, self._context.random())
        self._retry_at = self._context.clock.monotonic() + delay
        self._transition(_TRANSITION_OF[verdict], explanation, tail)

    def _explain(self, run: ProcessRun, status: ExitStatus) -> str:
        """Return why the process ended, in one line."""
        if run.failure:
            return run.failure
        explained = self.spec.child.explain(run.process.log_tail())
        return str(explained) if explained else str(status)

    # ------------------------------------------------------------ small parts

    async def _woken(self, timeout_s: float | None) -> bool:
        """Wait for `wake`; return False on a timeout."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    def _transition(self, step: ProcessTransition, reason: str, tail: tuple[str, ...] = ()) -> None:
        before = self.state
        self.state = after(before, step)
        self.reason = reason
        self.since = self._context.clock.now()
        if self.state is ProcessState.STOPPED:
            self._at_rest.set()
        self._context.changed(self, before, tail)

    def _set_reason(self, reason: str) -> None:
        if reason != self.reason:
            self.reason = reason
            self._context.changed(self, self.state, ())
