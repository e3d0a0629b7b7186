"""The shared face of the verbs of `schemas`: options, and dead letters as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from alphapanda.errors import CheckFailedError, UnknownNameError
from alphapanda.operations.schemas.preflight import SchemaPreflight
from alphapanda.operations.schemas.service import BacklogTrial, SchemaOperations
from alphapanda.serialization.compatibility import Level
from commands.shell.context import Context
from commands.shell.output import Column, Style

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Topics, or event types (order_filled: all its topics)."),
]
AllOption = Annotated[bool, typer.Option("--all", "-a", help="Every topic of the deployment.")]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Do not contact the registry.")]
LevelOption = Annotated[
    str | None,
    typer.Option(
        "--compatibility",
        metavar="LEVEL",
        help="BACKWARD, FORWARD, FULL, also with _TRANSITIVE, or NONE. [the subject's, else BACKWARD]",
    ),
]
FolderOption = Annotated[
    Path | None,
    typer.Option("--against", metavar="FOLDER", help="Compare with this folder of .avsc files."),
]

COLUMNS = (
    Column("topic", "DEAD LETTERS OF"),
    Column("open", "OPEN", right=True),
    Column("readable", "READABLE", right=True),
    Column("unreadable", "NEVER READABLE", right=True),
    Column("broken", "BROKEN", right=True, style=lambda count: Style.BAD if count else None),
)


def operations_of(context: Context) -> SchemaOperations:
    """Return the acts on the deployment's schemas."""
    return SchemaOperations(context.deployment, context.settings(), context.clock, context.audit())


def level_of(name: str | None) -> Level | None:
    """Return the level of that name; raises UnknownNameError."""
    if name is None:
        return None
    try:
        return Level(name.upper())
    except ValueError:
        raise UnknownNameError("compatibility level", name, [level.value for level in Level]) from None


async def try_dead_letters(
    context: Context, operations: SchemaOperations, trials: Sequence[BacklogTrial]
) -> list[SchemaPreflight]:
    """Try the open dead letters of each topic with both schemas; raises DependencyError without Kafka."""
    try:
        with context.output.progress().task("dead letters", len(trials), "topics") as advance:
            return await operations.try_dead_letters(trials, lambda: advance(1))
    except CheckFailedError:
        context.output.say("This deployment was never started: there are no dead letters to check.")
        return []


def rows_of(found: Sequence[SchemaPreflight]) -> list[Mapping[str, object]]:
    """Return the result of each topic's dead letters, for `--json` and for people."""
    return [
        {
            "topic": one.topic,
            "open": one.open,
            "readable": one.readable,
            "unreadable": one.unreadable,
            "broken": one.broken_count,
            "first_broken": [{"position": str(each.at), "why": each.why} for each in one.broken],
        }
        for one in found
    ]


def show_dead_letters(context: Context, found: Sequence[SchemaPreflight]) -> None:
    """Show the results as a table; nothing where no topic was tried."""
    output, open_ = context.output, [one for one in found if one.open]
    if output.as_json or not found:
        return
    if not open_:
        output.say("There are no open dead letters.")
        return
    output.lines(["", *output.render(rows_of(open_), COLUMNS)])
    for one in open_:
        for each in one.broken:
            output.say(f"{each.at}: {each.why}")


def fail_on_broken(found: Sequence[SchemaPreflight]) -> None:
    """Raise CheckFailedError when the new schemas cannot read what the present ones can."""
    broken = [one for one in found if one.broken_count]
    if broken:
        count = sum(one.broken_count for one in broken)
        raise CheckFailedError(
            f"The new schemas cannot read {count} open dead letters: {', '.join(one.topic for one in broken)}.",
            hint=f"Replay or discard them (alphapanda dlq list {broken[0].topic}), or give new fields a default.",
        )
