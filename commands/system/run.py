"""`alphapanda run`: one daemon in the foreground, for systemd, containers and debugging."""

from __future__ import annotations

from typing import Annotated

import typer

from alphapanda.errors import RefusedError
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.infra.control.run_records import RunRecords
from commands.shell.context import Context
from daemons.runtime import RunOptions, run_daemon


def register(app: typer.Typer) -> None:
    """Add `run`."""
    app.command("run")(run)


def run(
    call: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The daemon: feed, strategies, risk.BROKER, trader.BROKER.")
    ],
    accept_log_reset: Annotated[
        bool,
        typer.Option("--accept-log-reset", help="Start empty if the log is shorter than the snapshot."),
    ] = False,
) -> None:
    """Run one daemon in the foreground until Ctrl-C or SIGTERM; a second signal skips the drain.

    Notifies systemd when it is ready (Type=notify). Ends with 78 if its configuration is invalid.

    Example: alphapanda run risk.paper
    """
    context = Context.of(call)
    entry = RunRecords(RunPaths(context.deployment).run_records).get(name)
    if entry is not None and entry.identity.alive:
        raise RefusedError(
            f"{name} is already running as pid {entry.identity.pid}.",
            hint="Stop the system with `alphapanda down`.",
        )
    options = RunOptions(accept_log_reset=accept_log_reset)
    raise typer.Exit(run_daemon(name, context.deployment, context.environ, options))
