"""`alphapanda topics import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.shell.context import Context
from commands.shell.options import JsonOption

if TYPE_CHECKING:
    from topics.live import LiveTopic


def import_(
    call: typer.Context,
    topics: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOPIC]...", help="These; else all that are there and not declared."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write here, not to stdout.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write topics that are there as declarations, in the form of catalogue.toml. Changes nothing.

    Example: alphapanda topics import --out mine.toml
    """
    from alphapanda.errors import UsageError
    from alphapanda.settings.model import catalogue_of
    from topics.export import declaration_of, facts_of

    context = Context.of(call, json=json)
    found = context.run(_run(context, topics or []))
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
        context.output.say("Every topic that is there is declared.")


async def _run(context: Context, wanted: list[str]) -> list[LiveTopic]:
    from commands.topics._session import choose, connected, names_of, topics_of

    declared = topics_of(context)
    async with connected(context) as cluster:
        live = await cluster.read()
        chosen = choose(wanted, declared, live) or sorted(set(live.topics) - set(names_of(declared)))
        live = await cluster.read(configs_of=chosen)
    return [live.topics[name] for name in chosen if name in live.topics]
