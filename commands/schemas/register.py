"""`alphapanda schemas register`."""

from __future__ import annotations

from typing import Annotated

import typer

from alphapanda.errors import CheckFailedError
from alphapanda.operations.schemas.service import BacklogTrial, Chosen, Files, SchemaOperations
from alphapanda.serialization.compatibility import Level
from alphapanda.serialization.registry import SchemaRegistry
from alphapanda.serialization.subjects import Subject, SubjectState, objections_to, wanted_level
from commands.schemas._views import (
    AllOption,
    LevelOption,
    NamesArgument,
    fail_on_broken,
    level_of,
    operations_of,
    show_dead_letters,
    try_dead_letters,
)
from commands.shell.context import Context
from commands.shell.options import DryRunOption, JsonOption, ReasonOption
from commands.shell.output import Column, Style

SkipOption = Annotated[bool, typer.Option("--skip-preflight", help="Do not check the open dead letters.")]
_STYLES = {"registered": Style.GOOD, "to register": Style.WARN}
COLUMNS = (
    Column("topic", "TOPIC"),
    Column("state", "STATE", style=lambda word: _STYLES.get(str(word))),
    Column("version", "VERSION", right=True),
    Column("id", "ID", right=True),
    Column("compatibility", "COMPATIBILITY"),
)


def register(
    call: typer.Context,
    names: NamesArgument = None,
    everything: AllOption = False,
    compatibility: LevelOption = None,
    skip_preflight: SkipOption = False,
    reason: ReasonOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Register the schemas of topics, all or none. Exits 3, with the reasons, if one is incompatible.

    The open dead letters are tried first: the new schema must read what the present one reads.

    Example: alphapanda schemas register --all --reason "release 0.2"
    """
    context = Context.of(call, json=json)
    level = level_of(compatibility)
    operations = operations_of(context)
    chosen, files = operations.choose(names or [], everything=everything), operations.files()
    behind = sorted({kind.value for _, kind in chosen if not files[kind].in_step})
    if behind:
        raise CheckFailedError(
            f"The committed schema of {', '.join(behind)} differs from its struct.",
            hint="Run alphapanda schemas generate, and have the change reviewed.",
        )
    act = _register(context, operations, chosen, files, level, reason, dry_run, skip_preflight)
    context.output.table("schemas-register", context.run(act), COLUMNS, empty="There is nothing to register.")


async def _register(
    context: Context,
    operations: SchemaOperations,
    chosen: Chosen,
    files: Files,
    level: Level | None,
    reason: str,
    dry_run: bool,
    skip_preflight: bool,
) -> list[dict[str, object]]:
    if not dry_run:
        unknown = await operations.check_cluster()
        if unknown:
            context.output.warn(f"Could not check that this is the deployment's own cluster: {unknown}")
    async with operations.registry() as registry:
        subjects = await operations.subjects(registry, chosen, files)
        await _refuse_incompatible(context, registry, subjects, level)
        if not skip_preflight:
            await _preflight(context, operations, subjects)
        if dry_run:
            return [_planned(subject, level) for subject in subjects]
        with context.output.progress().task("schemas", len(subjects), "schemas") as advance:
            done = await operations.register_all(registry, subjects, level, reason, lambda: advance(1))
    return [
        {
            "topic": str(one.subject.topic),
            "subject": one.subject.name,
            "state": "registered" if one.is_new else "unchanged",
            "version": one.version,
            "id": one.id,
            "compatibility": one.level.value,
        }
        for one in done
    ]


async def _refuse_incompatible(
    context: Context, registry: SchemaRegistry, subjects: list[Subject], level: Level | None
) -> None:
    wrong = []
    for subject in subjects:
        reasons = await objections_to(registry, subject, level)
        for why in reasons:
            context.output.say(f"{subject.topic}: {why}")
        if reasons:
            wrong.append(str(subject.topic))
    if wrong:
        raise CheckFailedError(
            f"Nothing was registered: {', '.join(wrong)} would be incompatible with {registry.name}.",
            hint=f"See what changed: alphapanda schemas diff {wrong[0]}",
        )


async def _preflight(context: Context, operations: SchemaOperations, subjects: list[Subject]) -> None:
    trials = [
        BacklogTrial(one.topic, one.kind, one.latest.schema if one.latest else one.schema, one.schema)
        for one in subjects
        if one.standing is not SubjectState.CURRENT
    ]
    if trials:
        found = await try_dead_letters(context, operations, trials)
        show_dead_letters(context, found)
        fail_on_broken(found)


def _planned(subject: Subject, level: Level | None) -> dict[str, object]:
    return {
        "topic": str(subject.topic),
        "subject": subject.name,
        "state": "unchanged" if subject.standing is SubjectState.CURRENT else "to register",
        "version": subject.latest.version if subject.latest else None,
        "id": subject.latest.id if subject.latest else None,
        "compatibility": wanted_level(subject, level).value,
    }
