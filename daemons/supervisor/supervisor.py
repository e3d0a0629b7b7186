"""Runs the processes of one deployment as they are wanted, and tells whoever asks how they stand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from alphapanda.clock import Clock
from alphapanda.errors import AlphaPandaError, UnknownNameError
from alphapanda.infra.control.protocol import Applied, Apply, ProcessEvent, ProcessStatus
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.infra.ports import is_free
from alphapanda.infra.process import ManagedProcess
from alphapanda.infra.startup import find_stray
from alphapanda.telemetry.log import Logger
from daemons.supervisor.desired_state import DesiredState, remembered_wish
from daemons.supervisor.event_bus import EventBus
from daemons.supervisor.listener import DaemonNotice
from daemons.supervisor.orphans import end_leftovers
from daemons.supervisor.plan import OrphanPolicy, ProcessSpec, StartPlan, UnitKind, difference
from daemons.supervisor.process_controller import ProcessController
from daemons.supervisor.run_records import RunRecords
from daemons.supervisor.states import State


class Blueprint(Protocol):
    """What a wish comes to under the present settings and files."""

    @property
    def plan(self) -> StartPlan:
        """Every process that this deployment can have."""
        ...

    async def idle_work(self) -> None:
        """Do what may wait until all is ready; cancelled at any time."""
        ...


class Supervisor:
    """The processes of one deployment. Its operations are carried out one after the other.

    Attributes:
        plan: what runs, or is to run.
        wish: what the operator wants.
        hub: where changes are published.
    """

    def __init__(
        self,
        places: RunPaths,
        clock: Clock,
        log: Logger,
        pid: int,
        draw: Callable[[Apply, DesiredState], Awaitable[Blueprint]],
    ) -> None:
        """Prepare; nothing runs before `apply`.

        Args:
            places: where the files lie.
            clock: of starts, delays and events.
            log: the supervisor's.
            pid: of this process: whose death ends the daemons.
            draw: makes the blueprint of a wish under the present settings; raises ConfigError, DependencyError.
        """
        self.plan = StartPlan()
        self.wish = remembered_wish(places.remembered)
        self.hub = EventBus()
        self.clock = clock
        self._places = places
        self._log = log
        self._pid = pid
        self._draw = draw
        self._ledger = RunRecords(places.ledger)
        self._keepers: dict[str, ProcessController] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()
        self._random = random.Random()  # noqa: S311 - jitter, not secrets
        self._blueprint: Blueprint | None = None
        self._idle_work: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None

    async def serve(self, until: asyncio.Event) -> None:
        """Keep processes until `until` is set; then leave what still runs alone."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await until.wait()
            for task in (*self._tasks.values(), *filter(None, [self._idle_work])):
                task.cancel()
        self.hub.close()

    # ------------------------------------------------------------ operations

    async def apply(self, request: Apply) -> Applied:
        """Make the system as wished: stop what is no longer planned, restart what changed, start what is missing.

        Returns when stops are done and starts have begun.

        Raises:
            ConfigError: settings or files cannot be used; nothing was changed.
            UnknownNameError: of a name that is not in the plan.
        """
        async with self._turn:
            wish = self._merged(request)
            blueprint = await self._draw(request, wish)
            wish = replace_selection(wish, request, blueprint.plan, self.plan)
            wanted = blueprint.plan
            if wish.selection is not None:
                known = [name for name in wish.selection if name in wanted.by_name]
                wanted = wanted.select(known, with_needs=False)
            change = self._change(wanted)
            if request.dry_run:
                return change
            self.wish = wish
            wish.save(self._places.remembered)
            self._blueprint = blueprint
            await self._carry_out(wanted, change, request)
            return change

    async def restart(self, names: Iterable[str]) -> None:
        """Stop `names` in reverse order and start them again; raises UnknownNameError."""
        async with self._turn:
            chosen = self._known(names)
            self._log.info("restart asked for", names=chosen)
            await self._stop(chosen)
            for name in chosen:
                self._keepers[name].start()

    async def stop(self, names: Iterable[str] = ()) -> None:
        """Stop `names`, or all, each after what needs it; raises UnknownNameError."""
        async with self._turn:
            chosen = self._known(names) if names else self.plan.order
            self._log.info("stop asked for", names=chosen)
            await self._cancel_idle_work()
            await self._stop(chosen)

    def forget(self) -> None:
        """Forget what the operator wanted: the system was taken down on purpose."""
        self.wish = DesiredState()
        self._places.remembered.unlink(missing_ok=True)

    def kill_all(self) -> None:
        """End every process now, without grace."""
        for keeper in self._keepers.values():
            keeper.kill()

    def hear(self, notice: DaemonNotice) -> None:
        """Take in what a daemon said of itself."""
        keeper = self._keepers.get(notice.name)
        if keeper is not None:
            keeper.hear(notice)

    # ------------------------------------------------------------ questions

    @property
    def keepers(self) -> tuple[ProcessController, ...]:
        """Return all keepers, in dependency order."""
        return tuple(self._keepers[name] for name in self.plan.order if name in self._keepers)

    def pids(self) -> dict[str, int]:
        """Return the process numbers of what runs, by name."""
        return {keeper.name: keeper.life.process.pid for keeper in self.keepers if keeper.life is not None}

    def status_of(self, keeper: ProcessController) -> ProcessStatus:
        """Return how one process stands, without what it uses."""
        spec, life = keeper.spec, keeper.life
        return ProcessStatus(
            name=keeper.name,
            kind=spec.kind,
            state=keeper.state,
            reason=keeper.reason,
            since=keeper.since,
            pid=life.process.pid if life else None,
            uptime_s=life.uptime_s(self.clock.monotonic()) if life else None,
            restarts=keeper.restarts,
            last_exit=keeper.last_exit,
            adopted=bool(life and life.process.adopted),
            needs=spec.needs,
            orphan=spec.orphan,
            url=spec.url,
            retry_in_s=keeper.retry_in_s,
        )

    # ------------------------------------------------------------ what keepers need (House)

    def chance(self) -> float:
        """Return a number in [0, 1), for jitter."""
        return self._random.random()

    def blockers(self, spec: ProcessSpec) -> tuple[str, ...]:
        """Return what `spec` needs and what is not up, each with its state."""
        needed = [self._keepers[name] for name in spec.needs if name in self._keepers]
        return tuple(f"{keeper.name} ({keeper.state})" for keeper in needed if not keeper.state.is_up)

    def spawn(self, spec: ProcessSpec, extra_args: tuple[str, ...]) -> ManagedProcess:
        """Start a process, or adopt the one that an earlier supervisor left; raises DependencyError."""
        process = self._adopt(spec)
        if process is None:
            child = spec.child
            if spec.announces:
                child = replace(child, argv=(*child.argv, "--gated", *self._lifeline(spec), *extra_args))
            process = ManagedProcess.spawn(child)
        with self._books():
            self._ledger.started(spec, process.identity, self.plan.order.index(spec.name))
        self._log.info("adopted" if process.adopted else "spawned", process=spec.name, pid=process.pid)
        return process

    def ended(self, spec: ProcessSpec, process: ManagedProcess) -> None:
        """Take note that a process is no more."""
        with self._books():
            self._ledger.ended(spec.name, process.identity)

    def changed(self, keeper: ProcessController, before: State, tail: tuple[str, ...]) -> None:
        """Write down and publish a change, and let the others look again."""
        status = self.status_of(keeper)
        self.hub.publish(ProcessEvent(at=self.clock.now(), before=before, process=status, output_tail=tail))
        if before is keeper.state:
            return
        say = self._log.error if keeper.state.is_stuck else self._log.info
        say(
            "process changed",
            process=keeper.name,
            before=str(before),
            state=str(keeper.state),
            reason=keeper.reason,
            last_exit=keeper.last_exit,
        )
        for other in self._keepers.values():
            if keeper.name in other.spec.needs:
                other.poke()
        self._begin_idle_work()

    # ------------------------------------------------------------ parts

    @contextmanager
    def _books(self) -> Iterator[None]:
        """Bear a disk that cannot be written: what runs goes on, and the identity files say who is who."""
        try:
            yield
        except OSError as error:
            self._log.error("the ledger cannot be written", reason=str(error))

    def _merged(self, request: Apply) -> DesiredState:
        return DesiredState(overrides={**self.wish.overrides, **request.overrides}, selection=self.wish.selection)

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
        """Whether nothing will start `name` by itself: an `up` does."""
        state = self._keepers[name].state
        return state is State.STOPPED or state.is_stuck

    async def _carry_out(self, wanted: StartPlan, change: Applied, request: Apply) -> None:
        self._log.info("applying", start=change.start, restart=change.restart, stop=change.stop)
        await self._end_unplanned(wanted)
        await self._stop([*change.stop, *change.restart])
        for name in change.stop:
            self._tasks.pop(name).cancel()
            del self._keepers[name]
        self.plan = wanted
        assert self._group is not None
        for spec in wanted:
            keeper = self._keepers.get(spec.name)
            if keeper is None:
                keeper = self._keepers[spec.name] = ProcessController(spec, self)
                self._tasks[spec.name] = self._group.create_task(keeper.run(), name=f"keeper of {spec.name}")
            else:
                keeper.replace(spec)
        extra = ("--accept-log-reset",) if request.accept_log_reset else ()
        begun = {*change.start, *change.restart}
        for spec in wanted:
            if spec.name in begun:
                self._keepers[spec.name].start(extra if spec.kind is UnitKind.DAEMON else ())

    async def _end_unplanned(self, wanted: StartPlan) -> None:
        """End what an earlier supervisor left and nobody will adopt."""
        leftovers = [
            entry
            for entry in self._ledger.survivors
            if entry.name not in self._keepers
            and not (entry.name in wanted.by_name and self._adoptable(wanted.by_name[entry.name]))
        ]
        await end_leftovers(self._places, leftovers, self._log.warning)
        self._ledger.forget_the_dead()

    def _adoptable(self, spec: ProcessSpec) -> bool:
        entry = self._ledger.get(spec.name)
        return (
            entry is not None
            and spec.orphan is OrphanPolicy.SURVIVE
            and entry.digest == spec.digest
            and entry.identity.alive
        )

    def _adopt(self, spec: ProcessSpec) -> ManagedProcess | None:
        """Return the process that an earlier supervisor left, by ledger, identity file or command line."""
        if self._adoptable(spec):
            entry = self._ledger.get(spec.name)
            return ManagedProcess.adopt(spec.child, entry.identity if entry else None)
        if spec.orphan is OrphanPolicy.STOP:
            return None
        left = ManagedProcess.adopt(spec.child)
        if left is None and not all(is_free(port) for port in spec.child.ports):
            stray = find_stray(spec.child)
            left = ManagedProcess.adopt(spec.child, stray) if stray else None
        return left

    def _lifeline(self, spec: ProcessSpec) -> tuple[str, ...]:
        return ("--supervisor", str(self._pid)) if spec.orphan is OrphanPolicy.STOP else ()

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        wanted = set(names)
        for name in wanted:
            if name not in self._keepers:
                raise UnknownNameError("process", name, self._keepers)
        return tuple(name for name in self.plan.order if name in wanted)

    async def _stop(self, names: Iterable[str]) -> None:
        """Stop `names` level by level, the last first."""
        chosen = set(names)
        for level in reversed(self.plan.levels):
            keepers = [self._keepers[name] for name in level if name in chosen]
            for keeper in keepers:
                keeper.stop()
            for keeper in keepers:
                await keeper.stopped()

    def _begin_idle_work(self) -> None:
        all_up = all(keeper.state.is_up for keeper in self._keepers.values())
        if not all_up or self._blueprint is None or self._idle_work is not None or self._group is None:
            return
        self._idle_work = self._group.create_task(self._do_idle_work(self._blueprint), name="idle work")

    async def _do_idle_work(self, blueprint: Blueprint) -> None:
        try:
            await blueprint.idle_work()
        except AlphaPandaError as error:
            self._log.warning("idle work failed", reason=str(error))

    async def _cancel_idle_work(self) -> None:
        if self._idle_work is not None:
            self._idle_work.cancel()
            await asyncio.wait({self._idle_work})
            self._idle_work = None


def replace_selection(wish: DesiredState, request: Apply, full: StartPlan, running: StartPlan) -> DesiredState:
    """Return `wish` with what is to run after `request`: its names are added to what runs; no names means all.

    Infrastructure and jobs are always among them: no daemon can work without.
    """
    if not request.names:
        return DesiredState(overrides=wish.overrides)
    base = [spec.name for spec in full if spec.kind is not UnitKind.DAEMON]
    chosen = full.select([*request.names, *base], with_needs=not request.only)
    before = [name for name in running.by_name if name in full.by_name]
    names = {*chosen.by_name, *before}
    return DesiredState(overrides=wish.overrides, selection=tuple(name for name in full.order if name in names))
