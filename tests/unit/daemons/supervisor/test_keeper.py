"""A keeper with a clock that is moved by hand, over a real process that does nothing."""

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
from daemons.supervisor.listener import DaemonNotice
from daemons.supervisor.plan import ProcessSpec, UnitKind
from daemons.supervisor.process_controller import ProcessController
from daemons.supervisor.states import State


@dataclass
class ManualHouse:
    """What a keeper needs, with nothing behind it but processes."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(datetime(2026, 1, 5, tzinfo=UTC)))
    blocked: tuple[str, ...] = ()
    broken: bool = False
    seen: asyncio.Queue[tuple[State, str]] = field(default_factory=asyncio.Queue)
    spawned: asyncio.Event = field(default_factory=asyncio.Event)

    def chance(self) -> float:
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

    def changed(self, keeper: ProcessController, _before: State, _tail: tuple[str, ...]) -> None:
        self.seen.put_nowait((keeper.state, keeper.reason))

    async def until(self, state: State, reason: str = "") -> None:
        async with asyncio.timeout(90):
            while True:
                found, why = await self.seen.get()
                if found is state and reason in why:
                    return


@pytest.fixture
def house() -> ManualHouse:
    return ManualHouse()


@pytest.fixture
async def keeper(house: ManualHouse, tmp_path: Path) -> AsyncIterator[ProcessController]:
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
    keeper = ProcessController(ProcessSpec(child=child, kind=UnitKind.DAEMON), house)
    task = asyncio.create_task(keeper.run())
    yield keeper
    signal.signal(signal.SIGUSR1, before)
    keeper.stop()
    await keeper.stopped()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def say(
    keeper: ProcessController, *, ready: bool | None = None, waiting: bool = False, pid: int | None = None
) -> None:
    assert keeper.life is not None
    keeper.hear(
        DaemonNotice("feed", pid or keeper.life.process.pid, waiting=waiting, ready=ready, status="so it says")
    )


async def brought_up(keeper: ProcessController, house: ManualHouse) -> None:
    keeper.start()
    await house.until(State.STARTING)
    await house.spawned.wait()
    say(keeper, waiting=True)
    await house.until(State.STARTING, "starts")
    say(keeper, ready=True)
    await house.until(State.READY)


async def test_a_silent_daemon_is_degraded_and_ready_again_when_it_speaks(
    keeper: ProcessController, house: ManualHouse
) -> None:
    await brought_up(keeper, house)
    house.clock.advance(21)
    keeper.poke()
    await house.until(State.DEGRADED, "silent for 21 s")
    say(keeper, ready=True)
    await house.until(State.READY)


async def test_a_daemon_that_is_silent_for_a_minute_is_killed_and_started_again(
    keeper: ProcessController, house: ManualHouse
) -> None:
    await brought_up(keeper, house)
    house.clock.advance(61)
    keeper.poke()
    await house.until(State.BACKOFF)
    assert keeper.last_exit == "killed by SIGKILL"
    assert keeper.retry_in_s == pytest.approx(1.0)


async def test_a_word_from_a_process_of_the_past_is_not_believed(
    keeper: ProcessController, house: ManualHouse
) -> None:
    await brought_up(keeper, house)
    say(keeper, ready=False, pid=1)
    say(keeper, ready=True)
    await asyncio.sleep(0)
    assert keeper.state is State.READY


async def test_what_blocks_it_is_named_until_it_no_longer_does(
    keeper: ProcessController, house: ManualHouse
) -> None:
    house.blocked = ("kafka (starting)",)
    keeper.start()
    await house.until(State.STARTING)
    await house.spawned.wait()
    say(keeper, waiting=True)
    await house.until(State.STARTING, "waits for kafka (starting)")
    house.blocked = ()
    keeper.poke()
    await house.until(State.STARTING, "starts")


async def test_the_wait_for_others_does_not_count_as_a_run(keeper: ProcessController, house: ManualHouse) -> None:
    house.blocked = ("kafka (starting)",)
    keeper.start()
    await house.until(State.STARTING, "waits")
    house.clock.advance(15)
    house.blocked = ()
    say(keeper, waiting=True)
    await house.until(State.STARTING, "starts")
    say(keeper, ready=True)
    await house.until(State.READY)
    assert keeper.life is not None
    assert keeper.life.summary(ExitStatus(code=1), house.clock.monotonic() + 5).uptime_s == 5
    assert keeper.life.uptime_s(house.clock.monotonic()) == 15


async def test_what_cannot_be_started_is_tried_five_times(keeper: ProcessController, house: ManualHouse) -> None:
    house.broken = True
    keeper.start()
    for _ in range(4):
        await house.until(State.BACKOFF, "no such file")
        house.clock.advance(100)
        keeper.poke()
    await house.until(State.CRASHLOOP, "no such file")


async def test_a_running_process_keeps_its_spec(keeper: ProcessController, house: ManualHouse) -> None:
    await brought_up(keeper, house)
    other = ProcessSpec(child=keeper.spec.child, kind=UnitKind.DAEMON, settings_digest="other")
    with pytest.raises(InvariantError, match="still runs"):
        keeper.replace(other)
