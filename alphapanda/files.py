"""Write a file whole or not at all, and hold a lock between processes on one.

A reader of a file that is replaced here sees the old content or the new one. The kernel frees a lock when its
holder dies, however it dies; a child process never inherits it.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alphapanda.errors import RefusedError

PRIVATE = 0o600
PUBLIC = 0o644

_POLL_S = 0.05
_NEVER = threading.Event()
_numbers = itertools.count()


def write_atomically(path: Path, content: bytes | str, *, mode: int = PUBLIC, durable: bool = True) -> None:
    """Replace the content of `path`; its folder must exist.

    Args:
        path: the file.
        content: its new content; text is written as UTF-8.
        mode: of the file, less the process's umask. No reader with fewer rights ever sees the content.
        durable: whether it is on the disk when this returns. False for what matters only until the machine stops:
            identities of processes, heartbeats, caches.

    Raises:
        OSError: it cannot be written; the old content is still there, and no draft.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}-{next(_numbers)}.draft")
    data = content.encode() if isinstance(content, str) else content
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold the lock on `path` while the block runs; gives False at once when another holder has it."""
    # 10 ms to load, and TAB completion imports this module.
    from filelock import FileLock, Timeout  # noqa: PLC0415

    lock = FileLock(path, mode=PRIVATE, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def lock_or_refuse(path: Path, what: str, *, hint: str) -> Iterator[None]:
    """Hold the lock on `path` while the block runs.

    Args:
        path: the lock file; its folder must exist.
        what: what is refused, a sentence without its full stop: `Another replay of x.dlq is running`.
        hint: what to do about it.

    Raises:
        RefusedError: another holder has it; names the process where the system tells.
    """
    with try_lock(path) as mine:
        if not mine:
            holder = lock_holder(path)
            raise RefusedError(f"{what}{f', process {holder}' if holder else ''}.", hint=hint)
        yield


@contextmanager
def wait_for_lock(
    path: Path,
    *,
    on_wait: Callable[[], None] = lambda: None,
    pause: Callable[[float], object] = _NEVER.wait,
) -> Iterator[None]:
    """Hold the lock on `path` while the block runs, waiting for it as long as it takes.

    Args:
        path: the lock file; its folder must exist.
        on_wait: called once if there is somebody to wait for.
        pause: waits for that many seconds between two attempts; an error that it raises ends the wait.
    """
    is_told = False
    while True:
        with try_lock(path) as mine:
            if mine:
                yield
                return
        if not is_told:
            on_wait()
            is_told = True
        pause(_POLL_S)


def lock_holder(path: Path) -> int | None:
    """Return the process that holds the lock on `path`; None when none does, or the system does not tell."""
    try:
        file = path.stat()
        table = Path("/proc/locks").read_text(encoding="ascii")
    except OSError:
        return None
    wanted = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    for line in table.splitlines():
        fields = line.split()  # 1: FLOCK ADVISORY WRITE PID DEVICE:INODE 0 EOF
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5] == wanted and fields[4].isdigit():
            return int(fields[4]) or None
    return None
