"""`alphapanda schemas register`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import CheckFailedError
from commands.schemas._options import AllOption, LevelOption, NamesArgument
from commands.shell.context import Context
from commands.shell.options import DryRunOption, JsonOption, ReasonOption
from commands.shell.output import Column, Style

if TYPE_CHECKING:
    from alphapanda.model.kinds import EventType
    from alphapanda.serialization.compatibility import Level
    from alphapanda.serialization.registry import SchemaRegistry
    from alphapanda.serialization.schema_files import CommittedSchema
    from alphapanda.serialization.subjects import Registration, Subject
    from commands.schemas._session import Chosen

SkipOption = Annotated[
    bool, typer.Option("--skip-preflight", help="Do not try the open dead letters with the new schemas.")
]
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
    """Register schemas by topic, all that were named or none. Ends with 3, and says why, if one is incompatible.

    Before that the open dead letters are tried with them: what the schema of today reads, the new one must read.

    Example: alphapanda schemas register --all --reason "release 0.2"
    """
    from commands.schemas._session import choose, kept_schemas, level_of

    context = Context.of(call, json=json)
    level = level_of(compatibility)
    chosen, kept = choose(context, names, everything=everything), kept_schemas(None)
    behind = sorted({kind.value for _, kind in chosen if not kept[kind].in_step})
    if behind:
        raise CheckFailedError(
            f"The committed schema of {', '.join(behind)} is not what its struct makes.",
            hint="Run alphapanda schemas generate, and have the change reviewed.",
        )
    context.run(_run(context, chosen, kept, level, reason, dry_run=dry_run, skip_preflight=skip_preflight))


async def _run(
    context: Context,
    chosen: Chosen,
    kept: dict[EventType, CommittedSchema],
    level: Level | None,
    reason: str,
    *,
    dry_run: bool,
    skip_preflight: bool,
) -> None:
    from commands.schemas._session import look_at, registry_of
    from commands.topics._pin import check_cluster_if_there

    if not dry_run:
        await check_cluster_if_there(context)
    async with registry_of(context) as registry:
        subjects = await look_at(registry, chosen, kept)
        await _check(context, registry, subjects, level)
        if not skip_preflight:
            await _preflight(context, subjects)
        if dry_run:
            _show_plan(context, subjects, level)
            return
        done = await _register(context, registry, subjects, level, reason)
    rows = [
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
    context.output.table("schemas-register", rows, COLUMNS, empty="There is nothing to register.")


async def _check(context: Context, registry: SchemaRegistry, subjects: list[Subject], level: Level | None) -> None:
    from alphapanda.serialization.subjects import objections_to

    wrong = []
    for subject in subjects:
        reasons = await objections_to(registry, subject, level)
        for why in reasons:
            context.output.say(f"{subject.topic}: {why}")
        if reasons:
            wrong.append(str(subject.topic))
    if wrong:
        raise CheckFailedError(
            f"Nothing was registered: {', '.join(wrong)} would be incompatible with what {registry.name} has.",
            hint=f"See what changed: alphapanda schemas diff {wrong[0]}",
        )


async def _preflight(context: Context, subjects: list[Subject]) -> None:
    from alphapanda.serialization.subjects import SubjectState
    from commands.schemas._backlog import fail_on_broken, show_backlog, try_backlog

    trials = [
        (subject.topic, subject.kind, subject.latest.schema if subject.latest else subject.schema, subject.schema)
        for subject in subjects
        if subject.standing is not SubjectState.CURRENT
    ]
    if trials:
        found = await try_backlog(context, trials)
        show_backlog(context, found)
        fail_on_broken(found)


async def _register(
    context: Context, registry: SchemaRegistry, subjects: list[Subject], level: Level | None, reason: str
) -> list[Registration]:
    from alphapanda.serialization.registry import RejectedSchemaError
    from alphapanda.serialization.subjects import register_subject as register_one

    done: list[Registration] = []
    async with context.audit().audited("schemas register", registry.name, reason=reason, always=False) as act:
        with context.output.progress().task("schemas", len(subjects), "schemas") as advance:
            for subject in subjects:
                try:
                    made = await register_one(registry, subject, level)
                except RejectedSchemaError as error:
                    raise CheckFailedError(
                        f"The registry refused {subject.name}: {error.message}.",
                        hint=f"Ask again: alphapanda schemas check {subject.topic}",
                    ) from error
                done.append(made)
                if made.is_new or made.level is not subject.level:
                    act.details[subject.name] = f"version {made.version}, id {made.id}, {made.level.value}"
                advance(1)
    return done


def _show_plan(context: Context, subjects: list[Subject], level: Level | None) -> None:
    from alphapanda.serialization.subjects import SubjectState, wanted_level

    rows = [
        {
            "topic": str(subject.topic),
            "subject": subject.name,
            "state": "unchanged" if subject.standing is SubjectState.CURRENT else "to register",
            "version": subject.latest.version if subject.latest else None,
            "id": subject.latest.id if subject.latest else None,
            "compatibility": wanted_level(subject, level).value,
        }
        for subject in subjects
    ]
    context.output.table("schemas-register", rows, COLUMNS, empty="There is nothing to register.")
