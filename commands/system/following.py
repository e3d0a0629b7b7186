"""What `up`, `down`, `status` and `restart` share: how a system looks, and following it as it changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from typing import TYPE_CHECKING

from commands.shell.output import Column, Output, Style

if TYPE_CHECKING:
    from alphapanda.infra.control.protocol import ProcessEvent, ProcessStatus, SystemStatus

_STYLES: dict[str, Style] = {
    "ready": Style.GOOD,
    "done": Style.GOOD,
    "starting": Style.WARN,
    "stopping": Style.WARN,
    "degraded": Style.WARN,
    "backoff": Style.WARN,
    "crashloop": Style.BAD,
    "failed": Style.BAD,
    "stopped": Style.FAINT,
}
COLUMNS = (
    Column("mark", ""),
    Column("name", "NAME"),
    Column("state", "STATE", style=lambda state: _STYLES.get(str(state))),
    Column("pid", "PID", right=True),
    Column("uptime", "UPTIME", right=True),
    Column("cpu", "CPU", right=True),
    Column("rss", "MEMORY", right=True),
    Column("restarts", "RESTARTS", right=True),
    Column("reason", "REASON"),
)
_MARKS = {
    "ready": "●",
    "done": "●",
    "starting": "◐",
    "stopping": "◑",
    "degraded": "▲",
    "backoff": "↻",
    "crashloop": "✖",
    "failed": "✖",
    "stopped": "○",
}


def mark_of(state: str) -> str:
    """Return the sign of a state: each has another, so that colour is never alone."""
    return _MARKS[state]


def row_of(process: ProcessStatus) -> dict[str, object]:
    """Return a process as a row for people."""
    reason = process.reason
    if process.retry_in_s is not None:
        reason = f"{reason}; again in {process.retry_in_s:.0f} s"
    if process.adopted:
        reason = f"adopted{'; ' if reason else ''}{reason}"
    return {
        "mark": mark_of(process.state),
        "name": process.name,
        "state": process.state.value,
        "pid": process.pid,
        "uptime": None if process.uptime_s is None else duration(process.uptime_s),
        "cpu": None if process.cpu_percent is None else f"{process.cpu_percent:.1f} %",
        "rss": None if process.rss_bytes is None else f"{process.rss_bytes / 2**20:.0f} MiB",
        "restarts": process.restarts or None,
        "reason": reason,
    }


def summary_of(status: SystemStatus) -> str:
    """Return one line on the whole system: how many are ready, and what all use together."""
    everyone = (status.supervisor, *status.processes)
    ready = sum(process.state.value in {"ready", "done"} for process in status.processes)
    memory = sum(process.rss_bytes or 0 for process in everyone) / 2**20
    cpu = sum(process.cpu_percent or 0.0 for process in everyone)
    overrides = " ".join(f"{name}={value}" for name, value in status.overrides.items())
    line = f"{ready} of {len(status.processes)} ready · {memory:.0f} MiB · {cpu:.1f} % of a core"
    return f"{line} · with {overrides}" if overrides else line


def duration(seconds: float) -> str:
    """Return seconds as people say them: `8 s`, `3 m 20 s`, `5 h 02 m`, `4 d 05 h`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} m {whole % 60:02} s"
    if whole < 86_400:
        return f"{whole // 3_600} h {whole % 3_600 // 60:02} m"
    return f"{whole // 86_400} d {whole % 86_400 // 3_600:02} h"


class Following:
    """How processes stand, kept up to date from a supervisor's events, and told as it changes.

    Attributes:
        processes: by name.
    """

    def __init__(self, output: Output, *, quiet: bool = False) -> None:
        self.processes: dict[str, ProcessStatus] = {}
        self._output = output
        self._quiet = quiet
        self._tails: dict[str, tuple[str, ...]] = {}

    async def until_settled(
        self, news: AsyncIterator[SystemStatus | ProcessEvent], names: Collection[str]
    ) -> tuple[ProcessStatus, ...]:
        """Follow until all of `names` are up, or one is stuck; return those that are stuck."""
        async for item in news:
            self.take_in(item)
            mine = [process for name, process in self.processes.items() if name in names]
            stuck = tuple(process for process in mine if process.state.is_stuck)
            if stuck or (mine and all(process.state.value in {"ready", "done"} for process in mine)):
                return stuck
        return ()

    def take_in(self, item: SystemStatus | ProcessEvent) -> None:
        """Take in one piece of news and say what changed."""
        from alphapanda.infra.control.protocol import ProcessEvent

        if isinstance(item, ProcessEvent):
            process = item.process
            self.processes[process.name] = process
            if item.output_tail:
                self._tails[process.name] = item.output_tail
            if item.before is not process.state:
                self._tell(process)
        else:
            self.processes = {process.name: process for process in item.processes}

    def blocked_by(self, name: str) -> tuple[str, ...]:
        """Return what cannot go on because `name` is not up."""
        found = {name}
        for process in self.processes.values():  # in dependency order
            if found.intersection(process.needs):
                found.add(process.name)
        return tuple(each for each in self.processes if each in found and each != name)

    def tail_of(self, name: str) -> tuple[str, ...]:
        """Return the last lines that `name` wrote before it ended."""
        return self._tails.get(name, ())

    def _tell(self, process: ProcessStatus) -> None:
        if self._quiet:
            return
        state = process.state.value
        line = f"{mark_of(state)} {process.name} {state}"
        if state == "ready" and process.adopted:
            line += ", as an earlier supervisor left it"
        elif state == "ready" and process.uptime_s is not None:
            line += f" after {process.uptime_s:.1f} s"
        elif process.reason:
            line += f": {process.reason}"
        if process.retry_in_s is not None:
            line += f"; starts again in {process.retry_in_s:.0f} s"
        self._output.say(line)
