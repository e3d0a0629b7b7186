"""A log file that its own process rotates: no line is copied, cut or lost.

The live file is `{service}.jsonl`. At its limit it is renamed to `{service}.{number}.jsonl` with the
next number, and a new live file is begun. A renamed file never changes again, so a reader that
follows can finish it at leisure.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

SUFFIX = ".jsonl"
_ROTATED = re.compile(r"(?P<service>.+)\.(?P<number>\d{6,})\.jsonl")
_MODE = 0o640


def live_file(folder: Path, service: str) -> Path:
    """Return the file that a service writes now."""
    return folder / f"{service}{SUFFIX}"


def rotated_file(folder: Path, service: str, number: int) -> Path:
    """Return the name of a service's `number`-th full file (from 1)."""
    return folder / f"{service}.{number:06d}{SUFFIX}"


def rotated_files(folder: Path, service: str) -> list[tuple[int, Path]]:
    """Return a service's full files that are still kept, oldest first, each with its number."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        match = _ROTATED.fullmatch(path.name)
        if match and match["service"] == service:
            found.append((int(match["number"]), path))
    return sorted(found)


def service_of(path: Path) -> str:
    """Return the service whose log this file is, live or rotated."""
    match = _ROTATED.fullmatch(path.name)
    return match["service"] if match else path.name.removesuffix(SUFFIX)


class RotatingFile:
    """Appends whole lines to a service's live file and rotates it at its limit; for one thread."""

    def __init__(self, folder: Path, service: str, *, max_bytes: int, backups: int) -> None:
        """Open the live file, going on where an earlier process stopped.

        Args:
            folder: where the files lie; made if it is not there.
            service: whose log it is.
            max_bytes: what a file may hold; a single longer line still gets a file of its own.
            backups: how many full files are kept.
        """
        self._folder = folder
        self._service = service
        self._max_bytes = max_bytes
        self._backups = backups
        self.path = live_file(folder, service)
        self.rotations = 0
        self._fd = -1
        self._size = 0
        self._torn = False
        folder.mkdir(parents=True, exist_ok=True)
        self._open()

    @property
    def name(self) -> str:
        """The live file's path."""
        return str(self.path)

    @property
    def size(self) -> int:
        """Bytes in the live file."""
        return self._size

    def write(self, lines: Sequence[bytes]) -> None:
        """Append whole lines; raises OSError when the disk refuses them."""
        self._reopen_if_replaced()
        for chunk in self._chunks(lines):
            if self._size and self._size + len(chunk) > self._max_bytes:
                self._rotate()
            self._append(chunk)

    def close(self) -> None:
        """Close the live file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _chunks(self, lines: Sequence[bytes]) -> Iterator[bytes]:
        """Join lines into as few writes as the limit allows."""
        pending: list[bytes] = []
        used = self._size
        for line in lines:
            if pending and used + len(line) > self._max_bytes:
                yield b"".join(pending)
                pending, used = [], 0
            pending.append(line)
            used += len(line)
        if pending:
            yield b"".join(pending)

    def _append(self, chunk: bytes) -> None:
        view = memoryview(b"\n" + chunk if self._torn else chunk)
        written = 0
        try:
            while written < len(view):
                written += os.write(self._fd, view[written:])
        except OSError:
            # A full disk takes a part of the chunk: take it back, so that no half line stays.
            os.ftruncate(self._fd, self._size)
            raise
        self._size += written
        self._torn = False

    def _open(self) -> None:
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _MODE)
        self._size = os.fstat(self._fd).st_size
        # A machine that stopped in the middle of a write leaves half a line: the next must not join it.
        self._torn = bool(self._size) and os.pread(self._fd, 1, self._size - 1) != b"\n"

    def _reopen_if_replaced(self) -> None:
        """Follow the name if someone moved or deleted the file, so that no line goes where nobody looks."""
        if self._fd < 0:
            self._open()
        ours = os.fstat(self._fd)
        try:
            named = self.path.stat()
        except FileNotFoundError:
            named = None
        if named is None or (named.st_dev, named.st_ino) != (ours.st_dev, ours.st_ino):
            self.close()
            self._folder.mkdir(parents=True, exist_ok=True)
            self._open()

    def _rotate(self) -> None:
        kept = rotated_files(self._folder, self._service)
        number = kept[-1][0] + 1 if kept else 1
        target = rotated_file(self._folder, self._service, number)
        self.path.rename(target)
        self.close()
        self._open()
        self.rotations += 1
        kept.append((number, target))
        for _, path in kept[: max(0, len(kept) - self._backups)]:
            path.unlink(missing_ok=True)
