"""Keeps one process as it is wanted: started, heard, started again when it ends unasked, stopped."""

from __future__ import annotations

import asyncio
import signal
from datetime import datetime
from typing import Protocol

from alphapanda.clock import Clock
from alphapanda.errors import AlphaPandaError, InvariantError
from alphapanda.infra.process import ExitStatus, ManagedProcess
from daemons.supervisor.listener import DaemonNotice
from daemons.supervisor.output import size_of, tail_lines
from daemons.supervisor.plan import ProcessSpec, UnitKind
from daemons.supervisor.process_run import ProcessRun
from daemons.supervisor.restarts import RestartDecision, RestartHistory, Run
from daemons.supervisor.sampling import age_s
from daemons.supervisor.states import ProcessTransition, State, after

SILENT_S = 20.0
"""After so long without a word a daemon counts as degraded. It speaks every few seconds."""
HUNG_S = 60.0
"""After so long without a word it is killed: its event loop does not turn."""

_STEP_OF = {
    RestartDecision.RETRY: ProcessTransition.RETRY,
    RestartDecision.GIVE_UP: ProcessTransition.GIVE_UP,
    RestartDecision.FAIL: ProcessTransition.FAIL,
}


class SupervisorContext(Protocol):
    """What a keeper needs of the supervisor around it."""

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        ...

    def chance(self) -> float:
        """Return a number in [0, 1), for jitter."""
        ...

    def blockers(self, spec: ProcessSpec) -> tuple[str, ...]:
        """Return what `spec` needs and what is not up, each with its state."""
        ...

    def spawn(self, spec: ProcessSpec, extra_args: tuple[str, ...]) -> ManagedProcess:
        """Start a process, or adopt the one that an earlier supervisor left; raises DependencyError."""
        ...

    def ended(self, spec: ProcessSpec, process: ManagedProcess) -> None:
        """Take note that a process is no more."""
        ...

    def changed(self, keeper: ProcessController, before: State, tail: tuple[str, ...]) -> None:
        """Take note that the state or the reason changed."""
        ...


class ProcessController:
    """One process and what is remembered of its lives.

    Attributes:
        spec: how it is run; `replace` gives another for the next start.
        state: how it stands.
        reason: why it is not ready, or what it says of itself.
        since: when it came to its state.
        restarts: starts after the first.
        last_exit: how its last run ended.
        life: the present run; None where there is no process.
    """

    def __init__(self, spec: ProcessSpec, house: SupervisorContext) -> None:
        self.spec = spec
        self.state = State.STOPPED
        self.reason = ""
        self.since: datetime = house.clock.now()
        self.restarts = 0
        self.last_exit = ""
        self.life: ProcessRun | None = None
        self._house = house
        self._tally = RestartHistory()
        self._starts = 0
        self._wanted = False
        self._begin = False
        self._extra_args: tuple[str, ...] = ()
        self._retry_at = 0.0
        self._poke = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._at_rest.set()

    @property
    def name(self) -> str:
        """The process's name."""
        return self.spec.name

    @property
    def retry_in_s(self) -> float | None:
        """Seconds until the next start, in state backoff."""
        if self.state is not State.BACKOFF:
            return None
        return max(0.0, self._retry_at - self._house.clock.monotonic())

    # ------------------------------------------------------------ wishes

    def start(self, extra_args: tuple[str, ...] = ()) -> None:
        """Wish it to run; what had been given up on is forgiven. `extra_args` go to this start alone."""
        self._wanted = True
        self._extra_args = extra_args
        if not self.state.has_process:
            self._tally = self._tally.forgiven()
            self._begin = True
        self.poke()

    def stop(self) -> None:
        """Wish it to be stopped; `stopped` waits for that."""
        self._wanted = False
        self._begin = False
        self.poke()

    async def stopped(self) -> None:
        """Wait until there is no process any more."""
        while self.state is not State.STOPPED:
            self._at_rest.clear()
            await self._at_rest.wait()

    def kill(self) -> None:
        """End the process now, without grace."""
        if self.life is not None:
            self.life.process.kill()

    def replace(self, spec: ProcessSpec) -> None:
        """Take `spec` for the next start; raises InvariantError while a process of the old one runs."""
        if self.state.has_process and spec.digest != self.spec.digest:
            raise InvariantError(f"{self.name} still runs as it was planned before.")
        self.spec = spec

    def poke(self) -> None:
        """Look again at what is wished and what others do."""
        self._poke.set()

    def hear(self, notice: DaemonNotice) -> None:
        """Take in what the process said."""
        if self.life is not None and self.life.process.pid == notice.pid:
            self.life.hear(notice, self._house.clock.monotonic())
            self.poke()

    # ------------------------------------------------------------ the loop

    async def run(self) -> None:
        """Keep it, until cancelled. A process that then still runs is left alone."""
        while True:
            if self._wanted and self._begin:
                self._begin = False
                await self._live()
            elif not self._wanted and self.state is not State.STOPPED:
                self._step(ProcessTransition.STOP, "")
            elif self.state is State.BACKOFF:
                self._begin = await self._poked(self.retry_in_s) is False
            else:
                await self._poked(None)

    async def _live(self) -> None:
        """Run the process once, from its start to its end, and decide what follows."""
        self._starts += 1
        self.restarts = self._starts - 1
        self._step(ProcessTransition.START, "")
        began, output_start = self._house.clock.monotonic(), size_of(self.spec.child.log_file)
        extra_args, self._extra_args = self._extra_args, ()
        try:
            process = self._house.spawn(self.spec, extra_args)
        except AlphaPandaError as error:
            self._conclude(Run(uptime_s=0.0, ready_s=None, exit_code=None), str(error), ())
            return
        if process.adopted:
            began -= age_s(process.pid, self._house.clock.now())
        self.life = life = ProcessRun(process, began)
        try:
            asked = await self._until_end(life)
        finally:
            if process.running:
                process.release()
        self.life = None
        status = await process.wait()
        self._house.ended(self.spec, process)
        self.last_exit = str(status)
        if asked:
            self._step(ProcessTransition.GONE, "")
            self._begin = self._wanted
            return
        tail = tail_lines(self.spec.child.log_file, since=0 if process.adopted else output_start)
        self._conclude(life.summary(status, self._house.clock.monotonic()), self._explain(life, status), tail)

    async def _until_end(self, life: ProcessRun) -> bool:
        """Follow the process until it has ended; return whether it was asked to."""
        async with asyncio.TaskGroup() as group:
            ending = group.create_task(life.process.wait(), name=f"end of {self.name}")
            ending.add_done_callback(lambda _: self.poke())
            readiness = None if self.spec.announces else group.create_task(self._await_readiness(life))
            asked = await self._watch(life, ending)
            if readiness is not None:
                readiness.cancel()
        return asked

    async def _watch(self, life: ProcessRun, ending: asyncio.Task[ExitStatus]) -> bool:
        while not ending.done():
            if not self._wanted:
                self._step(ProcessTransition.STOP, "drains")
                await life.process.stop()
                return True
            self._open_gate(life)
            self._take_in(life)
            await self._poked(SILENT_S / 2 if self.spec.announces else None)
        return False

    async def _await_readiness(self, life: ProcessRun) -> None:
        """Wait for a process that does not tell its readiness itself; end it when it cannot be used."""
        try:
            async with asyncio.timeout(self.spec.ready_deadline_s):
                await self.spec.child.ready()
        except TimeoutError:
            life.verdict = f"not ready after {self.spec.ready_deadline_s:g} s"
            life.process.kill()
        except AlphaPandaError as error:
            life.verdict = str(error)
            life.process.kill()
        else:
            life.ready_now(self._house.clock.monotonic())
        self.poke()

    def _open_gate(self, life: ProcessRun) -> None:
        if life.may_go_on or not self.spec.announces:
            return
        blockers = self._house.blockers(self.spec)
        if blockers:
            self._say(f"waits for {', '.join(blockers)}")
        elif life.waits_at_gate:
            life.go_on(self._house.clock.monotonic())
            life.process.send_signal(signal.SIGUSR1)
            self._say("starts")

    def _take_in(self, life: ProcessRun) -> None:
        """Bring the state into step with what the process says, or no longer says."""
        now = self._house.clock.monotonic()
        silence = life.silence_s(now) if self.spec.announces and self.spec.kind is UnitKind.DAEMON else 0.0
        if silence > HUNG_S:
            life.process.kill()
        ready = life.is_ready and silence <= SILENT_S
        reason = f"silent for {silence:.0f} s" if silence > SILENT_S else life.status
        if ready and self.state in {State.STARTING, State.DEGRADED}:
            self._step(ProcessTransition.BECOME_READY, reason)
        elif not ready and self.state is State.READY:
            self._step(ProcessTransition.LOSE_READINESS, reason)
        elif life.may_go_on or not self.spec.announces:
            self._say(reason)

    def _conclude(self, run: Run, explanation: str, tail: tuple[str, ...]) -> None:
        """Decide what follows from a run that ended unasked."""
        if self.spec.kind is UnitKind.JOB and run.exit_code == 0:
            self._tally = RestartHistory()
            self._step(ProcessTransition.FINISH, explanation)
            return
        self._tally, verdict = self._tally.after(run, self.spec.restart)
        delay = self._tally.delay_s(self.spec.restart, self._house.chance())
        self._retry_at = self._house.clock.monotonic() + delay
        self._step(_STEP_OF[verdict], explanation, tail)

    def _explain(self, life: ProcessRun, status: ExitStatus) -> str:
        """Return in one line why the process ended."""
        if life.verdict:
            return life.verdict
        explained = self.spec.child.explain(life.process.log_tail())
        return str(explained) if explained else str(status)

    # ------------------------------------------------------------ small parts

    async def _poked(self, timeout_s: float | None) -> bool:
        """Wait for a poke; return False when `timeout_s` ran out first."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._poke.wait()
        except TimeoutError:
            return False
        self._poke.clear()
        return True

    def _step(self, step: ProcessTransition, reason: str, tail: tuple[str, ...] = ()) -> None:
        before = self.state
        self.state = after(before, step)
        self.reason = reason
        self.since = self._house.clock.now()
        if self.state is State.STOPPED:
            self._at_rest.set()
        self._house.changed(self, before, tail)

    def _say(self, reason: str) -> None:
        if reason != self.reason:
            self.reason = reason
            self._house.changed(self, self.state, ())
