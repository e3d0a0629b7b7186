"""Which process is which: a pid alone is reused, a pid with its start time and boot is not."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from alphapanda.files import write_atomically

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class ProcessIdentity(msgspec.Struct, frozen=True):
    """One process of one boot of one machine.

    Attributes:
        pid: its number.
        started: its start time in the system's own unit (clock ticks since boot on Linux).
        boot: the boot it belongs to.
    """

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """Return the identity of the process `pid`, or None when there is none (or only its remains)."""
        started = _started(pid)
        return None if started is None else cls(pid=pid, started=started, boot=boot_id())

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return self.boot == boot_id() and _started(self.pid) == self.started


def boot_id() -> str:
    """Return the id of this boot of the machine."""
    if BOOT_ID.exists():
        return BOOT_ID.read_text().strip()
    import psutil  # noqa: PLC0415 - only where there is no /proc

    return f"booted-{int(psutil.boot_time())}"


def _started(pid: int) -> int | None:
    """Return when process `pid` started, or None when it does not run (a zombie does not)."""
    return _started_in_proc(pid) if sys.platform == "linux" else _started_elsewhere(pid)


def _started_in_proc(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the command in brackets and may hold anything; fields count from after it.
    state, *fields = stat[stat.rindex(b")") + 2 :].split()
    return None if state in {b"Z", b"X"} else int(fields[18])


def _started_elsewhere(pid: int) -> int | None:
    import psutil  # noqa: PLC0415 - only where there is no /proc

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else int(process.create_time() * 1000)
    except psutil.NoSuchProcess:
        return None


class IdentityFile:
    """Keeps one process's identity on disk, for whoever starts next."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, identity: ProcessIdentity) -> None:
        """Keep `identity`; the file is whole or not there."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self._path, msgspec.json.encode(identity), durable=False)

    def read(self) -> ProcessIdentity | None:
        """Return the kept identity, or None when there is no readable one."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=ProcessIdentity)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def alive(self) -> ProcessIdentity | None:
        """Return the kept identity if that process still runs."""
        identity = self.read()
        return identity if identity is not None and identity.alive else None

    def clear(self, identity: ProcessIdentity) -> None:
        """Remove the file if it still speaks of `identity`."""
        if self.read() == identity:
            self._path.unlink(missing_ok=True)
