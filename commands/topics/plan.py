"""`alphapanda topics plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.shell.context import Context
from commands.shell.options import JsonOption

if TYPE_CHECKING:
    from topics.plan import TopicPlan


def plan(
    call: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the plan here, to review and apply it."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Work out what would make the cluster as declared; change nothing. Ends with 3 if anything would.

    Example: alphapanda topics plan --out plan.json
    """
    from commands.topics._views import fail_on_drift, show_plan

    context = Context.of(call, json=json)
    made = context.run(_run(context))
    show_plan(made, context.output, kind="topics-plan")
    if out is not None:
        _write(out, made)
        context.output.say(f"Written: {out}")
    fail_on_drift(made, hint=f"Apply it: alphapanda topics apply{f' {out}' if out else ''}")


async def _run(context: Context) -> TopicPlan:
    from alphapanda.kafka.topic_bootstrap import plan_for
    from commands.topics._session import connected, topics_of

    declared = topics_of(context)
    async with connected(context) as cluster:
        return await plan_for(cluster, declared, made_at=context.clock.now())


def _write(file: Path, made: TopicPlan) -> None:
    from alphapanda.errors import UsageError
    from topics.plan_file import encode_plan

    try:
        file.write_bytes(encode_plan(made))
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.") from error
