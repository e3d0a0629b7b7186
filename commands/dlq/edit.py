"""`alphapanda dlq edit`."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from alphapanda.errors import UsageError
from alphapanda.exit_codes import ExitCode
from alphapanda.operations.dead_letters.execute import ReplayPace
from alphapanda.operations.dead_letters.plan import ReplayOptions
from alphapanda.operations.dead_letters.replay import EditableDeadLetter, EditDeadLetter, EditedDeadLetter
from alphapanda.operations.dead_letters.republish import editable_text
from alphapanda.operations.dead_letters.summary import short
from commands.dlq._options import GroupOption, OneArgument, PatienceOption, SendOptions, with_option_groups
from commands.dlq._session import working
from commands.dlq.replay import execute, report_result
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column
from commands.shell.prompts import on_terminal

_COLUMNS = (Column("field", "FIELD"), Column("before", "BEFORE"), Column("after", "AFTER"))


@with_option_groups
def edit(
    call: typer.Context,
    which: OneArgument,
    act: SendOptions,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="Read the edited JSON from here; - is stdin. Default: $EDITOR."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Send it even if it is in doubt or stale.")] = False,
    group: GroupOption = "",
    patience: PatienceOption = 30.0,
    json: JsonOption = False,
) -> None:
    """Edit the event in one dead letter and send it again, with its id and the names of the changed fields.

    The edited JSON must be an event of its topic; its id, type, broker and key stay.

    Example: alphapanda dlq edit 4f0c2a
    """
    context = Context.of(call, json=json)
    if code := context.run(_edit(context, which, file, act, group, patience, force=force)):
        raise typer.Exit(code)


async def _edit(
    context: Context, which: str, file: Path | None, act: SendOptions, group: str, patience: float, *, force: bool
) -> ExitCode:
    async with working(context, changing=not act.dry_run) as service:
        use_case = EditDeadLetter(service)
        edited = _edited(context, await use_case.open(which), file)
        _show(context, edited)
        if act.dry_run:
            return ExitCode.OK
        # An edited record is another record: failed replays of the old one do not count against it.
        force_one = edited.original.id if force else ""
        options = ReplayOptions(group=group, force_one=force_one, max_replays=sys.maxsize)
        async with use_case.prepare(edited, options) as prepared:
            result = await execute(context, prepared, ReplayPace(patience_s=patience), act.confirmation)
    return report_result(context, result)


def _edited(context: Context, dead_letter: EditableDeadLetter, file: Path | None) -> EditedDeadLetter:
    if file is not None:
        return dead_letter.apply(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
    if not on_terminal(context):
        raise UsageError("There is no terminal to edit on.", hint="Give the edited JSON: --file FILE")
    context.deployment.prepare()
    draft = context.deployment.journals / f"dlq-edit-{dead_letter.item.id[:12]}.json"
    draft.write_text(editable_text(dead_letter.item.newest), encoding="utf-8")
    draft.chmod(0o600)
    while True:
        _open_editor(context, draft)
        try:
            edited = dead_letter.apply(draft.read_text(encoding="utf-8"))
        except UsageError as error:
            context.output.error(error.message, error.hint)
            context.output.stderr.write("Edit it again? [Y/n] ")
            context.output.stderr.flush()
            if sys.stdin.readline().strip().lower() in {"n", "no"}:
                raise UsageError(f"Nothing was sent; your draft is in {draft}.") from error
            continue
        draft.unlink()
        return edited


def _open_editor(context: Context, draft: Path) -> None:
    editor = context.environ.get("VISUAL") or context.environ.get("EDITOR") or "vi"
    try:
        ended = subprocess.run([*shlex.split(editor), os.fspath(draft)], check=False)  # noqa: S603 - the user's own
    except OSError as error:
        raise UsageError(
            f"The editor {editor!r} cannot be started: {error.strerror}.", hint="Set EDITOR."
        ) from error
    if ended.returncode:
        raise UsageError(f"The editor {editor!r} ended with {ended.returncode}: nothing was sent.")


def _show(context: Context, edited: EditedDeadLetter) -> None:
    changes, item = edited.differences, edited.original
    if context.output.as_json:
        raw = [{"field": one.field, "before": one.before, "after": one.after} for one in changes]
        context.output.document("dlq-edit", {"id": item.id, "target": item.target, "differences": raw})
    else:
        rows = [{"field": one.field, "before": _cell(one.before), "after": _cell(one.after)} for one in changes]
        context.output.lines(context.output.render(rows, _COLUMNS))


def _cell(value: object) -> str:
    return "-" if value is None else short(str(value), 50)
