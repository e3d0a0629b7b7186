"""`alphapanda topics plan`, `diff` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alphapanda.errors import UsageError
from alphapanda.settings.model import catalogue_of
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.topics._views import fail_on_drift, open_topics, show_plan
from topics.export import declaration_of, facts_of
from topics.live import LiveTopic
from topics.plan import TopicPlan, encode_plan


def plan(
    call: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the plan to FILE, to review and apply it."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the changes that would bring the cluster to the catalogue; change nothing. Exits 3 if there are any.

    Example: alphapanda topics plan --out plan.json
    """
    context = Context.of(call, json=json)
    made = context.run(_plan(context, []))
    show_plan(made, context.output, kind="topics-plan")
    if out is not None:
        try:
            out.write_bytes(encode_plan(made))
        except OSError as error:
            raise UsageError(f"{out} cannot be written: {error.strerror}.") from error
        context.output.say(f"Written: {out}")
    fail_on_drift(made, hint=f"Apply it: alphapanda topics apply{f' {out}' if out else ''}")


def diff(
    call: typer.Context,
    topics: Annotated[
        list[str] | None, typer.Argument(metavar="[TOPIC]...", help="Only these topics; else all.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the differences between the cluster and the catalogue. Exits 3 if there are any.

    Example: alphapanda topics diff market.ticks
    """
    context = Context.of(call, json=json)
    made = context.run(_plan(context, topics or []))
    show_plan(made, context.output, kind="topics-diff")
    fail_on_drift(made, hint="Correct it: alphapanda topics plan --out FILE, then alphapanda topics apply FILE")


async def _plan(context: Context, only: list[str]) -> TopicPlan:
    async with open_topics(context) as operations:
        return await operations.plan(only)


def import_(
    call: typer.Context,
    topics: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOPIC]...", help="These topics; else all that are not declared."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write to FILE, not to stdout.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write existing topics as declarations, in the form of catalogue.toml. Changes nothing.

    Example: alphapanda topics import --out mine.toml
    """
    context = Context.of(call, json=json)
    found = context.run(_to_import(context, topics or []))
    if json:
        context.output.document("topics-import", {"items": [facts_of(topic) for topic in found]})
        return
    catalogue = catalogue_of(context.settings())
    text = "\n".join(declaration_of(topic, catalogue) for topic in found)
    if out is None:
        context.output.lines(text.splitlines())
    else:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{out} cannot be written: {error.strerror}.") from error
        context.output.say(f"Written: {out}")
    if not found:
        context.output.say("Every topic of the cluster is declared.")


async def _to_import(context: Context, names: list[str]) -> list[LiveTopic]:
    async with open_topics(context) as operations:
        return await operations.to_import(names)
