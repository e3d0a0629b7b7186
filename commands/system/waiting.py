"""Wait until processes are ready; if they will not be, show why."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from alphapanda.errors import DeadlineError
from alphapanda.exit_codes import ExitCode
from alphapanda.infra.control.client import NotRunningError, connect
from commands.system.following import Following

if TYPE_CHECKING:
    from alphapanda.infra.control.protocol import ProcessStatus
    from alphapanda.infra.control.run_paths import RunPaths
    from commands.shell.context import Context

TAIL_LINES = 20


async def wait_until_ready(
    context: Context, places: RunPaths, names: Collection[str], timeout_s: float
) -> ExitCode:
    """Follow the supervisor's events until `names` are ready; tell what happens on the way.

    Raises:
        DeadlineError: some were not ready in time; the others go on.
        NotRunningError: the supervisor ended.
    """
    following = Following(context.output)
    began = context.clock.monotonic()
    try:
        async with asyncio.timeout(timeout_s), connect(places) as client:
            stuck = await following.until_settled(client.events(), names)
    except TimeoutError:
        raise _too_late(following, names, timeout_s) from None
    if stuck:
        _tell_stuck(context, places, following, stuck)
        return ExitCode.FAILED
    mine = [process for name, process in following.processes.items() if name in names]
    if not all(process.state.is_up for process in mine):
        raise NotRunningError("The supervisor ended meanwhile.", hint="See `alphapanda logs supervisor`.")
    context.output.say(f"{len(mine)} ready in {context.clock.monotonic() - began:.1f} s.")
    return ExitCode.OK


def _too_late(following: Following, names: Collection[str], timeout_s: float) -> DeadlineError:
    waiting = [
        f"{name} ({process.state}{': ' + process.reason if process.reason else ''})"
        for name, process in following.processes.items()
        if name in names and process.state.value not in {"ready", "done"}
    ]
    return DeadlineError(
        f"Not ready after {timeout_s:g} s: {', '.join(waiting)}.",
        hint="Watch it with `alphapanda status --watch`.",
    )


def _tell_stuck(
    context: Context, places: RunPaths, following: Following, stuck: Collection[ProcessStatus]
) -> None:
    from daemons.supervisor.output import tail_lines

    output = context.output
    for process in stuck:
        for line in following.tail_of(process.name) or tail_lines(places.output_of(process.name)):
            output.say(f"{process.name} | {line}")
        blocked = following.blocked_by(process.name)
        waiting = f" {', '.join(blocked)} wait for it." if blocked else ""
        reason = (process.reason or process.last_exit).removesuffix(".")
        output.error(
            f"{process.name} is in state {process.state}: {reason}.{waiting}",
            f"See `alphapanda logs {process.name}`; then `alphapanda up` tries again.",
        )
