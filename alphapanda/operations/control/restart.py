"""Restarting processes through the supervisor, and following them until they are ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from alphapanda.deployment import Deployment
from alphapanda.errors import DeadlineError
from alphapanda.infra.control.client import NotRunningError, connect
from alphapanda.infra.control.protocol import ProcessEvent, SystemStatus
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.model.control import Outcome
from alphapanda.model.kinds import TradingMode
from alphapanda.model.process_status import ProcessStatus
from alphapanda.operations.audit import Audit
from alphapanda.operations.policy import Permit, Target

_SETTLED = frozenset({"ready", "done"})

OnChange = Callable[[ProcessStatus], None]


def ignore_changes(process: ProcessStatus) -> None:
    """Report no change of state."""
    del process


class ProcessFollower:
    """The states of processes, kept up to date from a supervisor's events.

    Attributes:
        processes: by name, in dependency order.

    Args:
        on_change: told of each change of state.
    """

    def __init__(self, on_change: OnChange = ignore_changes) -> None:
        self.processes: dict[str, ProcessStatus] = {}
        self._on_change = on_change
        self._tails: dict[str, tuple[str, ...]] = {}

    async def until_settled(
        self, news: AsyncIterator[SystemStatus | ProcessEvent], names: Collection[str]
    ) -> tuple[ProcessStatus, ...]:
        """Follow until all of `names` are up, or one is stuck; return those that are stuck."""
        async for item in news:
            self.fold(item)
            mine = self.of(names)
            stuck = tuple(process for process in mine if process.state.is_stuck)
            if stuck or (mine and all(process.state.value in _SETTLED for process in mine)):
                return stuck
        return ()

    def fold(self, item: SystemStatus | ProcessEvent) -> None:
        """Take one event into account, and report a change of state."""
        if isinstance(item, ProcessEvent):
            process = item.process
            self.processes[process.name] = process
            if item.output_tail:
                self._tails[process.name] = item.output_tail
            if item.before is not process.state:
                self._on_change(process)
        else:
            self.processes = {process.name: process for process in item.processes}

    def of(self, names: Collection[str]) -> list[ProcessStatus]:
        """Return the processes with these names."""
        return [process for name, process in self.processes.items() if name in names]

    def blocked_by(self, name: str) -> tuple[str, ...]:
        """Return the processes that cannot start because `name` is not up."""
        found = {name}
        for process in self.processes.values():
            if found.intersection(process.needs):
                found.add(process.name)
        return tuple(each for each in self.processes if each in found and each != name)

    def tail_of(self, name: str) -> tuple[str, ...]:
        """Return the last lines that `name` wrote before it ended."""
        return self._tails.get(name, ())


@dataclass(frozen=True, slots=True)
class Readiness:
    """How processes came up.

    Attributes:
        ready: the processes that were waited for.
        stuck: those of them that will not be ready by themselves.
        follower: the states of all.
    """

    ready: tuple[ProcessStatus, ...]
    stuck: tuple[ProcessStatus, ...]
    follower: ProcessFollower


async def wait_until_ready(
    places: RunPaths, names: Collection[str], timeout_s: float, on_change: OnChange = ignore_changes
) -> Readiness:
    """Follow the supervisor's events until `names` are ready, or one is stuck.

    Raises:
        DeadlineError: some were not ready in time; the others go on.
        NotRunningError: the supervisor ended.
    """
    follower = ProcessFollower(on_change)
    try:
        async with asyncio.timeout(timeout_s), connect(places) as client:
            stuck = await follower.until_settled(client.events(), names)
    except TimeoutError:
        raise _too_late(follower.of(names), timeout_s) from None
    ready = tuple(follower.of(names))
    if not stuck and not all(process.state.is_up for process in ready):
        raise NotRunningError("The supervisor ended meanwhile.", hint="Run: alphapanda logs supervisor")
    return Readiness(ready, stuck, follower)


def restart_target(names: Sequence[str], modes: Mapping[str, TradingMode]) -> Target:
    """Return what a restart touches: the daemon's own broker, or every active one where all share the process.

    Args:
        names: of the processes.
        modes: of the active brokers.
    """
    own = {name.rpartition(".")[2] for name in names}
    touched = [broker for broker in modes if broker in own] if own <= set(modes) else list(modes)
    live = [broker for broker in touched if modes[broker] is not TradingMode.PAPER]
    broker = next(iter(live or touched), "")
    return Target(" ".join(names), broker, modes.get(broker))


class RestartProcesses:
    """Stops processes, starts them again and waits until they are ready.

    Args:
        deployment: their folder.
        audit: records the act.
        permit: lets it through the policy.
    """

    def __init__(self, deployment: Deployment, audit: Audit, permit: Permit) -> None:
        self._places = RunPaths(deployment)
        self._audit = audit
        self._permit = permit

    async def run(
        self,
        names: Sequence[str],
        target: Target,
        reason: str,
        timeout_s: float,
        on_change: OnChange = ignore_changes,
    ) -> Readiness:
        """Restart them; one that is stuck makes the act a failed one, without an error.

        Raises:
            RefusedError: the policy does not permit it.
            DeadlineError: some were not ready in time.
            NotRunningError: no supervisor runs, or it ended.
        """
        async with (
            connect(self._places) as client,
            self._audit.audited("restart", ",".join(names), reason=reason) as act,
        ):
            self._permit("restart", target, f"Restart {', '.join(names)}")
            await client.restart(tuple(names))
            readiness = await wait_until_ready(self._places, names, timeout_s, on_change)
            if readiness.stuck:
                act.outcome = Outcome.FAILED
        return readiness


def _too_late(processes: Sequence[ProcessStatus], timeout_s: float) -> DeadlineError:
    waiting = [
        f"{process.name} ({process.state}{': ' + process.reason if process.reason else ''})"
        for process in processes
        if process.state.value not in _SETTLED
    ]
    return DeadlineError(
        f"Not ready after {timeout_s:g} s: {', '.join(waiting)}.", hint="Watch: alphapanda status --watch"
    )
