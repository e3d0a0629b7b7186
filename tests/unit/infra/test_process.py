from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import alphapanda.infra.process as module
from alphapanda.errors import DependencyError
from alphapanda.infra import lifeline
from alphapanda.infra.identity import IdentityFile, ProcessIdentity
from alphapanda.infra.process import ManagedProcess

if TYPE_CHECKING:
    from tests.unit.infra.conftest import MakeChild

WAITS = "import signal; print('up', flush=True); signal.pause()"
DEAF = "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"


async def spoken(process: ManagedProcess) -> str:
    async with asyncio.timeout(90):
        while not (text := process.log_tail()):  # noqa: ASYNC110 - a file has no event to wait for
            await asyncio.sleep(0.005)
    return text


async def test_the_exit_code_is_told(child: MakeChild) -> None:
    process = ManagedProcess.spawn(child("raise SystemExit(7)"))
    status = await process.wait()
    assert (status.code, status.signal, str(status)) == (7, None, "exit code 7")
    assert not process.running
    assert not process.spec.identity_file.exists()


async def test_the_signal_that_ended_it_is_told(child: MakeChild) -> None:
    process = ManagedProcess.spawn(child(WAITS))
    process.send_signal(signal.SIGINT)
    process.kill()
    assert str(await process.wait()) in {"killed by SIGKILL", "killed by SIGINT"}


async def test_it_is_asked_before_it_is_killed(child: MakeChild) -> None:
    process = ManagedProcess.spawn(child(WAITS))
    await spoken(process)
    assert (await process.stop()).signal == signal.SIGTERM


async def test_after_its_grace_it_is_killed(child: MakeChild) -> None:
    process = ManagedProcess.spawn(child(DEAF, grace_s=0.05))
    await spoken(process)
    assert (await process.stop()).signal == signal.SIGKILL


async def test_many_may_wait_for_it(child: MakeChild) -> None:
    process = ManagedProcess.spawn(child(WAITS))
    waiters = [asyncio.create_task(process.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    process.kill()
    assert {status.signal for status in await asyncio.gather(*waiters)} == {signal.SIGKILL}


async def test_its_environment_is_the_specs_alone(child: MakeChild, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZERODHA_API_SECRET", "hidden")
    spec = replace(child("import os; print(sorted(os.environ))"), env={"ONLY": "this"})
    process = ManagedProcess.spawn(spec)
    await process.wait()
    assert "ZERODHA" not in process.log_tail()
    assert "'ONLY'" in process.log_tail()


async def test_it_leads_a_session_of_its_own_and_inherits_no_files(child: MakeChild, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as inherited:
        os.set_inheritable(inherited.fileno(), True)
        process = ManagedProcess.spawn(
            child("import os; print(os.getsid(0) == os.getpid(), sorted(os.listdir('/proc/self/fd'))[:3])")
        )
        await process.wait()
    assert process.log_tail().startswith("True")


async def test_a_command_that_is_not_there_is_one_clear_line(child: MakeChild) -> None:
    with pytest.raises(
        DependencyError, match="child cannot be started: No such file or directory: /nowhere/at/all"
    ):
        ManagedProcess.spawn(replace(child(""), argv=("/nowhere/at/all",)))


async def test_one_whose_identity_cannot_be_kept_is_ended_again(
    child: MakeChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[ProcessIdentity] = []

    def full(_file: IdentityFile, identity: ProcessIdentity) -> None:
        written.append(identity)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(IdentityFile, "write", full)
    with pytest.raises(DependencyError, match=r"child cannot be started: No space left.* Free some room"):
        ManagedProcess.spawn(child("import time; time.sleep(60)"))
    assert not written[0].alive


async def test_what_was_left_is_adopted_and_stopped_by_identity(child: MakeChild) -> None:
    spec = child(WAITS)
    first = ManagedProcess.spawn(spec)
    await spoken(first)
    second = ManagedProcess.adopt(spec)
    assert second is not None
    assert second.adopted
    assert second.identity == first.identity
    ended = await second.stop()
    assert (ended.code, ended.signal) == (None, None)
    assert (await first.wait()).signal == signal.SIGTERM


async def test_a_number_that_another_process_has_now_is_not_adopted(child: MakeChild) -> None:
    spec = child(WAITS)
    mine = ProcessIdentity.of(os.getpid())
    assert mine is not None
    IdentityFile(spec.identity_file).write(ProcessIdentity(pid=mine.pid, started=mine.started - 1, boot=mine.boot))
    assert ManagedProcess.adopt(spec) is None


async def test_only_the_lines_of_this_run_are_its_tail(child: MakeChild) -> None:
    for words in ("first run", "second run"):
        process = ManagedProcess.spawn(child(f"print({words!r})"))
        await process.wait()
        assert process.log_tail().split("\n")[0] == words
    assert process.spec.log_file.read_text() == "first run\nsecond run\n"


async def test_a_large_log_is_put_aside(child: MakeChild, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_LIMIT", 5)
    for words in ("long enough", "new"):
        process = ManagedProcess.spawn(child(f"print({words!r})"))
        await process.wait()
    log = process.spec.log_file
    assert log.read_text() == "new\n"
    assert log.with_name("child.log.1").read_text() == "long enough\n"


PARENT = """
import asyncio, pathlib, signal, sys
from alphapanda.infra.base import ChildSpec
from alphapanda.infra.process import ManagedProcess
async def ready(): pass
folder = pathlib.Path(sys.argv[1])
spec = ChildSpec(name="c", argv=(sys.executable, "-I", "-S", "-c", sys.argv[2]), env={}, cwd=folder,
                 log_file=folder / "log", identity_file=folder / "c.json", ready=ready)
process = ManagedProcess.spawn(spec, die_with_parent=signal.SIGKILL)
print(process.pid, flush=True)
signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise is Linux's")
async def test_it_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), WAITS, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    identity = ProcessIdentity.of(pid)
    assert identity is not None
    handle = os.pidfd_open(pid)
    try:
        parent.kill()
        await asyncio.wait_for(module._readable(handle), timeout=20)
    finally:
        os.close(handle)
        await parent.communicate()
    assert not identity.alive


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise is Linux's")
def test_it_does_not_start_when_the_parent_died_before() -> None:
    shim = [sys.executable, "-I", "-S", str(lifeline.__file__), "1", "9", "--", "/bin/echo", "started"]
    if os.getpid() == 1:
        pytest.skip("process 1 is the parent here")
    done = subprocess.run(shim, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    shim[4] = str(os.getpid())
    assert subprocess.run(shim, capture_output=True, text=True, check=True).stdout == "started\n"
