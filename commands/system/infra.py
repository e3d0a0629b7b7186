"""`alphapanda infra`: prepare, show and reset the deployment's servers."""

from __future__ import annotations

import msgspec
import typer

from alphapanda.errors import RefusedError
from alphapanda.exit_codes import ExitCode
from alphapanda.infra.base import Tier
from alphapanda.infra.embedded.status import embedded_status, wipe
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.server_status import InfraStatus, external_status, running_processes
from alphapanda.infra.tiers import tier_for
from alphapanda.operations.policy import Confirmation, Target
from alphapanda.settings import InfraTier
from commands.shell.context import Context
from commands.shell.options import ConfirmOption, JsonOption, YesOption
from commands.shell.output import Column, Style
from commands.shell.prompts import permit


def register(app: typer.Typer) -> None:
    """Add `infra` and its verbs."""
    group = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
    group.command("prepare")(prepare)
    group.command("status")(status)
    group.command("reset")(reset)
    app.add_typer(group, name="infra", help="Prepare, show and reset the embedded servers.")


def prepare(call: typer.Context, json: JsonOption = False) -> None:
    """Prepare the first start: download, check, format, and train Java's cache.

    Needs the network once per machine. Safe to repeat.

    Example: alphapanda infra prepare
    """
    context = Context.of(call, json=json)
    context.run(_prepare(context))


def status(call: typer.Context, json: JsonOption = False) -> None:
    """Show versions, ports, processes, sizes and data folders. Ends with 3 if a server is not ready.

    Example: alphapanda infra status
    """
    context = Context.of(call, json=json)
    survey = context.run(_survey(context))
    if json:
        context.output.document("infra", msgspec.to_builtins(survey, enc_hook=str))
    else:
        _show(context, survey)
    if not survey.all_ready:
        raise typer.Exit(ExitCode.FOUND)


def reset(call: typer.Context, yes: YesOption = False, confirm: ConfirmOption = "") -> None:
    """Delete all data of this deployment's Kafka and Valkey: every topic, every position, every snapshot.

    Asks you to type the folder's name; scripts use --yes or --confirm. Keeps settings, ports and logs.

    Example: alphapanda infra reset
    """
    context = Context.of(call)
    deployment = context.deployment
    if context.settings().infra.tier is not InfraTier.EMBEDDED:
        raise RefusedError(
            "infra reset deletes the data of embedded servers only, not of external ones.",
            hint="Delete topics with your cluster's own tools, or set INFRA__TIER=embedded.",
        )
    running = running_processes(deployment.run)
    if running:
        raise RefusedError(
            f"Still running in {deployment.root}: {', '.join(running)}.", hint="Run `alphapanda down` first."
        )
    question = f"Deleting all data of Kafka and Valkey in {deployment.state}"
    confirmation = Confirmation.given(yes=yes, confirm=confirm)
    permit(context, "infra reset", Target(deployment.root.name), question, confirmation)
    wiped = wipe(deployment)
    for path in wiped:
        context.output.say(f"deleted {path}")
    context.output.say("Next: alphapanda up" if wiped else "There was nothing to delete.")


async def _prepare(context: Context) -> None:

    tier = _tier(context)
    progress = context.output.progress()
    await tier.prepare(progress)
    if not isinstance(tier, EmbeddedTier):
        await tier.ready(context.settings().kafka.request_timeout_ms / 1000)
        context.output.say("The external servers answer and are supported.")
        return
    await tier.verify()
    cache = tier.aot()
    cache.forget_failure()
    if cache.wanted:
        progress.note("Training Java's cache, so that Kafka starts in half the time; about 10 s.")
        if not await cache.train(tier.env):
            progress.note("Another process is training Java's cache.")
    context.output.say("Everything is ready. Next: alphapanda up")


async def _survey(context: Context) -> InfraStatus:

    tier = _tier(context)
    return await (embedded_status(tier) if isinstance(tier, EmbeddedTier) else external_status(tier.endpoints()))


def _tier(context: Context) -> Tier:

    return tier_for(context.settings(), context.deployment, context.clock, environ=context.environ)


def _show(context: Context, survey: InfraStatus) -> None:
    servers = [
        {
            "name": server.name,
            "state": server.state.value,
            "version": server.version,
            "ports": server.ports or server.address,
            "pid": server.pid,
            "memory": _size(server.memory_bytes),
            "data": _size(server.data_bytes),
            "path": server.data,
        }
        for server in survey.servers
    ]
    output = context.output
    output.table(
        "infra",
        servers,
        [
            Column("name", "SERVER"),
            Column("state", "STATE", style=lambda value: Style.GOOD if value == "ready" else Style.WARN),
            Column("version", "VERSION"),
            Column("ports", "PORTS"),
            Column("pid", "PID", right=True),
            Column("memory", "MEMORY", right=True),
            Column("data", "DATA", right=True),
            Column("path", "WHERE"),
        ],
        empty="There are no servers.",
    )
    if survey.shared:
        output.lines([""])
        output.table(
            "infra",
            [
                {"what": part.what, "version": part.version, "state": part.state, "size": _size(part.size_bytes)}
                | {"path": part.path}
                for part in survey.shared
            ],
            [
                Column("what", "SHARED"),
                Column("state", "STATE"),
                Column("version", "VERSION"),
                Column("size", "SIZE", right=True),
                Column("path", "WHERE"),
            ],
            empty="",
        )
    for server in survey.servers:
        if server.reason:
            output.warn(server.reason)


def _size(count: int | None) -> str | None:
    return None if count is None else f"{count / 1024 / 1024:.1f} MiB"
