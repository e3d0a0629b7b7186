"""One supervisor a deployment: a lock that the kernel frees when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from alphapanda.errors import RefusedError


class DeploymentLock:
    """Held while entered. Its descriptor is not inherited, so that no child can hold it beyond us."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1

    def __enter__(self) -> Self:
        """Take the lock; raises RefusedError when another process has it."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise RefusedError(
                f"Another supervisor has this deployment ({self._path.parent}).",
                hint="See it with `alphapanda status`.",
            ) from None
        self._handle = handle
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._handle)
        self._handle = -1


def is_locked(path: Path) -> bool:
    """Whether a supervisor lives."""
    try:
        with DeploymentLock(path):
            return False
    except RefusedError:
        return True
    except FileNotFoundError:
        return False
