"""The table of processes that `up`, `down`, `restart` and `status` show, and reports of how processes change."""

from __future__ import annotations

from alphapanda.exit_codes import ExitCode
from alphapanda.infra.control.protocol import SystemStatus
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.model.process_status import ProcessStatus
from alphapanda.operations.control.restart import Readiness
from commands.shell.context import Context
from commands.shell.output import Column, Output, Style
from daemons.supervisor.inspection import tail_lines

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


def report_change(output: Output, process: ProcessStatus) -> None:
    """Report a change of state in one line."""
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
    output.say(line)


def report_readiness(context: Context, readiness: Readiness, seconds: float) -> ExitCode:
    """Report how processes came up: how many are ready, or why one is stuck, with its last lines."""
    output, follower = context.output, readiness.follower
    if not readiness.stuck:
        output.say(f"{len(readiness.ready)} ready in {seconds:.1f} s.")
        return ExitCode.OK
    places = RunPaths(context.deployment)
    for process in readiness.stuck:
        for line in follower.tail_of(process.name) or tail_lines(places.output_of(process.name)):
            output.say(f"{process.name} | {line}")
        blocked = follower.blocked_by(process.name)
        waiting = f" {', '.join(blocked)} wait for it." if blocked else ""
        reason = (process.reason or process.last_exit).removesuffix(".")
        output.error(
            f"{process.name} is in state {process.state}: {reason}.{waiting}",
            f"See `alphapanda logs {process.name}`; then `alphapanda up` tries again.",
        )
    return ExitCode.FAILED
