"""The log files of one service, oldest first."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from alphapanda.operations.logs.foreign import ParseLine, parse_foreign
from alphapanda.telemetry.record import decode_line
from alphapanda.telemetry.rotation import SUFFIX, live_file, rotated_files, service_of

LIVE = 1 << 62
"""The number of the live file: greater than any rotated file's."""

BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a service's log.

    Attributes:
        number: its order among the service's files.
        path: its current path.
        inode: its identity, which a rename does not change.
        size: bytes when it was read; the last line may be incomplete.
        modified: time of the last write.
    """

    number: int
    path: Path
    inode: tuple[int, int]
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class LogFileSource:
    """The log files of one service.

    Attributes:
        name: of the service.
        live: the file that is written now.
        parse: parses one line.
        rotated: finds the full files, with numbers, oldest first.
    """

    name: str
    live: Path
    parse: ParseLine
    rotated: Callable[[], list[tuple[int, Path]]]

    def segments(self) -> list[Segment]:
        """Return the existing files, oldest first, each once even during a rename."""
        # The live file is looked at first: whatever is renamed meanwhile is then still found among the full ones.
        live = _segment(LIVE, self.live)
        full = [found for number, path in self.rotated() if (found := _segment(number, path))]
        kept = [segment for segment in full if live is None or segment.inode != live.inode]
        return [*kept, live] if live else kept


def daemon_source(folder: Path, name: str) -> LogFileSource:
    """Return the log of a daemon: JSON lines, rotated by its own process."""
    return LogFileSource(name, live_file(folder, name), decode_line, lambda: rotated_files(folder, name))


def server_source(live: Path) -> LogFileSource:
    """Return the log of a server such as Kafka: plain text, with older files as `{name}.1`, `{name}.2`."""

    def rotated() -> list[tuple[int, Path]]:
        numbered = ((path.suffix[1:], path) for path in live.parent.glob(f"{live.name}.*"))
        return sorted((-int(number), path) for number, path in numbered if number.isdigit())

    return LogFileSource(live.stem, live, parse_foreign, rotated)


def daemon_sources(folder: Path) -> dict[str, LogFileSource]:
    """Return the logs of all daemons that have one."""
    names = sorted({service_of(path) for path in folder.glob(f"*{SUFFIX}")})
    return {name: daemon_source(folder, name) for name in names}


def server_sources(folder: Path) -> dict[str, LogFileSource]:
    """Return the logs of the embedded servers."""
    return {path.stem: server_source(path) for path in sorted(folder.glob("*.log"))}


def _segment(number: int, path: Path) -> Segment | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return Segment(
        number=number,
        path=path,
        inode=(stat.st_dev, stat.st_ino),
        size=stat.st_size,
        modified=datetime.fromtimestamp(stat.st_mtime, UTC),
    )


def whole_lines(source: LogFileSource) -> list[Segment]:
    """Return the existing files, the live one without an incomplete last line."""
    segments = source.segments()
    if not segments or segments[-1].number != LIVE:
        return segments
    live = segments[-1]
    file = open_segment(source, live)
    if file is None:
        return segments[:-1]
    with file:
        return [*segments[:-1], replace(live, size=_last_newline(file, live.size))]


def _last_newline(file: io.BufferedReader, size: int) -> int:
    """Return how many of the first `size` bytes lie before the end of the last whole line."""
    end = size
    while end > 0:
        begin = max(0, end - BLOCK)
        file.seek(begin)
        place = file.read(end - begin).rfind(b"\n")
        if place >= 0:
            return begin + place + 1
        end = begin
    return 0


def open_segment(source: LogFileSource, segment: Segment) -> io.BufferedReader | None:
    """Open a file that may have been renamed since; None if it was deleted."""
    for candidate in (segment, *(found for found in source.segments() if found.inode == segment.inode)):
        try:
            file = candidate.path.open("rb")
        except FileNotFoundError:
            continue
        stat = os.fstat(file.fileno())
        if (stat.st_dev, stat.st_ino) == segment.inode:
            return file
        file.close()
    return None


def lines_forward(file: io.BufferedReader, size: int) -> Iterator[bytes]:
    """Yield the lines in the first `size` bytes, without newlines; a part of a line at the end too."""
    left = size
    for line in file:
        if left <= 0:
            return
        yield line[:left].rstrip(b"\n")
        left -= len(line)


def lines_backward(file: io.BufferedReader, size: int) -> Iterator[bytes]:
    """Yield the lines in the first `size` bytes from the last to the first, without newlines."""
    end, pending = size, b""
    first = True
    while end > 0:
        begin = max(0, end - BLOCK)
        file.seek(begin)
        block = file.read(end - begin) + pending
        end = begin
        if first and block.endswith(b"\n"):
            block = block[:-1]
        first = False
        pending, *lines = block.split(b"\n") if begin else [b"", *block.split(b"\n")]
        yield from reversed(lines)
