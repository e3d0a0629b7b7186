"""`alphapanda schemas diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import CheckFailedError, UsageError
from commands.schemas._options import BaselineOption, OfflineOption
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column, Style

if TYPE_CHECKING:
    from alphapanda.model.kinds import EventType
    from alphapanda.serialization.registry import Registered
    from topics.names import TopicName

NamesArgument = Annotated[list[str], typer.Argument(metavar="NAME...", help="Topics, or kinds of event.")]
VersionOption = Annotated[
    int | None, typer.Option("--version", min=1, help="This version in the registry; else the latest.")
]
_STYLES = {"added": Style.GOOD, "removed": Style.BAD, "changed": Style.WARN}
COLUMNS = (
    Column("topic", "TOPIC"),
    Column("change", "CHANGE", style=lambda word: _STYLES.get(str(word))),
    Column("path", "FIELD"),
    Column("before", "BEFORE"),
    Column("after", "AFTER"),
)


def diff(
    call: typer.Context,
    names: NamesArgument,
    version: VersionOption = None,
    offline: OfflineOption = False,
    against: BaselineOption = None,
    json: JsonOption = False,
) -> None:
    """Show, field by field, how a schema of this program differs from the registry's, or from the committed one.

    Without a registry the committed ones are compared. Ends with 3 if something differs.

    Example: alphapanda schemas diff paper.orders.filled --version 1
    """
    from commands.schemas._session import choose, has_registry

    context = Context.of(call, json=json)
    chosen = choose(context, names, everything=False)
    online = not offline and against is None and has_registry(context)
    if version is not None and not online:
        raise UsageError("--version is of a registry's.", hint="Set SCHEMA_REGISTRY_URL, without --offline.")
    rows: list[dict[str, object]] = []
    for topic, kind in chosen:
        other, place = _other(context, topic, kind, version) if online else _committed(kind, against)
        rows += _rows(topic, kind, other, place)
    context.output.table("schemas-diff", rows, COLUMNS, empty="They do not differ.")
    if rows:
        topics = dict.fromkeys(str(row["topic"]) for row in rows)
        raise CheckFailedError(
            f"{len(rows)} differences in {', '.join(topics)}.",
            hint=f"Whether they are compatible: alphapanda schemas check {next(iter(topics))}",
        )


def _other(context: Context, topic: TopicName, kind: EventType, version: int | None) -> tuple[str | None, str]:
    from topics.schemas import subject_of

    del kind
    subject = subject_of(topic)
    found = context.run(_ask(context, subject, version))
    if found is None and version is not None:
        raise UsageError(f"The registry has no version {version} of {subject}.", hint="alphapanda schemas list")
    return (None, subject) if found is None else (found.schema, f"{subject} version {found.version}")


async def _ask(context: Context, subject: str, version: int | None) -> Registered | None:
    from commands.schemas._session import registry_of

    async with registry_of(context) as registry:
        return await registry.version(subject, version)


def _committed(kind: EventType, against: object) -> tuple[str | None, str]:
    from pathlib import Path

    from commands.schemas._session import kept_schemas
    from topics.schemas import FOLDER, schema_file

    folder = against if isinstance(against, Path) else None
    return kept_schemas(folder)[kind].committed, str(schema_file(kind, folder or FOLDER))


def _rows(topic: TopicName, kind: EventType, other: str | None, place: str) -> list[dict[str, object]]:
    from alphapanda.serialization.schema_diff import differences
    from alphapanda.serialization.schema_files import schema_text

    if other is None:
        return [
            {"topic": str(topic), "change": "added", "path": "", "before": "", "after": f"nothing at {place} yet"}
        ]
    return [
        {
            "topic": str(topic),
            "change": found.change.value,
            "path": found.path,
            "before": found.before,
            "after": found.after,
            "compared_with": place,
        }
        for found in differences(other, schema_text(kind))
    ]
