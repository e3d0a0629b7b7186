"""A file is written whole or not at all; a lock has one holder, and dies with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from alphapanda.errors import RefusedError
from alphapanda.files import (
    PRIVATE,
    lock_holder,
    lock_or_refuse,
    try_lock,
    wait_for_lock,
    write_atomically,
)

HOLDER = """
import subprocess, sys
from pathlib import Path
from alphapanda.files import try_lock
with try_lock(Path(sys.argv[1])) as mine:
    child = subprocess.Popen(["sleep", "60"])
    print(mine, child.pid, flush=True)
    sys.stdin.read()
"""


def test_the_new_content_replaces_the_old(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomically(path, "before")
    write_atomically(path, b"after", durable=False)
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_private_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("wide")
    path.chmod(0o644)
    write_atomically(path, "narrow", mode=PRIVATE)
    assert path.stat().st_mode & 0o777 == PRIVATE


def test_what_cannot_be_written_leaves_the_old_content_and_no_draft(tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    (folder / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_atomically(folder, "a file cannot replace a folder")
    assert list(tmp_path.iterdir()) == [folder]


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with try_lock(path) as first, try_lock(path) as second:
        assert (first, second) == (True, False)
    with try_lock(path) as third:
        assert third
        assert path.stat().st_mode & 0o777 == PRIVATE


def test_a_refusal_names_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        try_lock(path),
        pytest.raises(RefusedError, match="Another run is at work") as refused,
        lock_or_refuse(path, "Another run is at work", hint="Wait."),
    ):
        pytest.fail("two hold it")
    assert refused.value.hint == "Wait."
    if sys.platform == "linux" and Path("/proc/locks").exists():
        assert f"process {os.getpid()}" in refused.value.message
    assert lock_holder(path) is None


def test_a_lock_dies_with_its_holder_though_a_child_lives(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        mine, child = holder.stdout.readline().split()
        try:
            assert mine == "True"
            with try_lock(path) as ours:
                assert not ours
            holder.kill()
            holder.wait(10)
            os.kill(int(child), 0)  # it lives
            with try_lock(path) as ours:
                assert ours
        finally:
            os.kill(int(child), signal.SIGKILL)


def test_who_waits_is_told_once_and_comes_next(tmp_path: Path) -> None:
    path, told = tmp_path / "lock", threading.Event()

    def wait() -> None:
        with wait_for_lock(path, on_wait=told.set):
            order.append("second")

    order: list[str] = []
    with wait_for_lock(path, on_wait=lambda: pytest.fail("nobody to wait for")):
        second = threading.Thread(target=wait)
        second.start()
        assert told.wait(10)
        order.append("first")
    second.join(10)
    assert order == ["first", "second"]


def test_a_wait_ends_with_what_its_pause_raises(tmp_path: Path) -> None:
    def pause(_seconds: float) -> None:
        raise InterruptedError

    path = tmp_path / "lock"
    with try_lock(path), pytest.raises(InterruptedError), wait_for_lock(path, pause=pause):
        pytest.fail("two hold it")
