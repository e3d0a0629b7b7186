from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from alphapanda.infra.identity import IdentityFile, ProcessIdentity


def runs(identity: ProcessIdentity) -> bool:
    return identity.alive


def test_this_process_is_alive() -> None:
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    assert identity.alive


def test_a_process_that_ended_is_not_even_as_a_zombie() -> None:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE) as process:
        identity = ProcessIdentity.of(process.pid)
        assert identity is not None
        assert runs(identity)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not runs(identity)
        assert ProcessIdentity.of(process.pid) is None
    assert not runs(identity)


def test_the_same_number_of_another_start_or_boot_is_another_process() -> None:
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    assert not msgspec.structs.replace(identity, started=identity.started + 1).alive
    assert not msgspec.structs.replace(identity, boot="another").alive


def test_the_file_gives_back_what_was_kept(tmp_path: Path) -> None:
    file = IdentityFile(tmp_path / "run" / "kafka.json")
    assert file.read() is None
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    file.write(identity)
    assert file.read() == identity
    assert file.alive() == identity
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["kafka.json"]


def test_a_spoilt_file_is_no_identity(tmp_path: Path) -> None:
    (tmp_path / "kafka.json").write_text("{")
    assert IdentityFile(tmp_path / "kafka.json").read() is None


def test_only_its_own_entry_is_cleared(tmp_path: Path) -> None:
    file = IdentityFile(tmp_path / "kafka.json")
    mine = ProcessIdentity(pid=1, started=2, boot="b")
    file.write(mine)
    file.clear(ProcessIdentity(pid=1, started=3, boot="b"))
    assert file.read() == mine
    file.clear(mine)
    assert file.read() is None
