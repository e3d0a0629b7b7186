"""`alphapanda restart`: stop daemons and start them again."""

from __future__ import annotations

from typing import Annotated

import typer

from alphapanda.exit_codes import ExitCode
from commands.shell.context import Context
from commands.shell.options import JsonOption

WAIT_S = 120.0


def register(app: typer.Typer) -> None:
    """Add `restart`."""
    app.command("restart")(restart)


def restart(
    call: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Daemons, or kafka, valkey.")],
    wait_timeout: Annotated[
        float, typer.Option("--wait-timeout", min=0.1, metavar="SECONDS", help="How long to wait until ready.")
    ] = WAIT_S,
    json: JsonOption = False,
) -> None:
    """Stop daemons, in reverse order, and start them again; wait until they are ready.

    Example: alphapanda restart strategies
    """
    context = Context.of(call, json=json)
    raise typer.Exit(context.run(_restart(context, tuple(names), wait_timeout)))


async def _restart(context: Context, names: tuple[str, ...], wait_timeout: float) -> ExitCode:
    from alphapanda.infra.control.client import connect
    from alphapanda.infra.control.run_paths import RunPaths
    from alphapanda.model.control import Outcome
    from commands.system.waiting import wait_until_ready

    places = RunPaths(context.deployment)
    async with connect(places) as client, context.audit().audited("restart", ",".join(names)) as act:
        await client.restart(names)
        code = await wait_until_ready(context, places, names, wait_timeout)
        act.outcome = Outcome.DONE if code is ExitCode.OK else Outcome.FAILED
    return code
