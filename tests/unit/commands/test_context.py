"""What verbs start from."""

from __future__ import annotations

import asyncio
import io
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.errors import ConfigError, DependencyError, TransientError
from commands.shell.context import Context
from commands.shell.output import Output

Make = Callable[..., Context]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def context(**environ: str) -> Context:
        sink = Output(stdout=io.StringIO(), stderr=io.StringIO())
        return Context(deployment=Deployment(tmp_path), environ=environ, clock=SystemClock(), output=sink)

    return context


def test_settings_are_read_once(make: Make, tmp_path: Path) -> None:
    context = make(FEED__SEED="5")
    settings = context.settings()
    (tmp_path / "alphapanda.toml").write_text("broken")
    assert context.settings() is settings
    assert settings.feed.seed == 5


def test_wrong_settings_stop_the_verb(make: Make) -> None:
    with pytest.raises(ConfigError):
        make(FEED__SEED="x").settings()


def test_an_asynchronous_verb_gives_its_result(make: Make) -> None:
    async def work() -> int:
        return 3

    assert make().run(work()) == 3


async def interrupted() -> None:
    """Be where Ctrl-C comes."""
    signal.raise_signal(signal.SIGINT)
    await asyncio.Event().wait()


def test_ctrl_c_ends_an_asynchronous_verb(make: Make) -> None:
    with pytest.raises(KeyboardInterrupt):
        make().run(interrupted())


def test_what_fails_while_ctrl_c_cuts_it_off_is_no_fault(make: Make) -> None:
    async def fails() -> None:
        try:
            await interrupted()
        finally:
            raise DependencyError("The connection was closed.")

    with pytest.raises(KeyboardInterrupt):
        make().run(fails())


def test_ctrl_c_before_a_verb_has_begun_leaves_nothing_behind(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_early(_work: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", too_early)
    with pytest.raises(KeyboardInterrupt):
        make().run(interrupted())  # a coroutine that is not awaited would be a warning, and so an error here


def test_a_request_that_its_library_cancels_is_an_error_like_others(make: Make) -> None:
    async def cut_off() -> None:
        request = asyncio.get_running_loop().create_future()
        request.cancel()
        await request

    with pytest.raises(TransientError, match="connection broke"):
        make().run(cut_off())


async def leave_a_mark() -> None:
    """Fail in a group of tasks: before Python 3.13 it leaves the task that waited for it marked as cancelled."""

    async def fails() -> None:
        raise DependencyError("No Kafka.")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
    except* DependencyError:
        pass


def test_what_fails_after_another_failure_is_told_as_it_is(make: Make) -> None:
    async def fails_twice() -> None:
        await leave_a_mark()
        raise DependencyError("No Redis.")

    with pytest.raises(DependencyError, match="No Redis"):
        make().run(fails_twice())


def test_ctrl_c_after_a_failure_is_an_interrupt_all_the_same(make: Make) -> None:
    async def goes_on() -> None:
        await leave_a_mark()
        await interrupted()

    with pytest.raises(KeyboardInterrupt):
        make().run(goes_on())
