"""`alphapanda down`: stop all processes in reverse order of dependency."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from alphapanda.exit_codes import ExitCode
from alphapanda.infra.control.client import ControlClient, NotRunningError, UnresponsiveError, connect
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.infra.control.run_records import RunRecords, end_orphans, end_process
from alphapanda.infra.identity import IdentityFile, ProcessIdentity
from alphapanda.operations.audit import AuditedAct
from alphapanda.operations.control.restart import ProcessFollower
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.system.process_table import report_change

TELL_EVERY_S = 2.0
KILL_WITHIN_S = 10.0


def register(app: typer.Typer) -> None:
    """Add `down`."""
    app.command("down")(down)


def down(
    call: typer.Context,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout", "-t", min=0.0, metavar="SECONDS", help="Kill the remaining processes after this."
        ),
    ] = 90.0,
    json: JsonOption = False,
) -> None:
    """Stop all processes, dependents first, and show which ones are still stopping.

    Also works after the supervisor itself was killed. Ends with 0 if nothing was running.

    Example: alphapanda down --timeout 30
    """
    context = Context.of(call, json=json)
    stopped = context.run(_down(context, timeout))
    if json:
        context.output.document("down", {"stopped": stopped})
    raise typer.Exit(ExitCode.OK)


async def _down(context: Context, timeout_s: float) -> list[str]:

    places = RunPaths(context.deployment)
    stopped: list[str] = []
    # Asked for first: the file is gone a moment before its process.
    supervisor = IdentityFile(places.identity).alive()
    try:
        async with connect(places) as client:
            found = (await client.status()).processes
            stopped = [process.name for process in found if process.pid is not None]
            if any(process.name == "topics" and process.state.value == "done" for process in found):
                # While there is a log to write it to.
                details = {"stopped": ",".join(stopped)}
                await context.audit().record_act(AuditedAct("down", context.deployment.root.name, details=details))
            await _stop(context, places, client, timeout_s)
        await _gone(supervisor, places, KILL_WITHIN_S)
    except NotRunningError:
        await _gone(supervisor, places, KILL_WITHIN_S)
    except UnresponsiveError as error:
        context.output.warn(str(error))
        await _gone(supervisor, places, 0.0)
    left = await _sweep(context, places)
    if stopped or left:
        context.output.say(f"Stopped {len({*stopped, *left})} processes.")
    else:
        context.output.say(f"Nothing is running in {context.deployment.root}.")
    return sorted({*stopped, *left})


async def _stop(context: Context, places: RunPaths, client: ControlClient, timeout_s: float) -> None:
    """Ask for the stop, report progress, and kill the remaining processes when it takes too long."""
    async with _progress_reported(context, places):
        stopping = asyncio.create_task(client.stop())
        _, late = await asyncio.wait({stopping}, timeout=timeout_s)
        if late:
            context.output.warn(f"Still running after {timeout_s:g} s; killing the remaining processes.")
            async with connect(places) as second:
                await second.stop(now=True)
        await stopping


@asynccontextmanager
async def _progress_reported(context: Context, places: RunPaths) -> AsyncIterator[None]:
    """Report each change of state, and every two seconds the processes that are still stopping."""
    follower = ProcessFollower(lambda process: report_change(context.output, process))

    async def listen() -> None:
        async with connect(places) as client:
            async for item in client.events():
                follower.fold(item)

    async def remind() -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            for process in follower.processes.values():
                if process.state.value == "stopping":
                    waited = (context.clock.now() - process.since).total_seconds()
                    context.output.say(f"  {process.name} is still stopping after {waited:.0f} s")

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen()), group.create_task(remind())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _gone(supervisor: ProcessIdentity | None, places: RunPaths, patience_s: float) -> None:
    """Wait for the supervisor's process to end; kill it when it does not."""
    if supervisor is not None:
        await end_process(supervisor, places.identity, patience_s)


async def _sweep(context: Context, places: RunPaths) -> tuple[str, ...]:
    """End the processes that a killed supervisor left, and forget its desired state."""
    if not places.lock.exists():
        return ()
    with places.hold():
        left = await end_orphans(places, RunRecords(places.run_records).survivors, context.output.say)
        for leftover in (places.desired_state, places.heartbeat, places.control_socket, places.notify_socket):
            leftover.unlink(missing_ok=True)
    return left
