"""A recording as a source: one CSV file or a folder of them, each good row fed once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Self

from alphapanda.clock import Clock, to_ist
from alphapanda.errors import ConfigError
from alphapanda.ids import InstrumentId
from alphapanda.kafka.tick_writer import MAX_FRAME_TICKS
from alphapanda.market.csv_rows import BadRow
from alphapanda.market.instruments import Symbols
from alphapanda.market.recording import RecordingFile, RecordingKind, kind_of, merge
from alphapanda.model.tick import TickFrame
from daemons.feed.sources import ReplaySpeed, Sleep, frames_of

VERSION: Final = 1
"""Of how rows become ticks: a change of it is another source, with other ids."""

_HINT: Final = "Set FEED__FILE to a CSV file, or to a folder with one for each symbol."


@dataclass(frozen=True, slots=True)
class Recording:
    """Files on disk, and what identifies them.

    Attributes:
        files: in the order in which equal times are fed.
        name: the same for the same content, wherever it lies.
    """

    files: tuple[Path, ...]
    name: str

    @classmethod
    def find(cls, path: Path) -> Recording:
        """Return the recording at `path`. Reads all of it once, for its SHA-256.

        Raises:
            ConfigError: nothing is there, it cannot be read, or a file has no known header.
        """
        files = _files_at(path)
        digests = []
        for file in files:
            try:
                with file.open("rb") as content:
                    digest = hashlib.file_digest(content, "sha256").hexdigest()
                kind = _kind_of(file)
            except OSError as error:
                raise ConfigError(f"The recording {file} cannot be read: {error.strerror}.", hint=_HINT) from error
            # Bars do not say whose they are: their file's name does.
            digests.append(f"{file.stem}:{digest}" if kind is RecordingKind.BARS else digest)
        whole = digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()
        return cls(files, f"recorded/v{VERSION}/{whole}")


def _files_at(path: Path) -> tuple[Path, ...]:
    if path.is_dir():
        files = tuple(sorted(path.glob("*.csv")))
        if not files:
            raise ConfigError(f"The folder {path} holds no CSV file.", hint=_HINT)
        return files
    if not path.is_file():
        raise ConfigError(f"There is no recording at {path}.", hint=_HINT)
    return (path,)


def _kind_of(file: Path) -> RecordingKind:
    with file.open(encoding="utf-8", errors="replace") as lines:
        return kind_of(lines.readline(), file.name)


class RecordedSource:
    """The ticks of a recording, once.

    Attributes:
        rows: how many rows were read so far.

    Args:
        recording: the files.
        symbols: what a symbol's instrument and token are.
        on_bad: told of each bad row.
        pace: how fast it runs.
        clock: for measuring.
        on_day: told of each day in India that the ticks reach.
        sleep: waits.
    """

    def __init__(
        self,
        recording: Recording,
        symbols: Symbols,
        on_bad: Callable[[BadRow], None],
        pace: ReplaySpeed,
        clock: Clock,
        *,
        on_day: Callable[[date], None] = lambda _day: None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._recording = recording
        self._symbols = symbols
        self._on_bad = on_bad
        self._pace = pace
        self._clock = clock
        self._on_day = on_day
        self._sleep = sleep
        self._open: Sequence[RecordingFile] = ()

    @classmethod
    async def open(
        cls,
        path: Path,
        symbols: Symbols,
        on_bad: Callable[[BadRow], None],
        pace: ReplaySpeed,
        clock: Clock,
        *,
        on_day: Callable[[date], None] = lambda _day: None,
        sleep: Sleep = asyncio.sleep,
    ) -> Self:
        """Return the source of the recording at `path`; raises ConfigError."""
        recording = await asyncio.to_thread(Recording.find, path)
        return cls(recording, symbols, on_bad, pace, clock, on_day=on_day, sleep=sleep)

    @property
    def name(self) -> str:
        """The content's SHA-256."""
        return self._recording.name

    @property
    def loses_nothing_by_waiting(self) -> bool:
        """True: every good row becomes its ticks, however long the log takes."""
        return True

    @property
    def instruments(self) -> frozenset[InstrumentId] | None:
        """None: they are known when all rows were read."""
        return None

    @property
    def rows(self) -> int:
        """How many rows were read so far, the bad among them."""
        return sum(file.rows for file in self._open)

    async def frames(self, highest: int) -> AsyncGenerator[TickFrame, None]:
        """Return all frames from the first row on: the writer leaves out what the log holds.

        Raises:
            ConfigError: a file can no longer be read.
        """
        with ExitStack() as stack:
            try:
                opened = [
                    stack.enter_context(file.open(encoding="utf-8", errors="replace"))
                    for file in self._recording.files
                ]
            except OSError as error:
                raise ConfigError(f"The recording cannot be read: {error}.", hint=_HINT) from error
            self._open = [
                RecordingFile(file.name, lines, self._symbols, self._on_bad)
                for file, lines in zip(self._recording.files, opened, strict=True)
            ]
            frames = frames_of(
                merge(self._open),
                first=0,
                paced_from=highest + 1,
                clock=self._clock,
                pace=self._pace,
                max_ticks=MAX_FRAME_TICKS,
                sleep=self._sleep,
            )
            day: date | None = None
            async for frame in frames:
                if frame.ticks and (reached := to_ist(frame.ticks[0].exchange_ts).date()) != day:
                    day = reached
                    self._on_day(day)
                yield frame
