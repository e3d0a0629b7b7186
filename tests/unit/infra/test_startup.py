from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

import alphapanda.infra.startup as module
from alphapanda.errors import AlphaPandaError, DeadlineError
from alphapanda.infra.disk import DiskFullError
from alphapanda.infra.process import ManagedProcess
from alphapanda.infra.startup import ServerFailedError, find_stray, start_child, take_over

if TYPE_CHECKING:
    from tests.unit.infra.conftest import MakeChild

WAITS = "import signal; print('up', flush=True); signal.pause()"


async def never() -> None:
    await asyncio.Event().wait()


async def test_a_child_that_ends_is_explained_by_its_log(child: MakeChild) -> None:
    def explain(tail: str) -> AlphaPandaError | None:
        return DiskFullError("full") if "no room" in tail else None

    with pytest.raises(DiskFullError, match="full"):
        await start_child(child("raise SystemExit('no room')", ready=never, explain=explain), deadline_s=20)
    with pytest.raises(ServerFailedError, match=r"child ended while it started \(exit code 3\)"):
        await start_child(child("raise SystemExit(3)", ready=never, explain=explain), deadline_s=20)


async def test_a_child_that_is_not_ready_in_time_is_killed(child: MakeChild) -> None:
    spec = child(WAITS, ready=never)
    with pytest.raises(DeadlineError, match=r"child \(pid \d+\) was not ready within 0\.05 s"):
        await start_child(spec, deadline_s=0.05)
    assert ManagedProcess.adopt(spec) is None


async def test_a_child_whose_start_is_cancelled_is_killed(child: MakeChild) -> None:
    spec = child(WAITS, ready=never)
    start = asyncio.create_task(start_child(spec, deadline_s=20))
    while not spec.identity_file.exists():  # noqa: ASYNC110 - a file has no event to wait for
        await asyncio.sleep(0.001)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert ManagedProcess.adopt(spec) is None


async def test_what_was_left_is_taken_over(child: MakeChild) -> None:
    first = await start_child(child(WAITS), deadline_s=20)
    second = await start_child(child(WAITS), deadline_s=20)
    assert second.adopted
    assert second.identity == first.identity
    await second.stop()
    await first.wait()


async def test_what_was_left_and_does_not_answer_is_stopped(
    child: MakeChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ADOPTION_LIMIT_S", 0.05)
    first = await start_child(child(WAITS), deadline_s=20)
    assert await take_over(child(WAITS, ready=never)) is None
    assert (await first.wait()).signal == signal.SIGTERM


async def test_a_stray_is_found_by_its_mark(child: MakeChild, tmp_path_factory: pytest.TempPathFactory) -> None:
    mark = str(tmp_path_factory.mktemp("mark"))
    first = await start_child(child(WAITS, mark=mark), deadline_s=20)
    first.spec.identity_file.unlink()
    assert find_stray(child("", mark=mark)) == first.identity
    assert find_stray(child("", mark=f"{mark}x")) is None
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        left = await take_over(child(WAITS, mark=mark, ports=(listener.getsockname()[1],)))
    assert left is not None
    assert left.identity == first.identity
    await left.stop()
    await first.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise is Linux's")
async def test_the_shim_keeps_identity_and_output(child: MakeChild) -> None:
    process = await start_child(child("print('spoke')"), deadline_s=20, die_with_parent=signal.SIGKILL)
    assert (await process.wait()).code == 0
    assert process.log_tail() == "spoke\n"
