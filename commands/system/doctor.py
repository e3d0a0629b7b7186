"""`alphapanda doctor`: check this machine and this deployment."""

from __future__ import annotations

import typer

from alphapanda.exit_codes import ExitCode
from alphapanda.infra.control.run_paths import SUPERVISOR, RunPaths
from alphapanda.infra.control.run_records import RunRecords
from alphapanda.infra.identity import IdentityFile
from alphapanda.operations.doctor import Verdict, examine
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column, Style

_STYLES = {"ok": Style.GOOD, "warn": Style.WARN}
_COLUMNS = (
    Column("verdict", "", style=lambda verdict: _STYLES.get(str(verdict), Style.BAD)),
    Column("check", "CHECK"),
    Column("detail", "FOUND"),
    Column("hint", "DO"),
)


def register(app: typer.Typer) -> None:
    """Add `doctor`."""
    app.command("doctor")(doctor)


def doctor(call: typer.Context, json: JsonOption = False) -> None:
    """Check machine, files, ports, settings and servers, and show the remedies. Ends with 3 if a check fails.

    Example: alphapanda doctor
    """
    context = Context.of(call, json=json)
    paths = RunPaths(context.deployment)
    running = {entry.name: entry.identity.pid for entry in RunRecords(paths.run_records).survivors}
    supervisor = IdentityFile(paths.identity).alive()
    if supervisor is not None:
        running[SUPERVISOR] = supervisor.pid
    findings = context.run(examine(context.deployment, context.environ, context.clock, context.loaded, running))
    rows = [
        {"check": each.check, "verdict": each.verdict.value, "detail": each.detail, "hint": each.hint}
        for each in findings
    ]
    context.output.table("doctor", rows, _COLUMNS, empty="")
    if any(each.verdict is Verdict.FAIL for each in findings):
        raise typer.Exit(ExitCode.FOUND)
