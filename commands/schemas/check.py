"""`alphapanda schemas check` and `diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alphapanda.errors import CheckFailedError, UsageError
from alphapanda.model.kinds import EventType
from alphapanda.operations.schemas.preflight import SchemaPreflight
from alphapanda.operations.schemas.service import BacklogTrial, SchemaCheck, SchemaOperations
from alphapanda.serialization.schema_diff import differences
from alphapanda.serialization.schema_files import orphaned_files, schema_text
from commands.schemas._views import (
    AllOption,
    FolderOption,
    LevelOption,
    NamesArgument,
    OfflineOption,
    fail_on_broken,
    level_of,
    operations_of,
    rows_of,
    show_dead_letters,
    try_dead_letters,
)
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column, Style
from topics.names import TopicName
from topics.schemas import FOLDER, schema_file, subject_of

PreflightOption = Annotated[
    bool, typer.Option("--preflight", help="Also check that the new schemas read the open dead letters.")
]
TopicsArgument = Annotated[list[str], typer.Argument(metavar="NAME...", help="Topics, or event types.")]
VersionOption = Annotated[
    int | None, typer.Option("--version", min=1, help="Version in the registry. [the latest]")
]

_VERDICT_STYLES = {"incompatible": Style.BAD, "compatible": Style.GOOD, "unchanged": Style.GOOD}
CHECK_COLUMNS = (
    Column("topic", "TOPIC"),
    Column("event_type", "EVENT TYPE"),
    Column("verdict", "VERDICT", style=lambda word: _VERDICT_STYLES.get(str(word))),
    Column("registry", "REGISTRY"),
    Column("version", "VERSION", right=True),
)
_CHANGE_STYLES = {"added": Style.GOOD, "removed": Style.BAD, "changed": Style.WARN}
DIFF_COLUMNS = (
    Column("topic", "TOPIC"),
    Column("change", "CHANGE", style=lambda word: _CHANGE_STYLES.get(str(word))),
    Column("path", "FIELD"),
    Column("before", "BEFORE"),
    Column("after", "AFTER"),
)


def check(
    call: typer.Context,
    names: NamesArgument = None,
    everything: AllOption = False,
    offline: OfflineOption = False,
    against: FolderOption = None,
    compatibility: LevelOption = None,
    preflight: PreflightOption = False,
    json: JsonOption = False,
) -> None:
    """Check that this program's schemas are compatible with the committed ones and with the registry's.

    Exits 3, with the reasons, if one is not. Example: alphapanda schemas check --all --preflight
    """
    context = Context.of(call, json=json)
    level = level_of(compatibility)
    operations = operations_of(context)
    chosen, files = operations.choose(names or [], everything=everything), operations.files(against)
    checks = context.run(operations.check(chosen, files, level, offline=offline))
    if not offline and not operations.registry_url:
        context.output.say("No registry is set (SCHEMA_REGISTRY_URL); only the committed schemas were compared.")
    trials = [BacklogTrial(one.topic, one.file.kind, one.before, one.file.generated) for one in checks]
    found = context.run(try_dead_letters(context, operations, trials)) if preflight else []
    gone = orphaned_files(against or FOLDER) if everything else ()
    _show(context, checks, found, gone)
    _fail(checks, found, gone)


def _row(one: SchemaCheck) -> dict[str, object]:
    subject = one.subject
    latest = subject.latest if subject else None
    return {
        "topic": str(one.topic),
        "event_type": one.file.kind.value,
        "verdict": one.verdict,
        "registry": subject.standing.value if subject else None,
        "version": latest.version if latest else None,
        "level": subject.level.value if subject else None,
        "reasons": [{"path": why.path, "message": why.message} for why in one.reasons],
        "registry_reasons": [{"path": why.path, "message": why.message} for why in one.objections],
    }


def _show(
    context: Context, checks: list[SchemaCheck], found: list[SchemaPreflight], gone: tuple[str, ...]
) -> None:
    rows, output = [_row(one) for one in checks], context.output
    if output.as_json:
        output.document("schemas-check", {"items": rows, "gone": gone, "dead_letters": rows_of(found)})
        return
    output.lines(output.render(rows, CHECK_COLUMNS))
    for one, row in zip(checks, rows, strict=True):
        for why in one.reasons:
            output.say(f"{one.topic}: {why}")
        for why in one.objections:
            if why not in one.reasons:
                output.say(f"{one.topic} (registry, version {row['version']}): {why}")
    show_dead_letters(context, found)


def _fail(checks: list[SchemaCheck], found: list[SchemaPreflight], gone: tuple[str, ...]) -> None:
    wrong = [str(one.topic) for one in checks if one.verdict == "incompatible"]
    if wrong:
        raise CheckFailedError(
            f"{len(wrong)} of {len(checks)} schemas are incompatible: {', '.join(wrong)}.",
            hint=f"See what changed: alphapanda schemas diff {wrong[0]}",
        )
    if gone:
        raise CheckFailedError(
            f"The kinds {', '.join(gone)} have a schema and no struct any more: their events in the log cannot "
            "be read.",
            hint="Keep the struct, or delete the file once the log has no event of that kind.",
        )
    fail_on_broken(found)


def diff(
    call: typer.Context,
    names: TopicsArgument,
    version: VersionOption = None,
    offline: OfflineOption = False,
    against: FolderOption = None,
    json: JsonOption = False,
) -> None:
    """Show, field by field, how this program's schema differs from the registry's, or from the committed one.

    Without a registry the committed ones are compared. Exits 3 if something differs.

    Example: alphapanda schemas diff paper.orders.filled --version 1
    """
    context = Context.of(call, json=json)
    operations = operations_of(context)
    chosen = operations.choose(names, everything=False)
    online = not offline and against is None and bool(operations.registry_url)
    if version is not None and not online:
        raise UsageError(
            "--version needs a schema registry.", hint="Set SCHEMA_REGISTRY_URL, and leave out --offline."
        )
    rows: list[dict[str, object]] = []
    for topic, kind in chosen:
        if online:
            other, place = context.run(_registered(operations, topic, version))
        else:
            other, place = _committed(operations, kind, against)
        rows += _changes(topic, kind, other, place)
    context.output.table("schemas-diff", rows, DIFF_COLUMNS, empty="No differences.")
    if rows:
        changed = dict.fromkeys(str(row["topic"]) for row in rows)
        raise CheckFailedError(
            f"{len(rows)} differences in {', '.join(changed)}.",
            hint=f"Check that they are compatible: alphapanda schemas check {next(iter(changed))}",
        )


async def _registered(
    operations: SchemaOperations, topic: TopicName, version: int | None
) -> tuple[str | None, str]:
    subject = subject_of(topic)
    async with operations.registry() as registry:
        found = await registry.version(subject, version)
    if found is None and version is not None:
        raise UsageError(f"The registry has no version {version} of {subject}.", hint="alphapanda schemas list")
    return (None, subject) if found is None else (found.schema, f"{subject} version {found.version}")


def _committed(operations: SchemaOperations, kind: EventType, folder: Path | None) -> tuple[str | None, str]:
    return operations.files(folder)[kind].committed, str(schema_file(kind, folder or FOLDER))


def _changes(topic: TopicName, kind: EventType, other: str | None, place: str) -> list[dict[str, object]]:
    if other is None:
        return [
            {
                "topic": str(topic),
                "change": "added",
                "path": "",
                "before": "",
                "after": f"no schema at {place} yet",
            }
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
