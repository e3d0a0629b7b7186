"""`alphapanda schemas generate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import AlphaPandaError, CheckFailedError
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column, Style

if TYPE_CHECKING:
    from alphapanda.serialization.compatibility import Incompatibility
    from alphapanda.serialization.schema_files import CommittedSchema

OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Where to; else where they are committed.")
]
CheckOption = Annotated[bool, typer.Option("--check", help="Write nothing; end with 3 if a file is not in step.")]
ForceOption = Annotated[
    bool,
    typer.Option("--allow-incompatible", help="Write also what cannot read what the last one wrote."),
]
_STYLES = {"refused": Style.BAD, "behind": Style.WARN, "written": Style.GOOD}
COLUMNS = (
    Column("event_type", "EVENT TYPE"),
    Column("state", "STATE", style=lambda word: _STYLES.get(str(word))),
    Column("file", "FILE"),
)


def generate(
    call: typer.Context,
    out: OutOption = None,
    check: CheckOption = False,
    allow_incompatible: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Write the schema of every kind of event from its struct.

    One that could not read what the file there describes is refused with its reasons; then nothing is written.

    Example: alphapanda schemas generate --check
    """
    from alphapanda.serialization.compatibility import incompatibilities
    from alphapanda.serialization.schema_files import read_schema_files
    from topics.schemas import FOLDER

    context, folder = Context.of(call, json=json), out or FOLDER
    kept = read_schema_files(folder)
    reasons: dict[str, list[Incompatibility]] = {}
    for one in kept:
        if one.committed is not None and not one.in_step and not allow_incompatible:
            reasons[one.kind] = incompatibilities(one.generated, [one.committed])
    refused = [kind for kind, why in reasons.items() if why]
    done = not check and not refused
    rows = [_row(one, folder, written=done and _write(one, folder), refused=one.kind in refused) for one in kept]
    context.output.table("schemas-generate", rows, COLUMNS, empty="There are no events.")
    for kind in refused:
        for why in reasons[kind]:
            context.output.say(f"{kind}: {why}")
    if refused:
        raise CheckFailedError(
            f"{', '.join(refused)} could not read what is in the log.",
            hint="Give new fields a default, keep old types; --allow-incompatible writes them all the same.",
        )
    behind = [one.kind.value for one in kept if not one.in_step]
    if check and behind:
        raise CheckFailedError(f"Not in step: {', '.join(behind)}.", hint="Run: alphapanda schemas generate")


def _write(kept: CommittedSchema, folder: Path) -> bool:
    from alphapanda.serialization.schema_files import write_schema

    if kept.in_step:
        return False
    try:
        write_schema(kept, folder)
    except OSError as error:
        raise AlphaPandaError(
            f"{folder} cannot be written to: {error.strerror}.", hint="Name another folder: --out FOLDER"
        ) from error
    return True


def _row(kept: CommittedSchema, folder: Path, *, written: bool, refused: bool) -> dict[str, object]:
    from topics.schemas import schema_file

    state = "refused" if refused else "written" if written else "in step" if kept.in_step else "behind"
    return {"event_type": kept.kind.value, "state": state, "file": str(schema_file(kept.kind, folder))}
