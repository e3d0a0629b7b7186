"""What a child wrote to stdout and stderr: kept in a file of bounded size, shown by its last lines.

A file, not a pipe: a child can never be held up by who reads it, and outlives its reader. Daemons write their
logs themselves; this is for what a crash leaves behind.
"""

from __future__ import annotations

import os
from pathlib import Path

SIZE_LIMIT = 1024 * 1024
KEPT = 64 * 1024
TAIL_LINES = 20


def size_of(path: Path) -> int:
    """Return the bytes in the file; 0 when there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def tail_lines(path: Path, *, since: int = 0, limit: int = TAIL_LINES) -> tuple[str, ...]:
    """Return the last `limit` lines written after byte `since` (of the whole file, if it was cut after that)."""
    size = size_of(path)
    if size == 0:
        return ()
    start = max(since if since <= size else 0, size - KEPT)
    with path.open("rb") as output:
        output.seek(start)
        lines = output.read(KEPT).decode(errors="replace").splitlines()
    return tuple(lines[-limit:])


def last_line(text: str) -> str:
    """Return the last line that is not empty."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def keep_bounded(path: Path, *, limit: int = SIZE_LIMIT, kept: int = KEPT) -> bool:
    """Cut a file of more than `limit` bytes down to its last `kept`; return whether it was cut.

    Its writer appends (`O_APPEND`), so it goes on at the new end.
    """
    size = size_of(path)
    if size <= limit:
        return False
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    try:
        tail = os.pread(handle, kept, size - kept)
        os.ftruncate(handle, 0)
        os.write(handle, tail)
    finally:
        os.close(handle)
    return True
