"""`alphapanda restart`: stop daemons and start them again."""

from __future__ import annotations

from typing import Annotated

import typer

from alphapanda.exit_codes import ExitCode
from alphapanda.operations.control.restart import RestartProcesses, restart_target
from alphapanda.operations.policy import Confirmation
from commands.shell.context import Context
from commands.shell.options import ConfirmOption, JsonOption, ReasonOption
from commands.shell.prompts import permit_with
from commands.system.process_table import report_change, report_readiness

WAIT_S = 120.0


def register(app: typer.Typer) -> None:
    """Add `restart`."""
    app.command("restart")(restart)


def restart(
    call: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Daemons to restart; also kafka or valkey.")
    ],
    reason: ReasonOption = "",
    confirm: ConfirmOption = "",
    wait_timeout: Annotated[
        float,
        typer.Option("--wait-timeout", min=0.1, metavar="SECONDS", help="How long to wait until they are ready."),
    ] = WAIT_S,
    json: JsonOption = False,
) -> None:
    """Stop daemons, in reverse order, and start them again; wait until they are ready.

    Asks for the daemon's name and a reason if a live broker uses the daemon.

    Example: alphapanda restart strategies
    """
    context = Context.of(call, json=json)
    confirmation = Confirmation.given(confirm=confirm, reason=reason)
    raise typer.Exit(context.run(_restart(context, tuple(names), confirmation, wait_timeout)))


async def _restart(
    context: Context, names: tuple[str, ...], confirmation: Confirmation, wait_timeout: float
) -> ExitCode:
    restart_them = RestartProcesses(context.deployment, context.audit(), permit_with(context, confirmation))
    began = context.clock.monotonic()
    readiness = await restart_them.run(
        names,
        restart_target(names, context.broker_modes()),
        confirmation.reason,
        wait_timeout,
        lambda process: report_change(context.output, process),
    )
    return report_readiness(context, readiness, context.clock.monotonic() - began)
