"""`alphapanda status`: the state of each process, and its uptime."""

from __future__ import annotations

import asyncio

import typer

from alphapanda.exit_codes import ExitCode
from alphapanda.infra.control.client import NotRunningError, connect
from alphapanda.infra.control.protocol import SystemStatus
from alphapanda.infra.control.run_paths import RunPaths
from commands.shell.context import Context
from commands.shell.options import IntervalOption, JsonOption, WatchOption
from commands.shell.reading import CLEAR
from commands.system.process_table import COLUMNS, row_of, summary_of


def register(app: typer.Typer) -> None:
    """Add `status`."""
    app.command("status")(status)


def status(
    call: typer.Context,
    json: JsonOption = False,
    watch: WatchOption = False,
    interval: IntervalOption = 2.0,
) -> None:
    """Show each process with its state, uptime, CPU and memory.

    Ends with 0 if all are ready, 1 if one is not, 3 if nothing is running.

    Example: alphapanda status --watch
    """
    context = Context.of(call, json=json)
    if watch:
        context.run(_watch(context, interval))
    raise typer.Exit(context.run(_once(context)))


async def _once(context: Context) -> ExitCode:

    try:
        found = await _ask(context)
    except NotRunningError as error:
        if not context.output.as_json:
            raise
        context.output.document("status", {"running": False, "reason": error.message})
        return ExitCode.FOUND
    _show(context, found)
    return ExitCode.OK if found.all_ready else ExitCode.FAILED


async def _watch(context: Context, interval: float) -> None:
    """Refresh until Ctrl-C; a system that is not running may start at any time."""
    while True:
        try:
            found = await _ask(context)
        except NotRunningError as error:
            found = None
            if not context.output.as_json:
                context.output.say(error.message)
        if found is not None:
            _show(context, found, watched=True)
        elif context.output.as_json:
            context.output.json_line("status", {"running": False})
        await asyncio.sleep(interval)


async def _ask(context: Context) -> SystemStatus:

    async with connect(RunPaths(context.deployment)) as client:
        return await client.status()


def _show(context: Context, found: SystemStatus, *, watched: bool = False) -> None:

    output = context.output
    if output.as_json:
        body = {
            "running": True,
            "at": found.at,
            "all_ready": found.all_ready,
            "supervisor": found.supervisor,
            "processes": found.processes,
            "overrides": found.overrides,
        }
        (output.json_line if watched else output.document)("status", body)
        return
    rows = [row_of(process) for process in (*found.processes, found.supervisor)]
    lines = output.render(rows, COLUMNS)
    if watched and output.stdout.isatty():
        output.stdout.write(CLEAR)
    output.lines([*lines, summary_of(found)])
