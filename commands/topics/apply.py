"""`alphapanda topics apply`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.shell.context import Context
from commands.shell.options import DryRunOption, JsonOption, ReasonOption
from commands.shell.prompts import type_name

if TYPE_CHECKING:
    from alphapanda.kafka.topic_admin import Cluster
    from topics.plan import Change, TopicPlan


def apply(
    call: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[PLAN]", help="A plan of `topics plan --out`; else one made now.")
    ] = None,
    allow_dangerous: Annotated[
        bool, typer.Option("--allow-dangerous", help="Make dangerous changes, too, without asking.")
    ] = False,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Make the cluster as declared. Never deletes a topic; a plan that the cluster has left behind is refused.

    Example: alphapanda topics apply plan.json --reason "more partitions"
    """
    context = Context.of(call, json=json)
    context.run(_run(context, file, allow_dangerous=allow_dangerous, dry_run=dry_run, reason=reason))


async def _run(context: Context, file: Path | None, *, allow_dangerous: bool, dry_run: bool, reason: str) -> None:
    from alphapanda.kafka.topic_bootstrap import plan_for
    from commands.topics._session import connected, topics_of
    from commands.topics._views import show_plan
    from topics.plan_file import check_fresh

    reviewed = _read(file) if file is not None else None
    declared = topics_of(context)
    async with connected(context, changing=not dry_run) as cluster:
        if reviewed is None:
            plan = await plan_for(cluster, declared, made_at=context.clock.now())
        else:
            plan = reviewed
            check_fresh(plan, await cluster.read(configs_of=plan.declared))
        show_plan(plan, context.output, kind="topics-apply")
        if dry_run or not plan.changes:
            return
        if plan.dangerous and not allow_dangerous:
            type_name(
                context,
                plan.cluster_id,
                f"{len(plan.dangerous)} changes to cluster {plan.cluster_id} are dangerous: going on",
                flag="Read them, then add --allow-dangerous.",
            )
        await _apply(context, cluster, plan, reason)


async def _apply(context: Context, cluster: Cluster, plan: TopicPlan, reason: str) -> None:
    from alphapanda.kafka.topic_bootstrap import apply_plan
    from topics.plan import describe

    with context.output.progress().task("changes", len(plan.changes), "changes") as advance:

        def told(_change: Change) -> None:
            advance(1)

        details = {"changes": "; ".join(describe(change) for change in plan.changes)}
        target = f"cluster {plan.cluster_id}"
        async with context.audit().audited("topics apply", target, reason=reason, details=details):
            done = await apply_plan(cluster, plan, allow_dangerous=True, progress=told)
    context.output.say(f"{len(done)} changes made.")


def _read(file: Path) -> TopicPlan:
    from alphapanda.errors import UsageError
    from topics.plan_file import decode_plan

    try:
        return decode_plan(file.read_bytes())
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}.", hint="Make one: alphapanda topics plan --out FILE"
        ) from error
