"""`alphapanda doctor`: check this machine and this deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from alphapanda.exit_codes import ExitCode
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column, Style

if TYPE_CHECKING:
    from commands._checks import Finding, Patient


def register(app: typer.Typer) -> None:
    """Add `doctor`."""
    app.command("doctor")(doctor)


def doctor(call: typer.Context, json: JsonOption = False) -> None:
    """Check machine, files, ports, settings and servers; say what to do about each. Ends with 3 if one fails.

    Example: alphapanda doctor
    """
    from commands._checks import Verdict

    context = Context.of(call, json=json)
    findings = context.run(_examine(context))
    columns = (
        Column("verdict", "", style=_style),
        Column("check", "CHECK"),
        Column("detail", "FOUND"),
        Column("hint", "DO"),
    )
    rows = [
        {"check": each.check, "verdict": each.verdict.value, "detail": each.detail, "hint": each.hint}
        for each in findings
    ]
    context.output.table("doctor", rows, columns, empty="")
    if any(each.verdict is Verdict.FAIL for each in findings):
        raise typer.Exit(ExitCode.FOUND)


def _style(value: object) -> Style:
    return {"ok": Style.GOOD, "warn": Style.WARN}.get(str(value), Style.BAD)


async def _examine(context: Context) -> list[Finding]:
    import asyncio

    from commands._checks import PLAIN, PROBES

    patient, findings = _patient(context)
    for look in PLAIN:
        findings.extend(look(patient))
    if patient.settings is not None:
        findings.extend(await asyncio.gather(*(probe(patient) for probe in PROBES)))
    return findings


def _patient(context: Context) -> tuple[Patient, list[Finding]]:
    """Return what is examined, and what was found wrong with its settings."""
    from alphapanda.errors import AlphaPandaError
    from alphapanda.infra.control.run_paths import RunPaths
    from alphapanda.infra.select import tier_for
    from alphapanda.pipeline.documents import check_documents
    from commands._checks import Finding, Patient, Verdict
    from daemons.supervisor.run_records import RunRecords

    deployment, findings = context.deployment, []
    settings, endpoints = None, None
    try:
        loaded = context.loaded()
        settings = loaded.settings
        problems = [str(problem) for problem in check_documents(deployment, tuple(settings.brokers))]
        findings += [Finding("settings", Verdict.WARN, warning) for warning in loaded.warnings]
        endpoints = tier_for(settings, deployment, context.clock, environ=context.environ).endpoints()
    except AlphaPandaError as error:
        problems = [str(problem) for problem in getattr(error, "problems", ())] or [str(error)]
    hint = "Correct it; `alphapanda config check` looks again."
    findings += [Finding("settings", Verdict.FAIL, problem, hint) for problem in problems]
    if not findings:
        findings.append(Finding("settings", Verdict.OK, "all files and variables can be used"))
    survivors = RunRecords(RunPaths(deployment).ledger).survivors
    patient = Patient(
        deployment=deployment,
        environ=dict(context.environ),
        clock=context.clock,
        settings=settings,
        endpoints=endpoints,
        running={entry.name: entry.identity.pid for entry in survivors},
    )
    return patient, findings
