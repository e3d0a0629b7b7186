"""`alphapanda schemas list` and `generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alphapanda.errors import AlphaPandaError, CheckFailedError
from alphapanda.operations.schemas.service import Chosen, Files, SchemaOperations
from alphapanda.serialization.codec_factory import avro_topics
from alphapanda.serialization.compatibility import Incompatibility, incompatibilities
from alphapanda.serialization.schema_files import CommittedSchema, read_schema_files, write_schema
from alphapanda.serialization.subjects import Subject
from alphapanda.settings.model import catalogue_of
from commands.schemas._views import OfflineOption, operations_of
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column, Style
from topics.schemas import FOLDER, schema_file

OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Write to FOLDER. [the committed files]")
]
CheckOption = Annotated[bool, typer.Option("--check", help="Write nothing; exit 3 if a file is out of date.")]
ForceOption = Annotated[
    bool,
    typer.Option("--allow-incompatible", help="Write schemas too that cannot read what the committed ones wrote."),
]
_REGISTRY_STYLES = {"differs": Style.WARN, "registered": Style.GOOD}
LIST_COLUMNS = (
    Column("topic", "TOPIC"),
    Column("event_type", "EVENT TYPE"),
    Column("format", "WRITTEN AS"),
    Column("in_step", "IN STEP", style=lambda value: None if value else Style.WARN),
    Column("registry", "REGISTRY", style=lambda word: _REGISTRY_STYLES.get(str(word))),
    Column("version", "VERSION", right=True),
    Column("id", "ID", right=True),
    Column("compatibility", "COMPATIBILITY"),
)
_FILE_STYLES = {"refused": Style.BAD, "behind": Style.WARN, "written": Style.GOOD}
GENERATE_COLUMNS = (
    Column("event_type", "EVENT TYPE"),
    Column("state", "STATE", style=lambda word: _FILE_STYLES.get(str(word))),
    Column("file", "FILE"),
)


def list_(call: typer.Context, offline: OfflineOption = False, json: JsonOption = False) -> None:
    """List the schema of every topic: whether its file is up to date, and its version in the registry.

    Example: alphapanda schemas list --offline
    """
    context = Context.of(call, json=json)
    operations, settings = operations_of(context), context.settings()
    chosen, files = operations.choose([], everything=True), operations.files()
    asked = not offline and bool(operations.registry_url)
    subjects = context.run(_subjects(operations, chosen, files)) if asked else [None] * len(chosen)
    avro = avro_topics(settings, catalogue_of(settings))
    rows = [
        {
            "topic": str(topic),
            "event_type": kind.value,
            "format": "avro" if str(topic) in avro else "json",
            "in_step": files[kind].in_step,
            "subject": f"{topic}-value",
            "registry": subject.standing.value if subject else None,
            "version": subject.latest.version if subject and subject.latest else None,
            "id": subject.latest.id if subject and subject.latest else None,
            "compatibility": subject.level.value if subject and subject.latest else None,
        }
        for (topic, kind), subject in zip(chosen, subjects, strict=True)
    ]
    context.output.table("schemas", rows, LIST_COLUMNS, empty="There are no topics.")
    if not asked and not offline:
        context.output.say("No registry is set. Set SCHEMA_REGISTRY_URL=http://host:8081.")


async def _subjects(operations: SchemaOperations, chosen: Chosen, files: Files) -> list[Subject]:
    async with operations.registry() as registry:
        return await operations.subjects(registry, chosen, files)


def generate(
    call: typer.Context,
    out: OutOption = None,
    check: CheckOption = False,
    allow_incompatible: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Write the schema file of every event type.

    If one could not read what its file describes, the reasons are shown and nothing is written.

    Example: alphapanda schemas generate --check
    """
    context, folder = Context.of(call, json=json), out or FOLDER
    files = read_schema_files(folder)
    reasons: dict[str, list[Incompatibility]] = {}
    for one in files:
        if one.committed is not None and not one.in_step and not allow_incompatible:
            reasons[one.kind] = incompatibilities(one.generated, [one.committed])
    refused = [kind for kind, why in reasons.items() if why]
    done = not check and not refused
    rows = [_row(one, folder, written=done and _write(one, folder), refused=one.kind in refused) for one in files]
    context.output.table("schemas-generate", rows, GENERATE_COLUMNS, empty="There are no events.")
    for kind in refused:
        for why in reasons[kind]:
            context.output.say(f"{kind}: {why}")
    if refused:
        raise CheckFailedError(
            f"{', '.join(refused)} could not read the events in the log.",
            hint="Give new fields a default and keep old types; --allow-incompatible writes them all the same.",
        )
    behind = [one.kind.value for one in files if not one.in_step]
    if check and behind:
        raise CheckFailedError(f"Out of date: {', '.join(behind)}.", hint="Run: alphapanda schemas generate")


def _write(file: CommittedSchema, folder: Path) -> bool:
    if file.in_step:
        return False
    try:
        write_schema(file, folder)
    except OSError as error:
        raise AlphaPandaError(
            f"{folder} cannot be written: {error.strerror}.", hint="Name another folder: --out FOLDER"
        ) from error
    return True


def _row(file: CommittedSchema, folder: Path, *, written: bool, refused: bool) -> dict[str, object]:
    state = "refused" if refused else "written" if written else "in step" if file.in_step else "behind"
    return {"event_type": file.kind.value, "state": state, "file": str(schema_file(file.kind, folder))}
