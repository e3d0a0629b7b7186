"""`alphapanda topics apply`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alphapanda.errors import UsageError
from commands.shell.context import Context
from commands.shell.options import DryRunOption, JsonOption, ReasonOption
from commands.shell.prompts import type_name
from commands.topics._views import open_topics, show_plan
from topics.plan import Change, TopicPlan, decode_plan


def apply(
    call: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[PLAN]", help="A file of `topics plan --out`; else a plan is made now."),
    ] = None,
    allow_dangerous: Annotated[
        bool, typer.Option("--allow-dangerous", help="Make dangerous changes too, without asking.")
    ] = False,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Bring the cluster to the catalogue. Never deletes a topic; refuses a plan that is out of date.

    Example: alphapanda topics apply plan.json --reason "more partitions"
    """
    context = Context.of(call, json=json)
    context.run(_apply(context, file, allow_dangerous=allow_dangerous, dry_run=dry_run, reason=reason))


async def _apply(
    context: Context, file: Path | None, *, allow_dangerous: bool, dry_run: bool, reason: str
) -> None:
    reviewed = _read(file) if file is not None else None
    async with open_topics(context, changing=not dry_run) as operations:
        made = reviewed or await operations.plan()
        if reviewed is not None:
            await operations.check_fresh(reviewed)
        show_plan(made, context.output, kind="topics-apply")
        if dry_run or not made.changes:
            return
        if made.dangerous and not allow_dangerous:
            type_name(
                context,
                made.cluster_id,
                f"{len(made.dangerous)} changes to cluster {made.cluster_id} are dangerous: applying them",
                flag="Read them, then add --allow-dangerous.",
            )
        with context.output.progress().task("changes", len(made.changes), "changes") as advance:

            def on_change(_change: Change) -> None:
                advance(1)

            done = await operations.apply_plan(made, reason, on_change)
    context.output.say(f"{len(done)} changes made.")


def _read(file: Path) -> TopicPlan:
    try:
        return decode_plan(file.read_bytes())
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}.", hint="Make one: alphapanda topics plan --out FILE"
        ) from error
