"""How far a long act is: a bar on a terminal, JSON lines elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from commands._output import Output

_STEP = 0.05
"""Off a terminal a line is written for each twentieth."""


class Reporter(Protocol):
    """What a long act reports to."""

    def update(self, done: float, *, total: float | None = None, note: str = "") -> None:
        """Say that `done` of `total` is behind it; `note` says at what it is."""
        ...


@contextmanager
def progress(output: Output, title: str, total: float | None) -> Iterator[Reporter]:
    """Show progress on stderr until the block ends."""
    if output.as_json or not output.stderr.isatty():
        lines = _Lines(output, title, total)
        lines.write("started")
        yield lines
        lines.write("finished")
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(file=output.stderr, no_color=output.no_color)
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=console, transient=True) as bars:
        yield _Bar(bars, bars.add_task(title, total=total, note=""))


class _Bar:
    """A bar of rich's."""

    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self._bars = bars
        self._task = task

    def update(self, done: float, *, total: float | None = None, note: str = "") -> None:
        """Move the bar."""
        self._bars.update(self._task, completed=done, total=total, note=note)


class _Lines:
    """A JSON line for each step, for what is no terminal."""

    def __init__(self, output: Output, title: str, total: float | None) -> None:
        self._output = output
        self._title = title
        self._total = total
        self._done = 0.0
        self._shown = 0.0

    def update(self, done: float, *, total: float | None = None, note: str = "") -> None:
        """Write a line if a step has been made since the last."""
        self._total = total if total is not None else self._total
        self._done = done
        if self._total and (done - self._shown) / self._total >= _STEP:
            self._shown = done
            self.write("running", note)

    def write(self, state: str, note: str = "") -> None:
        """Write one line."""
        fields = {"progress": self._title, "state": state, "done": self._done, "total": self._total}
        self._output.say(json.dumps(fields | ({"note": note} if note else {})))
