"""A controller with a clock that is moved by hand, over a real process that does nothing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alphapanda.clock import ManualClock
from alphapanda.errors import DependencyError, InvariantError
from alphapanda.infra.base import ChildSpec
from alphapanda.infra.process import ExitStatus, ManagedProcess
from alphapanda.model.process_status import ProcessState, UnitKind
from daemons.notify import DaemonNotice
from daemons.supervisor.plan import ProcessSpec
from daemons.supervisor.process_controller import ProcessController


@dataclass
class ManualContext:
    """What a controller needs, with nothing behind it but processes."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(datetime(2026, 1, 5, tzinfo=UTC)))
    blocked: tuple[str, ...] = ()
    broken: bool = False
    seen: asyncio.Queue[tuple[ProcessState, str]] = field(default_factory=asyncio.Queue)
    losses: list[tuple[str, int]] = field(default_factory=list)
    spawned: asyncio.Event = field(default_factory=asyncio.Event)

    def random(self) -> float:
        return 0.5

    def blockers(self, _spec: ProcessSpec) -> tuple[str, ...]:
        return self.blocked

    def spawn(self, spec: ProcessSpec, _extra_args: tuple[str, ...]) -> ManagedProcess:
        if self.broken:
            raise DependencyError("feed cannot be started: no such file.")
        self.spawned.set()
        return ManagedProcess.spawn(spec.child)

    def ended(self, _spec: ProcessSpec, _process: ManagedProcess) -> None:
        return None

    def changed(self, controller: ProcessController, _before: ProcessState, _tail: tuple[str, ...]) -> None:
        self.seen.put_nowait((controller.state, controller.reason))

    def lost(self, _controller: ProcessController, what: str, count: int) -> None:
        self.losses.append((what, count))

    async def until(self, state: ProcessState, reason: str = "") -> None:
        async with asyncio.timeout(90):
            while True:
                found, why = await self.seen.get()
                if found is state and reason in why:
                    return


@pytest.fixture
def context() -> ManualContext:
    return ManualContext()


@pytest.fixture
async def controller(context: ManualContext, tmp_path: Path) -> AsyncIterator[ProcessController]:
    async def ready() -> None:
        return None

    child = ChildSpec(
        name="feed",
        argv=("sleep", "600"),
        env={"PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        log_file=tmp_path / "out.txt",
        identity_file=tmp_path / "id.json",
        ready=ready,
    )
    # The word to go on would end what has no handler for it; what is ignored here is ignored by our children.
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    controller = ProcessController(ProcessSpec(child=child, kind=UnitKind.DAEMON), context)
    task = asyncio.create_task(controller.run())
    yield controller
    signal.signal(signal.SIGUSR1, before)
    controller.stop()
    await controller.stopped()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def say(
    controller: ProcessController, *, ready: bool | None = None, waiting: bool = False, pid: int | None = None
) -> None:
    assert controller.current_run is not None
    controller.on_notice(
        DaemonNotice(
            "feed", pid or controller.current_run.process.pid, waiting=waiting, ready=ready, status="so it says"
        )
    )


async def brought_up(controller: ProcessController, context: ManualContext) -> None:
    controller.start()
    await context.until(ProcessState.STARTING)
    await context.spawned.wait()
    say(controller, waiting=True)
    await context.until(ProcessState.STARTING, "starts")
    say(controller, ready=True)
    await context.until(ProcessState.READY)


async def test_a_silent_daemon_is_degraded_and_ready_again_when_it_speaks(
    controller: ProcessController, context: ManualContext
) -> None:
    await brought_up(controller, context)
    context.clock.advance(21)
    controller.wake()
    await context.until(ProcessState.DEGRADED, "silent for 21 s")
    say(controller, ready=True)
    await context.until(ProcessState.READY)


async def test_a_daemon_that_is_silent_for_a_minute_is_killed_and_started_again(
    controller: ProcessController, context: ManualContext
) -> None:
    await brought_up(controller, context)
    context.clock.advance(61)
    controller.wake()
    await context.until(ProcessState.BACKOFF)
    assert controller.last_exit == "killed by SIGKILL"
    assert controller.retry_in_s == pytest.approx(1.0)


async def test_a_word_from_a_process_of_the_past_is_not_believed(
    controller: ProcessController, context: ManualContext
) -> None:
    await brought_up(controller, context)
    say(controller, ready=False, pid=1)
    say(controller, ready=True)
    await asyncio.sleep(0)
    assert controller.state is ProcessState.READY


async def test_what_blocks_it_is_named_until_it_no_longer_does(
    controller: ProcessController, context: ManualContext
) -> None:
    context.blocked = ("kafka (starting)",)
    controller.start()
    await context.until(ProcessState.STARTING)
    await context.spawned.wait()
    say(controller, waiting=True)
    await context.until(ProcessState.STARTING, "waits for kafka (starting)")
    context.blocked = ()
    controller.wake()
    await context.until(ProcessState.STARTING, "starts")


async def test_the_wait_for_others_does_not_count_as_a_run(
    controller: ProcessController, context: ManualContext
) -> None:
    context.blocked = ("kafka (starting)",)
    controller.start()
    await context.until(ProcessState.STARTING, "waits")
    context.clock.advance(15)
    context.blocked = ()
    say(controller, waiting=True)
    await context.until(ProcessState.STARTING, "starts")
    say(controller, ready=True)
    await context.until(ProcessState.READY)
    assert controller.current_run is not None
    assert controller.current_run.summary(ExitStatus(code=1), context.clock.monotonic() + 5).uptime_s == 5
    assert controller.current_run.uptime_s(context.clock.monotonic()) == 15


async def test_what_cannot_be_started_is_tried_five_times(
    controller: ProcessController, context: ManualContext
) -> None:
    context.broken = True
    controller.start()
    for _ in range(4):
        await context.until(ProcessState.BACKOFF, "no such file")
        context.clock.advance(100)
        controller.wake()
    await context.until(ProcessState.CRASHLOOP, "no such file")


async def test_a_running_process_keeps_its_spec(controller: ProcessController, context: ManualContext) -> None:
    await brought_up(controller, context)
    other = ProcessSpec(child=controller.spec.child, kind=UnitKind.DAEMON, settings_digest="other")
    with pytest.raises(InvariantError, match="still runs"):
        controller.replace(other)
