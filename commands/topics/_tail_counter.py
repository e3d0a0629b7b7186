"""How much a tail has read, on stderr: a line that changes on a terminal, and a summary at the end."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from alphapanda.clock import Clock
from commands.shell.output import SCHEMA_VERSION, Output

if TYPE_CHECKING:
    from alphapanda.operations.tail.filters import RecordFilter
    from alphapanda.operations.tail.scan import ReadCounter

EVERY_S = 0.25
_CLEAR = "\r\x1b[K"
_UNITS = ("B", "KB", "MB", "GB", "TB")


class TailCounter:
    """Shows the progress of a reading, and sums it up however it ends."""

    def __init__(self, output: Output, clock: Clock, counter: ReadCounter, picks: RecordFilter) -> None:
        self._output = output
        self._clock = clock
        self._counter = counter
        self._picks = picks
        self._began = self._last_shown_at = clock.monotonic()
        self._visible = False
        self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or not issubclass(kind, BrokenPipeError):
            self.clear()
            self._summary()

    def tick(self, shown: int) -> None:
        """Note how many were shown so far; on a terminal the line changes a few times a second."""
        self._shown = shown
        now = self._clock.monotonic()
        if now - self._last_shown_at < EVERY_S or not self._output.stderr.isatty():
            return
        self._last_shown_at = now
        self._output.stderr.write(f"{_CLEAR}{self._text()}")
        self._output.stderr.flush()
        self._visible = True

    def clear(self) -> None:
        """Take the line away before something else is written."""
        if self._visible:
            self._output.stderr.write(_CLEAR)
            self._output.stderr.flush()
            self._visible = False

    def _summary(self) -> None:
        if not self._output.as_json:
            self._output.say(self._text())
            return
        import msgspec

        body = {
            "schema_version": SCHEMA_VERSION,
            "kind": "tail_summary",
            "scanned": self._counter.scanned,
            "matched": self._counter.matched,
            "shown": self._shown,
            "bytes": self._counter.bytes,
            "undecodable": self._picks.undecodable,
            "seconds": round(self._seconds, 3),
        }
        self._output.say(msgspec.json.encode(body).decode())

    @property
    def _seconds(self) -> float:
        return self._clock.monotonic() - self._began

    def _text(self) -> str:
        counter, seconds = self._counter, self._seconds
        parts = [f"scanned {counter.scanned:,}", f"matched {counter.matched:,}"]
        if self._shown != counter.matched:
            parts.append(f"shown {self._shown:,}")
        if self._picks.undecodable:
            parts.append(f"undecodable {self._picks.undecodable:,}")
        parts += [size_text(counter.bytes), f"{seconds:.1f} s"]
        if seconds > 0:
            parts.append(f"{counter.scanned / seconds:,.0f} records/s")
        return " · ".join(parts)


def size_text(count: int) -> str:
    """Return a number of bytes as people read it."""
    size = float(count)
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"
