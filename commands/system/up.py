"""`alphapanda up`: start everything on this machine and wait until it is ready."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from alphapanda.errors import UsageError
from alphapanda.exit_codes import ExitCode
from alphapanda.infra.control.client import NotRunningError, connect
from alphapanda.infra.control.protocol import Applied, Apply
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.infra.progress import progress_for
from alphapanda.infra.tiers import tier_for
from alphapanda.model.control import Outcome
from alphapanda.operations.control.restart import wait_until_ready
from alphapanda.pipeline.documents import check_documents
from alphapanda.settings import InfraTier, Settings, load
from alphapanda.settings.problems import InvalidSettingsError
from commands.shell.context import Context
from commands.shell.options import DryRunOption, JsonOption
from commands.shell.output import Column
from commands.system.process_table import report_change, report_readiness
from daemons.catalogue import find, services
from daemons.supervisor.environment import settings_variables
from daemons.supervisor.launch import launching
from daemons.supervisor.plan import remembered_state
from daemons.supervisor.process import SupervisorProcess
from daemons.supervisor.supervisor import Supervisor
from daemons.supervisor.unit_builder import selected_units

EXTERNAL_READY_S = 10.0


class FeedChoice(StrEnum):
    """The source of ticks."""

    SIMULATED = "simulated"
    RECORDED = "recorded"


def register(app: typer.Typer) -> None:
    """Add `up`."""
    app.command("up")(up)


def up(
    call: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Start these daemons and their dependencies. Default: all."),
    ] = None,
    only: Annotated[
        bool, typer.Option("--only", help="Start the named daemons without their dependencies.")
    ] = False,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Supervise in this terminal until Ctrl-C.")
    ] = False,
    wait_timeout: Annotated[
        float,
        typer.Option("--wait-timeout", min=0.1, metavar="SECONDS", help="How long to wait until they are ready."),
    ] = 120.0,
    dry_run: DryRunOption = False,
    feed: Annotated[FeedChoice | None, typer.Option("--feed", help="The source of ticks.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="CSV", help="The recording to replay: a CSV file, or a folder of them."),
    ] = None,
    speed: Annotated[
        str | None,
        typer.Option(
            "--speed",
            metavar="N|max",
            help="Replay speed: 1 is the market's own pace, 60 sixty times as fast; or max.",
        ),
    ] = None,
    accept_log_reset: Annotated[
        bool,
        typer.Option("--accept-log-reset", help="Start empty if the log is shorter than the snapshot."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Start all daemons on this machine and wait until they are ready; they keep running in the background.

    On a running system: apply changed settings, files and options. Options are remembered until `alphapanda down`.
    Example: alphapanda up --feed recorded --file ticks.csv --speed max
    """
    context = Context.of(call, json=json)
    if only and not names:
        raise UsageError("--only needs names.", hint="For example: alphapanda up --only feed")
    if speed is not None and not _is_speed(speed):
        raise UsageError(
            f"--speed {speed} is not a speed.", hint="Give a number above 0 (1 is the market's own pace), or max."
        )
    overrides = _overrides(feed, file, speed)
    request = Apply(
        environ=settings_variables(context.environ, _setting_names()),
        overrides=overrides,
        names=tuple(names or ()),
        only=only,
        accept_log_reset=accept_log_reset,
        dry_run=dry_run,
    )
    raise typer.Exit(context.run(_up(context, request, foreground=foreground, wait_timeout=wait_timeout)))


def _overrides(feed: FeedChoice | None, file: Path | None, speed: str | None) -> dict[str, str]:
    """Return the options as settings variables."""
    if file is not None and not file.expanduser().exists():
        raise UsageError(f"There is no recording at {file}.", hint="Name a CSV file, or a folder of them.")
    if feed is None and file is not None:
        feed = FeedChoice.RECORDED
    found = {
        "FEED__SOURCE": feed.value if feed else None,
        "FEED__FILE": str(file.expanduser().resolve()) if file else None,
        "FEED__SPEED": speed,
    }
    return {name: value for name, value in found.items() if value is not None}


def _is_speed(text: str) -> bool:
    try:
        return text == "max" or 0.0 < float(text) < float("inf")
    except ValueError:
        return False


def _setting_names() -> tuple[str, ...]:

    return tuple(Settings.model_fields)


async def _up(context: Context, request: Apply, *, foreground: bool, wait_timeout: float) -> ExitCode:

    places = RunPaths(context.deployment)
    try:
        async with connect(places):
            running = True
    except NotRunningError:
        running = False
    if running or foreground or request.dry_run:
        _check(context, places, request)
    if request.dry_run and not running:
        return _show_outline(context, places, request)
    if foreground:
        return await _stay(context, request)
    if not running:
        await _begin(context, places, request)
    began = context.clock.monotonic()
    async with connect(places) as client:
        applied = await client.apply(request)
    if request.dry_run:
        _show_change(context, applied)
        return ExitCode.OK
    return await _wait(context, places, applied, wait_timeout - (context.clock.monotonic() - began))


def _check(context: Context, places: RunPaths, request: Apply) -> None:
    """Check settings, files and names before a start; raises ConfigError, UnknownNameError."""
    remembered = remembered_state(places.desired_state).overrides
    loaded = load(context.deployment, {**context.environ, **remembered, **request.overrides})
    problems = check_documents(context.deployment, tuple(loaded.settings.brokers))
    if problems:
        raise InvalidSettingsError(problems)
    for warning in loaded.warnings:
        context.output.warn(warning)
    daemons = services(loaded.settings)
    for name in request.names:
        find(daemons, name)


async def _begin(context: Context, places: RunPaths, request: Apply) -> None:
    """Check the deployment, fetch the servers' files, and start a supervisor."""
    # It needs half a second until it listens: time for the checks. If they fail it is ended again.
    async with launching(places, context.environ):
        _check(context, places, request)
        await _prepare(context)


async def _prepare(context: Context) -> None:
    """Download missing files of embedded servers; check that external ones answer and are supported."""
    settings = context.settings()
    tier = tier_for(settings, context.deployment, context.clock, environ=context.environ)
    await tier.prepare(progress_for(context.output.stderr))
    if settings.infra.tier is InfraTier.EXTERNAL:
        await tier.ready(EXTERNAL_READY_S)


async def _wait(context: Context, places: RunPaths, applied: Applied, patience_s: float) -> ExitCode:

    async with connect(places) as client:
        status = await client.status()
    names = [process.name for process in status.processes]
    if applied.is_empty and status.all_ready:
        context.output.say(f"Nothing to do: all {len(names)} are ready.")
        return ExitCode.OK
    _report(context, applied)
    details = _details_of(applied, status.overrides)
    async with context.audit().audited("up", context.deployment.root.name, details=details) as act:
        began = context.clock.monotonic()
        readiness = await wait_until_ready(
            places, names, max(patience_s, 0.1), lambda process: report_change(context.output, process)
        )
        code = report_readiness(context, readiness, context.clock.monotonic() - began)
        if context.output.as_json:
            _show_change(context, applied)
        act.outcome = Outcome.DONE if code is ExitCode.OK else Outcome.FAILED
    return code


def _details_of(applied: Applied, overrides: Mapping[str, str]) -> dict[str, str]:
    """Return the steps of an `up` for the audit."""
    acts = {"started": applied.start, "restarted": applied.restart, "stopped": applied.stop}
    details = {verb: ",".join(names) for verb, names in acts.items() if names}
    return details | {name.lower(): value for name, value in overrides.items()}


async def _stay(context: Context, request: Apply) -> ExitCode:
    """Supervise in this process until a signal."""
    await _prepare(context)

    async def begin(supervisor: Supervisor) -> None:
        await supervisor.apply(request)

    await SupervisorProcess(context.deployment, context.environ).run(console=True, ready=begin)
    return ExitCode.OK


def _report(context: Context, applied: Applied) -> None:
    for verb, names in (("stopped", applied.stop), ("restarts", applied.restart), ("starts", applied.start)):
        if names:
            context.output.say(f"{verb} {', '.join(names)}")


def _show_change(context: Context, applied: Applied) -> None:

    steps = (
        ("stop", applied.stop),
        ("restart", applied.restart),
        ("start", applied.start),
        ("keep", applied.keep),
    )
    rows = [{"step": step, "name": name} for step, names in steps for name in names]
    context.output.table("plan", rows, (Column("step", "STEP"), Column("name", "NAME")), empty="Nothing to do.")


def _show_outline(context: Context, places: RunPaths, request: Apply) -> ExitCode:
    """Show the plan of a system that is not running, without preparing anything for it."""
    remembered = remembered_state(places.desired_state).overrides
    settings = load(context.deployment, {**context.environ, **remembered, **request.overrides}).settings
    rows = [
        {"step": "start", "name": line.name, "kind": line.kind, "needs": ", ".join(line.needs)}
        for line in selected_units(settings, request.names, only=request.only)
    ]
    columns = (Column("step", "STEP"), Column("name", "NAME"), Column("kind", "KIND"), Column("needs", "AFTER"))
    context.output.table("plan", rows, columns, empty="Nothing to do.")
    return ExitCode.OK
