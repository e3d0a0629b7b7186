"""Whether there is room, and the one line that says so when there is none."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alphapanda.errors import DependencyError

MIB = 1024 * 1024


class DiskFullError(DependencyError):
    """A disk has no room for what must be written."""


class DiskAccessError(DependencyError):
    """A folder cannot be written."""


def free_room(folder: Path) -> int:
    """Return the bytes that are left on the disk that `folder` is on, or would be."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return shutil.disk_usage(existing).free


def require_room(folder: Path, need: int, purpose: str) -> None:
    """Check that the disk under `folder` has `need` bytes left.

    Raises:
        DiskFullError: it has less.
    """
    free = free_room(folder)
    if free < need:
        raise DiskFullError(
            f"The disk under {folder} has {free // MIB} MiB free; {purpose} needs {need // MIB} MiB.",
            hint="Free some room and try again.",
        )


@contextmanager
def writing(folder: Path, purpose: str) -> Iterator[None]:
    """Turn the system's error of a full or closed disk into one clear line.

    Raises:
        DiskFullError: no room left.
        DiskAccessError: not allowed, or read-only.
    """
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(
                f"The disk under {folder} is full; {purpose} was not finished.",
                hint="Free some room and try again; nothing half-written was left.",
            ) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise DiskAccessError(
                f"{error.filename or folder} cannot be written ({error.strerror}); {purpose} was not finished.",
                hint="Give this user the right to write there, or choose another folder with ALPHAPANDA_HOME.",
            ) from error
        raise
