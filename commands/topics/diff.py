"""`alphapanda topics diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commands.shell.context import Context
from commands.shell.options import JsonOption

if TYPE_CHECKING:
    from topics.plan import TopicPlan


def diff(
    call: typer.Context,
    topics: Annotated[
        list[str] | None, typer.Argument(metavar="[TOPIC]...", help="Only these; else all of the deployment.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show how the cluster differs from the catalogue. Ends with 3 if it does.

    Example: alphapanda topics diff market.ticks
    """
    from commands.topics._views import fail_on_drift, show_plan

    context = Context.of(call, json=json)
    plan = context.run(_run(context, topics or []))
    show_plan(plan, context.output, kind="topics-diff")
    fail_on_drift(plan, hint="Mend it: alphapanda topics plan --out FILE, then alphapanda topics apply FILE")


async def _run(context: Context, wanted: list[str]) -> TopicPlan:
    from alphapanda.kafka.topic_bootstrap import plan_for
    from commands.topics._session import choose, connected, topics_of

    declared = topics_of(context)
    async with connected(context) as cluster:
        if wanted:
            choose(wanted, declared, await cluster.read())
        return await plan_for(cluster, declared, made_at=context.clock.now(), only=set(wanted) or None)
